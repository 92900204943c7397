/** The remote endpoints of a headless import: what records of peers come to, and who gets router ports. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { RecordEndpoint, ServiceRecord } from '../../../src/api/service-record.ts'
import { ENDPOINT_PORTS_PER_IMPORT } from '../../../src/exporter/limits.ts'
import { ListenPortLedger } from '../../../src/exporter/listen-port-ledger.ts'
import { endpointPortKeys, portsInTurn, remoteEndpoints } from '../../../src/exporter/remote-endpoints.ts'
import { mergeService } from '../../../src/exporter/service-merge.ts'
import { port, record } from '../../support/exporter-objects.ts'

const PORTS = [port(80, 'http'), port(81, 'admin')]

function merged(clusters: Readonly<Record<string, Partial<ServiceRecord>>>) {
  const found = mergeService(
    Object.entries(clusters).map(([cluster, change]) => ({
      cluster,
      record: record({ type: 'Headless', ports: PORTS, ...change }),
    })),
  )
  if (found === undefined) throw new Error('nothing merged')
  return found
}

const remote = (clusters: Readonly<Record<string, Partial<ServiceRecord>>>) =>
  remoteEndpoints(merged(clusters), 'west')

/** `cluster/id=ports`, in order. */
const summary = (clusters: Readonly<Record<string, Partial<ServiceRecord>>>) =>
  remote(clusters).map(
    ({ cluster, id, ports }) => `${cluster}/${id}=${ports.map((each) => each.port).join()}`,
  )

function pets(count: number): RecordEndpoint[] {
  return Array.from({ length: count }, (_, index) => ({ id: `web-${index}` }))
}

describe('remote endpoints', () => {
  test('are those of other clusters, in an order that is easy to read', () => {
    const endpoints = [{ id: 'web-10' }, { id: 'web-9' }]
    expect(summary({ east: { endpoints }, west: { endpoints: pets(3) } })).toEqual([
      'east/web-9=80,81',
      'east/web-10=80,81',
    ])
  })

  test('are none of an import with an address, nor of an exporter that has one', () => {
    expect(summary({ east: { type: 'ClusterSetIP', endpoints: pets(2) } })).toEqual([])
    const younger = { type: 'ClusterSetIP', exportedAt: '2026-06-01T00:00:00Z' } as const
    expect(summary({ east: { endpoints: pets(1) }, north: younger })).toEqual(['east/web-0=80,81'])
  })

  test('serve the ports that their record says, by the names that won', () => {
    const north = { ports: [port(79), port(81, 'other')], exportedAt: '2026-06-01T00:00:00Z' }
    const endpoints = [{ id: 'a', ports: [1] }, { id: 'b' }]
    const found = remote({ east: { endpoints: [] }, north: { ...north, endpoints } })
    expect(
      found.map(({ id, ports }) => [id, ports.map(({ name, port: number }) => `${name}:${number}`)]),
    ).toEqual([
      ['a', ['admin:81']],
      ['b', ['admin:81', ':79']],
    ])
  })

  test('that serve no port that can be carried are left out', () => {
    const ports = [{ ...port(80, 'http'), protocol: 'SCTP' as const }, port(81, 'admin')]
    const endpoints = [{ id: 'a', ports: [0] }, { id: 'b', ports: [] }, { id: 'c' }, { id: 'd', ports: [7] }]
    expect(summary({ east: { ports, endpoints } })).toEqual(['east/c=81'])
    expect(summary({ east: { ports: [], endpoints } })).toEqual([])
  })

  test('are each once, whatever a peer repeats', () => {
    const endpoints = [{ id: 'a' }, { id: 'a', hostname: 'b' }, { id: 'c', ports: [0, 0, 0] }]
    expect(summary({ east: { endpoints } })).toEqual(['east/a=80,81', 'east/c=80'])
  })

  test('are known by their host name, or by their id', () => {
    const endpoints = [{ id: '10-0-0-1', hostname: 'db', unready: true as const }, { id: 'db' }]
    expect(remote({ east: { endpoints } }).map(({ hostname, ready }) => [hostname, ready])).toEqual([
      ['db', true],
      ['db', false],
    ])
  })
})

describe('router ports', () => {
  /** `cluster/id/protocol/port` of those that get one. */
  function assigned(
    ledger: ListenPortLedger,
    clusters: Readonly<Record<string, number>>,
    change: Partial<ServiceRecord> = {},
  ): string[] {
    const records = Object.entries(clusters).map(
      ([cluster, count]) => [cluster, { ...change, endpoints: pets(count) }] as const,
    )
    const endpoints = remote(Object.fromEntries(records))
    return [...ledger.assign('demo/web', portsInTurn(endpoints, ledger.portsOf('demo/web'))).keys()]
  }

  const of = (cluster: string, keys: readonly string[]) => keys.filter((key) => key.startsWith(`${cluster}/`))

  test('are enough for 300 endpoints with three ports', () => {
    const ports = [...PORTS, port(82, 'metrics')]
    expect(assigned(new ListenPortLedger(), { east: 300 }, { ports })).toHaveLength(900)
  })

  test('are shared by the clusters, so that none takes the share of another, whoever came first', () => {
    const ledger = new ListenPortLedger()
    expect(assigned(ledger, { east: 1_024 })).toHaveLength(ENDPOINT_PORTS_PER_IMPORT)
    const both = assigned(ledger, { east: 1_024, north: 300 })
    expect([of('east', both).length, of('north', both).length]).toEqual([512, 512])
    const few = assigned(ledger, { east: 1_024, north: 3 })
    expect([of('east', few).length, of('north', few).length]).toEqual([ENDPOINT_PORTS_PER_IMPORT - 6, 6])
  })

  test('stay with the endpoints that have them when others come before them in order', () => {
    const ledger = new ListenPortLedger()
    const names = (prefix: string, count: number) =>
      remote({ east: { endpoints: pets(count).map(({ id }) => ({ id: `${prefix}${id}` })) } })
    const held = (endpoints: ReturnType<typeof remote>) =>
      ledger.assign('demo/web', portsInTurn(endpoints, ledger.portsOf('demo/web')))
    const before = held(names('zzz', 512))
    const after = held([...names('a', 512), ...names('zzz', 512)])
    expect(after).toEqual(before)
  })

  test('are no more than may be asked for, and an endpoint is not parted from its ports without need', () => {
    const counts = fc.dictionary(fc.constantFrom('east', 'north', 'south'), fc.integer({ min: 0, max: 600 }))
    fc.assert(
      fc.property(counts, (clusters) => {
        const records = Object.entries(clusters).map(
          ([cluster, count]) => [cluster, { endpoints: pets(count) }] as const,
        )
        const endpoints = records.length === 0 ? [] : remote(Object.fromEntries(records))
        const ports = portsInTurn(endpoints, new Map())
        expect(new Set(ports).size).toBe(ports.length)
        const all = endpoints.flatMap(endpointPortKeys)
        if (all.length <= ENDPOINT_PORTS_PER_IMPORT) expect(ports.toSorted()).toEqual(all.toSorted())
        else expect(ports.length).toBeGreaterThanOrEqual(ENDPOINT_PORTS_PER_IMPORT)
      }),
      { numRuns: 50 },
    )
  })
})
