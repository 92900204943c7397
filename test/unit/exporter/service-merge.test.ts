/** Rules of merging exports (numbers are those of the MCS checklist in docs). */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { portKey } from '../../../src/api/merged-ports.ts'
import type { ClusterExport, ServiceRecord } from '../../../src/api/service-record.ts'
import { conflictMessage, conflictReason } from '../../../src/exporter/conflicts.ts'
import {
  changedKeys,
  exportsOf,
  type MergedService,
  mergeService,
  visibleExports,
} from '../../../src/exporter/service-merge.ts'
import { directory, origin, port, record } from '../../support/exporter-objects.ts'

const OLD = '2026-01-01T00:00:00Z'
const YOUNG = '2026-02-01T00:00:00Z'

/** East is the older export. */
function merge(east: Partial<ServiceRecord>, west: Partial<ServiceRecord>): MergedService {
  const merged = mergeService([
    { cluster: 'west', record: record({ exportedAt: YOUNG, ...west }) },
    { cluster: 'east', record: record({ exportedAt: OLD, ...east }) },
  ])
  if (merged === undefined) throw new Error('nothing merged')
  return merged
}

const reasons = (merged: MergedService) => merged.conflicts.map((conflict) => conflict.reason)

describe('precedence', () => {
  test('rule 21: nothing is imported when nobody exports', () => {
    expect(mergeService([])).toBeUndefined()
  })

  test('rule 32: the oldest export wins', () => {
    expect(merge({ type: 'Headless' }, {}).type).toBe('Headless')
  })

  test('rule 32: of exports of the same second the first cluster id wins', () => {
    const merged = merge(
      { exportedAt: OLD, trafficDistribution: 'a' },
      { exportedAt: OLD, trafficDistribution: 'b' },
    )
    expect(merged.exporters.map(({ cluster }) => cluster)).toEqual(['east', 'west'])
    expect(merged.trafficDistribution).toBe('a')
  })

  test('rule 32: fractions of a second do not confuse the order', () => {
    expect(merge({ exportedAt: '2026-01-01T00:00:00.5Z' }, { exportedAt: OLD }).exporters[0]?.cluster).toBe(
      'west',
    )
  })

  test('an export whose time cannot be read never wins', () => {
    expect(merge({ exportedAt: 'long ago' }, {}).exporters[0]?.cluster).toBe('west')
  })
})

describe('rule 34: ports', () => {
  const ports = (east: ServiceRecord['ports'], west: ServiceRecord['ports']) =>
    merge({ ports: east }, { ports: west }).ports.map(({ name, port: number }) => `${name}:${number}`)

  test('the union of what both declare, the oldest first', () => {
    expect(ports([port(80, 'http')], [port(443, 'https'), port(80, 'http')])).toEqual([
      'http:80',
      'https:443',
    ])
  })

  test('of two ports with one name the older stays', () => {
    expect(ports([port(80, 'http')], [port(8080, 'http')])).toEqual(['http:80'])
  })

  test('no name counts as a name', () => {
    expect(ports([port(80)], [port(81)])).toEqual([':80'])
  })

  test('of two names for one port the older stays', () => {
    expect(ports([port(80, 'http')], [port(80, 'web')])).toEqual(['http:80'])
  })

  test('the same number with another protocol is another port', () => {
    expect(ports([port(53, 'dns')], [{ ...port(53, 'dns-udp'), protocol: 'UDP' }])).toEqual([
      'dns:53',
      'dns-udp:53',
    ])
  })

  test('appProtocol follows the winning port', () => {
    const merged = merge({ ports: [{ ...port(80, 'http'), appProtocol: 'h2c' }] }, {})
    expect(merged.ports[0]?.appProtocol).toBe('h2c')
    expect(reasons(merged)).toEqual(['PortConflict'])
  })

  test('sets that are not identical are a PortConflict', () => {
    expect(
      reasons(merge({ ports: [port(80, 'http')] }, { ports: [port(80, 'http'), port(81, 'b')] })),
    ).toEqual(['PortConflict'])
  })

  test('the order of ports and the number of endpoints are no conflict', () => {
    const east = [port(80, 'a', 3), port(81, 'b', 0)]
    expect(reasons(merge({ ports: east }, { ports: [port(81, 'b'), port(80, 'a')] }))).toEqual([])
  })
})

describe('rule 34: fields of which the oldest holds', () => {
  const affinity = (seconds: number) =>
    ({ sessionAffinity: 'ClientIP', sessionAffinityTimeoutSeconds: seconds }) as const

  test.each<[string, Partial<ServiceRecord>, Partial<ServiceRecord>]>([
    ['TypeConflict', { type: 'Headless' }, {}],
    ['SessionAffinityConflict', affinity(60), {}],
    ['SessionAffinityConfigConflict', affinity(60), affinity(90)],
    ['InternalTrafficPolicyConflict', { internalTrafficPolicy: 'Local' }, {}],
    ['TrafficDistributionConflict', { trafficDistribution: 'PreferClose' }, {}],
    ['LabelsConflict', { exportedLabels: { a: '1' } }, { exportedLabels: { a: '1', b: '2' } }],
    ['ClusterSelectorsConflict', { clusterSelectors: [{ matchLabels: { region: 'eu' } }] }, {}],
    ['AnnotationsConflict', { exportedAnnotations: { a: '1' } }, {}],
  ])('%s', (reason, east, west) => {
    const merged = merge(east, west)
    expect(reasons(merged)).toEqual([reason])
    expect(merged).toMatchObject(east)
    expect(merged.conflicts[0]).toMatchObject({ winner: 'east', losers: ['west'] })
  })

  test('labels are taken as a whole set, not key by key', () => {
    const merged = merge({ exportedLabels: { a: '1' } }, { exportedLabels: { b: '2' } })
    expect(merged.exportedLabels).toEqual({ a: '1' })
  })

  test('an internalTrafficPolicy that is not given is Cluster', () => {
    expect(reasons(merge({ internalTrafficPolicy: 'Cluster' }, {}))).toEqual([])
  })

  test('several conflicts are all reported, and say who wins over whom', () => {
    const { conflicts } = merge({ type: 'Headless' }, { ports: [] })
    expect(conflictReason(conflicts)).toBe('PortConflict,TypeConflict')
    expect(conflictMessage(conflicts, 2)).toContain(
      'type: the oldest export, of cluster east, wins over west (1 of 2 differ)',
    )
  })
})

describe('whatever is exported', () => {
  const anyPort = fc.record({
    name: fc.constantFrom('', 'a', 'b', 'c'),
    protocol: fc.constantFrom('TCP', 'UDP'),
    port: fc.integer({ min: 1, max: 4 }),
    readyEndpoints: fc.integer({ min: 0, max: 2 }),
  })
  const anyExport = fc.record({
    cluster: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    record: fc
      .record({
        exportedAt: fc.constantFrom(OLD, YOUNG),
        type: fc.constantFrom('ClusterSetIP', 'Headless'),
        ports: fc.array(anyPort, { maxLength: 4 }),
      })
      .map((fields) => record(fields)),
  })
  const anyExports = fc.uniqueArray(anyExport, { selector: ({ cluster }) => cluster, minLength: 1 })

  test('rule 33: the merge does not depend on the order in which exports are seen', () => {
    const shuffled = anyExports.chain((exports) =>
      fc.tuple(fc.constant(exports), fc.shuffledSubarray(exports, { minLength: exports.length })),
    )
    fc.assert(
      fc.property(shuffled, ([exports, other]) => expect(mergeService(other)).toEqual(mergeService(exports))),
    )
  })

  test('rule 34: no name and no (protocol, port) is there twice', () => {
    fc.assert(
      fc.property(anyExports, (exports) => {
        const ports = mergeService(exports)?.ports ?? []
        expect(new Set(ports.map(({ name }) => name)).size).toBe(ports.length)
        expect(new Set(ports.map(portKey)).size).toBe(ports.length)
      }),
    )
  })

  test('rule 33: an export that joins later and is younger takes no port from those before it', () => {
    fc.assert(
      fc.property(anyExports, anyExport, (exports, joining) => {
        const before = exports.filter(({ cluster }) => cluster !== joining.cluster)
        const late = {
          cluster: joining.cluster,
          record: { ...joining.record, exportedAt: '2027-01-01T00:00:00Z' },
        }
        const ports = (all: ClusterExport[]) => mergeService(all)?.ports ?? []
        expect(ports([...before, late]).slice(0, ports(before).length)).toEqual(ports(before))
      }),
    )
  })
})

describe('directories', () => {
  test('rule 9: only clusters with an export of their own contribute', () => {
    const found = exportsOf(directory(origin('east', [record()]), origin('west')), 'demo/web')
    expect(found.map(({ cluster }) => cluster)).toEqual(['east'])
  })

  test('a record that came, changed or went is a changed service, one that is equal is not', () => {
    const before = directory(
      origin('east', [record({ name: 'same' }), record({ name: 'gone' }), record({ name: 'new-port' })]),
    )
    const after = directory(
      origin('east', [record({ name: 'same' }), record({ name: 'new-port', ports: [] })]),
      origin('west', [record({ name: 'came' })]),
    )
    expect([...changedKeys(after, before)].sort()).toEqual(['demo/came', 'demo/gone', 'demo/new-port'])
  })
})

test('a cluster sees the exports that are not hidden from it, and its own', () => {
  const known = directory(
    origin('east', [record({ importers: ['north'] })]),
    origin('west', [record({ importers: [] })]),
    origin('south', [record()]),
  )
  const seenBy = (cluster: string) =>
    visibleExports(known, 'demo/web', cluster).map((exported) => exported.cluster)
  expect([seenBy('north'), seenBy('west'), seenBy('other')]).toEqual([
    ['east', 'south'],
    ['west', 'south'],
    ['south'],
  ])
})

test('who may import is no part of the import', () => {
  const merged = mergeService([{ cluster: 'east', record: record({ importers: ['west'] }) }])
  expect(merged).not.toHaveProperty('importers')
})
