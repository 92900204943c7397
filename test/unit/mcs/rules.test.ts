/**
 * The rules of the Multi-Cluster Services API (KEP-1645, KEP-2149), by the numbers of docs/mcs.md, on the pure functions.
 * Numbers that are missing here ask for nothing: 7, 17, 25, 27, 40, 42, 46, 47 and 49.
 */
import { describe, expect, test } from '@jest/globals'
import { findCondition } from '../../../src/api/conditions.ts'
import { portKey } from '../../../src/api/merged-ports.ts'
import type { EndpointSlice, Service } from '../../../src/api/objects.ts'
import type { ServiceRecord } from '../../../src/api/service-record.ts'
import { DEFAULT_TRAFFIC } from '../../../src/api/traffic-settings.ts'
import { checkedClusterId } from '../../../src/cli/install/membership.ts'
import { conflictMessage, conflictReason } from '../../../src/exporter/conflicts.ts'
import { derivedService } from '../../../src/exporter/derived-service.ts'
import { evaluateExport } from '../../../src/exporter/export-record.ts'
import { type ExportSituation, exportConditions, exportNotices } from '../../../src/exporter/export-status.ts'
import { importDefinition } from '../../../src/exporter/import-definition.ts'
import { importObject, importStatus } from '../../../src/exporter/import-object.ts'
import { importSlices } from '../../../src/exporter/import-slices.ts'
import { addressRequest, servedFamilies } from '../../../src/exporter/ip-families.ts'
import { carriedPorts } from '../../../src/exporter/listen-ports.ts'
import { importAspect } from '../../../src/exporter/owned-kinds.ts'
import { wantedImport } from '../../../src/exporter/remembered.ts'
import { type MergedService, mergeService } from '../../../src/exporter/service-merge.ts'
import { isClusterId } from '../../../src/pki/identity.ts'
import {
  directory,
  endpoint,
  OWNER,
  origin,
  port,
  record,
  service,
  serviceExport,
  slice,
} from '../../support/exporter-objects.ts'

const NOW = Date.UTC(2026, 5, 1)
const OLD = '2026-01-01T00:00:00Z'
const YOUNG = '2026-02-01T00:00:00Z'
const NOTHING = { import: undefined, slices: [] }
const ADDRESSED = service({ clusterIPs: ['10.96.7.7'], ipFamilies: ['IPv4'] })

/** What the exports of these clusters come to. */
function merged(clusters: Readonly<Record<string, Partial<ServiceRecord>>>): MergedService {
  const exports = Object.entries(clusters).map(([cluster, change]) => ({ cluster, record: record(change) }))
  const found = mergeService(exports)
  if (found === undefined) throw new Error('nothing merged')
  return found
}

/** Router ports 20000, 20001, ... for the ports that are carried. */
function listening(found: MergedService): Map<string, number> {
  return new Map(carriedPorts(found.ports).map((each, index) => [portKey(each), 20_000 + index]))
}

function derived(found: MergedService): Service | undefined {
  return derivedService(found, listening(found), OWNER)
}

/** The slices of the import in cluster west. */
function slicesOf(
  found: MergedService,
  local?: Service,
  stale: readonly string[] = [],
  routers: readonly string[] = ['10.244.0.5'],
  more: readonly EndpointSlice[] = [],
): EndpointSlice[] {
  return importSlices({
    merged: found,
    cluster: 'west',
    listenPorts: listening(found),
    local: { service: local, slices: local === undefined ? [] : [slice([endpoint('10.244.0.9')]), ...more] },
    traffic: DEFAULT_TRAFFIC,
    routers,
    owner: OWNER,
    stale: new Set(stale),
  })
}

/** `cluster family address` of each slice that kube-proxy goes by, sorted. */
function addressesOf(slices: readonly EndpointSlice[]): string[] {
  return slices
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] !== undefined)
    .map(({ metadata, addressType, endpoints }) => {
      const source = metadata.labels?.['multicluster.kubernetes.io/source-cluster']
      return `${source} ${addressType} ${endpoints.map(({ addresses }) => addresses[0]).join()}`
    })
    .sort()
}

function recordOf(subject: Service, exported = serviceExport()): ServiceRecord {
  const evaluation = evaluateExport(exported, subject, [])
  if (evaluation.state !== 'valid') throw new Error(JSON.stringify(evaluation))
  return evaluation.record
}

/** Conditions of the export of a Service in this situation, as `type=status reason`. */
function conditionsOf(subject: Service | undefined, situation: Partial<ExportSituation> = {}, name = 'web') {
  const exported = serviceExport({ metadata: { ...serviceExport().metadata, name } })
  const evaluation = evaluateExport(exported, subject, [])
  const valid = { published: true, conflicts: [], cluster: 'east', exporters: 1, without: [] }
  const whole = { evaluation, ...valid, ...situation }
  return exportConditions(exported, whole, NOW)
}
const summary = (conditions: ReturnType<typeof conditionsOf>) =>
  conditions.map(({ type, status, reason }) => `${type}=${status} ${reason}`)

const portKeyOf = ({ protocol, port }: { protocol?: string; port: number }) => `${protocol}/${port}`
const reasons = (found: MergedService) => found.conflicts.map(({ reason }) => reason)

describe('identity and sameness', () => {
  test('rules 1, 2 sameness: one namespace and name is one service, another namespace is another', () => {
    const east = origin('east', [record(), record({ namespace: 'other' })])
    const known = directory(east, origin('west', [record()]))
    const clusters = (key: 'demo/web' | 'other/web') =>
      wantedImport(known, key, NOTHING)?.merged.exporters.map(({ cluster }) => cluster)
    expect(clusters('demo/web')).toEqual(['east', 'west'])
    expect(clusters('other/web')).toEqual(['east'])
  })

  test.each([
    ['east', true],
    ['east-1', true],
    ['a'.repeat(63), true],
    ['a'.repeat(64), false],
    ['east.registry', false],
    ['East', false],
    ['-east', false],
    ['', false],
  ])('rules 3, 5 cluster id: one label of at most 63 characters, so %j is taken: %j', (id, taken) => {
    expect(isClusterId(id)).toBe(taken)
  })

  test('rule 3 cluster id: one of two labels is refused with an error that says what to do', () => {
    expect(() => checkedClusterId('east.registry')).toThrow(
      '"east.registry" cannot be a cluster id (lower-case letters, digits and dashes, at most 63): give --cluster-id',
    )
  })

  test('rules 4, 5 cluster id: what a cluster exports is known by the id it has', () => {
    const left = wantedImport(directory(origin('renamed', [record()])), 'demo/web', NOTHING)
    expect(left?.merged.exporters.map(({ cluster }) => cluster)).toEqual(['renamed'])
  })
})

describe('exporting', () => {
  test('rules 8, 9 own export: a Service that its own cluster does not export adds nothing', () => {
    const found = slicesOf(merged({ east: {} }), service())
    const sources = found.map(
      ({ metadata }) => metadata.labels?.['multicluster.kubernetes.io/source-cluster'],
    )
    expect(sources).toEqual(['east'])
  })

  test('rule 10 NoService: an export without a Service is not valid', () => {
    expect(summary(conditionsOf(undefined))).toEqual(['Valid=False NoService', 'Ready=False Pending'])
  })

  test('rule 10 NoService: it becomes valid with its Service', () => {
    expect(summary(conditionsOf(service()))[0]).toBe('Valid=True Valid')
  })

  test.each(['web.v2', 'a'.repeat(64)])(
    'rule 10 NoService: the export %j says that no Service can ever have its name',
    (name) => {
      const [valid] = conditionsOf(undefined, {}, name)
      expect(valid).toMatchObject({ status: 'False', reason: 'NoService' })
      expect(valid?.message).toContain('no Service can be called so')
    },
  )

  test('rule 11 ExternalName: is not valid, reason InvalidServiceType', () => {
    const external = service({ type: 'ExternalName', externalName: 'example.com' })
    expect(summary(conditionsOf(external))).toEqual(['Valid=False InvalidServiceType', 'Ready=False Pending'])
  })

  test.each(['ClusterIP', 'NodePort', 'LoadBalancer'] as const)(
    'rule 12 type: %s is ClusterSetIP',
    (type) => {
      expect(recordOf(service({ type })).type).toBe('ClusterSetIP')
    },
  )

  test('rule 13 type: cluster IP None is Headless', () => {
    expect(recordOf(service({ clusterIP: 'None' })).type).toBe('Headless')
  })

  test('rules 14, 24 local names: the derived Service has another name than the local one', () => {
    expect(derived(merged({ east: {} }))?.metadata.name).toMatch(/^derived-[0-9a-v]{10}$/)
  })

  test('rule 15 spec: ports, affinity and traffic settings are those of the Service', () => {
    const subject = service({
      ports: [{ name: 'http', port: 80, targetPort: 'web', appProtocol: 'kubernetes.io/h2c' }],
      sessionAffinity: 'ClientIP',
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } },
      internalTrafficPolicy: 'Local',
      trafficDistribution: 'PreferClose',
    })
    expect(recordOf(subject)).toMatchObject({
      ports: [{ name: 'http', protocol: 'TCP', port: 80, appProtocol: 'kubernetes.io/h2c' }],
      sessionAffinity: 'ClientIP',
      sessionAffinityTimeoutSeconds: 60,
      internalTrafficPolicy: 'Local',
      trafficDistribution: 'PreferClose',
    })
  })

  test('rule 16 metadata: only what the export names for export reaches the import', () => {
    const mine = { labels: { mine: 'no' }, annotations: { mine: 'no' } }
    const exported = serviceExport({
      metadata: { ...serviceExport().metadata, ...mine },
      spec: { exportedLabels: { team: 'a' }, exportedAnnotations: { note: 'b' } },
    })
    const { metadata } = importObject(merged({ east: recordOf(service({}, mine), exported) }), ADDRESSED)
    expect(metadata.labels).toEqual({ team: 'a' })
    expect(metadata.annotations).toMatchObject({ note: 'b' })
    expect(metadata.annotations).not.toHaveProperty('mine')
  })

  test('rule 18 conditions and events: a conflict is told in both, with its reason', () => {
    const { conflicts } = merged({
      east: { exportedAt: OLD },
      west: { exportedAt: YOUNG, ports: [port(81)] },
    })
    const after = conditionsOf(service(), { conflicts, exporters: 2 })
    expect(summary(after)[2]).toBe('Conflict=True PortConflict')
    expect(exportNotices(conditionsOf(service()), after)).toEqual([
      { type: 'Warning', reason: 'Conflict', note: expect.stringContaining('of cluster east') },
    ])
  })
})

describe('importing', () => {
  test('rule 19 everywhere: what is imported is the same in every cluster, the exporting one included', () => {
    const known = directory(origin('east', [record()]), origin('west'))
    expect(wantedImport(known, 'demo/web', NOTHING)?.merged.name).toBe('web')
  })

  test('rule 20 namespaces: an import is in the namespace of its exports and in no other', () => {
    expect(importObject(merged({ east: {} }), ADDRESSED).metadata).toMatchObject({
      namespace: 'demo',
      name: 'web',
    })
  })

  test('rule 21 life: there is an import while one export is left, and none after', () => {
    const both = directory(origin('east', [record()]), origin('west', [record()]))
    const one = directory(origin('east'), origin('west', [record()]))
    const none = directory(origin('east'), origin('west'))
    const wanted = [both, one, none].map((known) => wantedImport(known, 'demo/web', NOTHING))
    expect(wanted.map((each) => each?.merged.exporters.length)).toEqual([2, 1, undefined])
  })

  test('rule 22 ownership: a foreign edit of the spec is seen and undone, foreign labels stay', () => {
    const wanted = importObject(merged({ east: {} }), ADDRESSED)
    const edited = {
      ...wanted,
      metadata: { ...wanted.metadata, labels: { theirs: 'stays' } },
      spec: { ...wanted.spec, type: 'Headless' as const, ports: [] },
    }
    expect(importAspect.matches(edited, wanted)).toBe(false)
    const mended = importAspect.repair(edited, wanted)
    expect(mended.spec).toEqual(wanted.spec)
    expect(mended.metadata.labels).toEqual({ theirs: 'stays' })
  })

  test('rule 23 trouble: an import that cannot be served says so', () => {
    const { conditions } = importStatus(merged({ east: {} }), undefined, { metadata: {} }, NOW).status ?? {}
    expect(findCondition(conditions, 'Ready')).toMatchObject({ status: 'False', reason: 'Pending' })
  })
})

describe('the clusterset IP', () => {
  test('rule 26 address: it is that of the derived Service, whose slices reach every exporting cluster', () => {
    const found = merged({ east: {}, north: {} })
    expect(importObject(found, ADDRESSED).spec?.ips).toEqual(['10.96.7.7'])
    const sources = slicesOf(found).map(
      ({ metadata }) => metadata.labels?.['multicluster.kubernetes.io/source-cluster'],
    )
    expect(sources).toEqual(['east', 'north'])
  })

  test('rule 27 stable: the derived Service asks for the address that the import had', () => {
    const found = merged({ east: {} })
    expect(derivedService(found, listening(found), OWNER, { clusterIP: '10.96.7.7' })?.spec?.clusterIP).toBe(
      '10.96.7.7',
    )
  })

  test('rule 28 headless: no derived address, no ips', () => {
    const found = merged({ east: { type: 'Headless' } })
    expect(importObject(found, ADDRESSED).spec).not.toHaveProperty('ips')
  })

  test('rule 29 families: ips are in the order of ipFamilies, which are those of the derived Service', () => {
    const both = service({ clusterIPs: ['fd00::7', '10.96.7.7'], ipFamilies: ['IPv6', 'IPv4'] })
    expect(importObject(merged({ east: {} }), both).spec).toMatchObject({
      ips: ['fd00::7', '10.96.7.7'],
      ipFamilies: ['IPv6', 'IPv4'],
    })
  })

  const V4 = ['10.244.0.5']
  const BOTH = ['10.244.0.5', 'fd00::5']
  test.each<[string, ServiceRecord['ipFamilies'][], string[], string[], object]>([
    ['IPv4 alone', [['IPv4']], BOTH, [], { ipFamilies: ['IPv4'] }],
    [
      'both, where one export has both',
      [['IPv6', 'IPv4'], ['IPv4']],
      BOTH,
      [],
      { ipFamilies: ['IPv6'], ipFamilyPolicy: 'PreferDualStack' },
    ],
    [
      'both, where exports differ',
      [['IPv4'], ['IPv6']],
      BOTH,
      [],
      { ipFamilies: ['IPv4'], ipFamilyPolicy: 'PreferDualStack' },
    ],
    ['what the routers of the cluster have', [['IPv6']], V4, [], { ipFamilies: ['IPv4'] }],
    [
      'what it has already, and a second family when one comes',
      [['IPv4', 'IPv6']],
      BOTH,
      ['10.96.7.7'],
      { clusterIP: '10.96.7.7', ipFamilyPolicy: 'PreferDualStack' },
    ],
    [
      'both that it has, when the export of the second goes',
      [['IPv4']],
      BOTH,
      ['10.96.7.7', 'fd00::7'],
      { clusterIP: '10.96.7.7', clusterIPs: ['10.96.7.7', 'fd00::7'], ipFamilyPolicy: 'PreferDualStack' },
    ],
  ])('rules 27, 30 families: the derived Service asks for %s', (_what, exported, routers, kept, asked) => {
    const clusters = exported.map((ipFamilies, index) => [`c${index}`, { ipFamilies }])
    const { ipFamilies } = merged(Object.fromEntries(clusters))
    expect(addressRequest(servedFamilies(ipFamilies, routers), kept)).toEqual(asked)
  })

  test('rule 30 families: slices lead to the routers in each family of the import', () => {
    const found = merged({ east: { ipFamilies: ['IPv4', 'IPv6'] }, north: {} })
    expect(addressesOf(slicesOf(found, undefined, [], BOTH))).toEqual([
      'east IPv4 10.244.0.5',
      'east IPv6 fd00::5',
      'north IPv4 10.244.0.5',
      'north IPv6 fd00::5',
    ])
  })

  test('rule 30 families: local pods are mirrored in each family they have, and reached through routers in another', () => {
    const six = { ...slice([endpoint('fd00::9')], undefined, 'web-6'), addressType: 'IPv6' as const }
    const found = merged({ west: { ipFamilies: ['IPv4', 'IPv6'] } })
    const local = (ipFamilies: ('IPv4' | 'IPv6')[]) => service({ ipFamilies })
    expect(addressesOf(slicesOf(found, local(['IPv4', 'IPv6']), [], BOTH, [six]))).toEqual([
      'west IPv4 10.244.0.9',
      'west IPv6 fd00::9',
    ])
    expect(addressesOf(slicesOf(found, local(['IPv4']), [], BOTH, [six]))).toEqual([
      'west IPv4 10.244.0.9',
      'west IPv6 fd00::5',
    ])
  })

  test('rule 30 families: an address that no router serves is not Ready, and one of two is told', () => {
    const ready = (ipFamilies: ('IPv4' | 'IPv6')[]) => {
      const at = service({ clusterIPs: ['10.96.7.7', 'fd00::7'].slice(-ipFamilies.length), ipFamilies })
      const { status } = importStatus(merged({ east: {} }), at, { metadata: {} }, NOW, { routers: V4 })
      return findCondition(status?.conditions, 'Ready')
    }
    expect(ready(['IPv6'])).toMatchObject({ status: 'False', reason: 'IPFamilyNotSupported' })
    expect(ready(['IPv4', 'IPv6'])).toMatchObject({
      status: 'True',
      message: expect.stringContaining('no router of this cluster has an address of family IPv6'),
    })
  })
})

describe('conflicts', () => {
  const twoPorts = [port(80, 'http'), port(443, 'https')]
  const affinity = (seconds: number) =>
    ({ sessionAffinity: 'ClientIP', sessionAffinityTimeoutSeconds: seconds }) as const

  test('rule 31 everybody: the conflict is the same wherever it is looked at, and says who wins', () => {
    const found = merged({ east: { exportedAt: OLD }, west: { exportedAt: YOUNG, type: 'Headless' } })
    expect(conflictMessage(found.conflicts, 2)).toBe(
      'type: the oldest export, of cluster east, wins over west (1 of 2 differ)',
    )
  })

  test('rule 31 loser: the export that loses says so by a condition of its own, the winner does not', () => {
    const { conflicts } = merged({ east: { exportedAt: OLD }, west: { exportedAt: YOUNG, type: 'Headless' } })
    const [winner, loser] = ['east', 'west'].map((cluster) =>
      findCondition(conditionsOf(service(), { conflicts, cluster, exporters: 2 }), 'fairlead.dev/Overruled'),
    )
    expect(winner).toBeUndefined()
    expect(loser).toMatchObject({ status: 'True', reason: 'TypeConflict' })
  })

  test('rule 32 precedence: the oldest wins, and of equals the first cluster id', () => {
    const winner = (east: string, west: string) =>
      merged({ west: { exportedAt: west }, east: { exportedAt: east } }).exporters[0]?.cluster
    expect([winner(OLD, YOUNG), winner(YOUNG, OLD), winner(OLD, OLD)]).toEqual(['east', 'west', 'east'])
  })

  test('rule 33 no disturbance: a younger export with other values changes nothing that is there', () => {
    const alone = merged({ east: { exportedAt: OLD, ports: twoPorts } })
    const joined = merged({
      east: { exportedAt: OLD, ports: twoPorts },
      west: { exportedAt: YOUNG, ports: [port(8080, 'http')], type: 'Headless', ...affinity(9) },
    })
    expect(importObject(joined, ADDRESSED)).toEqual(importObject(alone, ADDRESSED))
  })

  test('rules 33, 35 history: what remains when the oldest leaves is what the others alone would give', () => {
    const known = directory(origin('west', [record({ type: 'Headless', exportedAt: YOUNG })]))
    expect(wantedImport(known, 'demo/web', NOTHING)?.merged.type).toBe('Headless')
  })

  test.each<[string, ServiceRecord['ports'], ServiceRecord['ports'], string[]]>([
    ['are united', [port(80, 'http')], [port(443, 'https')], ['http TCP/80', 'https TCP/443']],
    ['have each name once', [port(80, 'http')], [port(81, 'http')], ['http TCP/80']],
    ['have the empty name once', [port(80)], [port(81)], [' TCP/80']],
    ['have each number once', [port(80, 'a')], [port(80, 'b')], ['a TCP/80']],
    [
      'may have one number for two protocols',
      [port(53, 'tcp')],
      [{ ...port(53, 'udp'), protocol: 'UDP' }],
      ['tcp TCP/53', 'udp UDP/53'],
    ],
    [
      'drop a port whose name and number two older ones hold',
      twoPorts,
      [port(443, 'http')],
      ['http TCP/80', 'https TCP/443'],
    ],
  ])('rule 34 ports: %s', (_what, east, west, expected) => {
    const found = merged({ east: { exportedAt: OLD, ports: east }, west: { exportedAt: YOUNG, ports: west } })
    expect(found.ports.map((each) => `${each.name} ${portKey(each)}`)).toEqual(expected)
    expect(reasons(found)).toEqual(['PortConflict'])
  })

  test('rule 34 port traffic: a port leads only to the clusters that declare it', () => {
    const found = merged({ east: { ports: twoPorts }, north: { ports: [port(80, 'http')] } })
    const byCluster = slicesOf(found).map(({ metadata, ports }) => [
      metadata.labels?.['multicluster.kubernetes.io/source-cluster'],
      ports?.map(({ name }) => name).join(),
    ])
    expect(byCluster).toEqual([
      ['east', 'http,https'],
      ['north', 'http'],
    ])
  })

  test('rule 34 SCTP: such a port is in the import, not in the derived Service, and both sides are told', () => {
    const ports = [port(80, 'http'), { ...port(7, 'sig'), protocol: 'SCTP' as const }]
    const found = merged({ east: { ports } })
    expect(importObject(found, ADDRESSED).spec?.ports.map(portKeyOf)).toEqual(['TCP/80', 'SCTP/7'])
    expect(derived(found)?.spec?.ports?.map(portKeyOf)).toEqual(['TCP/80'])
    const { conditions } = importStatus(found, derived(found), { metadata: {} }, NOW).status ?? {}
    const exported = conditionsOf(
      service({ ports: ports.map(({ name, port, protocol }) => ({ name, port, protocol })) }),
    )
    for (const each of [conditions, exported])
      expect(findCondition(each, 'fairlead.dev/Forwarded')).toMatchObject({
        status: 'False',
        reason: 'ProtocolNotSupported',
        message: 'only TCP and UDP are forwarded, not SCTP/7',
      })
    expect(exportNotices([], exported).map(({ reason }) => reason)).toContain('ProtocolNotSupported')
  })

  test('rule 34 appProtocol: follows the winning port', () => {
    const h2c = [{ ...port(80, 'http'), appProtocol: 'kubernetes.io/h2c' }]
    const found = merged({ east: { exportedAt: YOUNG, ports: h2c }, west: { exportedAt: OLD } })
    expect(importObject(found, ADDRESSED).spec?.ports).toEqual([{ name: 'http', protocol: 'TCP', port: 80 }])
    expect(reasons(found)).toEqual(['PortConflict'])
  })

  test.each<[string, Partial<ServiceRecord>, Partial<ServiceRecord>]>([
    ['TypeConflict', { type: 'Headless' }, {}],
    ['SessionAffinityConflict', affinity(60), {}],
    ['SessionAffinityConfigConflict', affinity(60), affinity(90)],
    ['InternalTrafficPolicyConflict', { internalTrafficPolicy: 'Local' }, {}],
    ['TrafficDistributionConflict', { trafficDistribution: 'PreferClose' }, {}],
    ['LabelsConflict', { exportedLabels: { a: '1' } }, { exportedLabels: { a: '1', b: '2' } }],
    ['AnnotationsConflict', { exportedAnnotations: { a: '1' } }, { exportedAnnotations: { b: '2' } }],
  ])('rule 34 %s: the value of the oldest stands, whole', (reason, oldest, younger) => {
    for (const [east, west] of [
      [oldest, younger],
      [younger, oldest],
    ] as const) {
      const found = merged({ east: { exportedAt: OLD, ...east }, west: { exportedAt: YOUNG, ...west } })
      expect(reasons(found)).toEqual([reason])
      const alone = importObject(merged({ east: { exportedAt: OLD, ...east } }), ADDRESSED)
      expect(importObject(found, ADDRESSED)).toEqual(alone)
    }
  })

  test('rule 34 IPFamilyConflict: of headless exports, whose endpoints clients of one family do not reach', () => {
    const found = (type: ServiceRecord['type']) =>
      merged({
        east: { exportedAt: OLD, type, ipFamilies: ['IPv4'] },
        west: { exportedAt: YOUNG, type, ipFamilies: ['IPv4', 'IPv6'] },
      })
    expect(reasons(found('ClusterSetIP'))).toEqual([])
    const { conflicts } = found('Headless')
    expect(conflictReason(conflicts)).toBe('IPFamilyConflict')
    expect(conflictMessage(conflicts, 2)).toBe(
      'ipFamilies: the pods of cluster east and west (1 of 2 differ) have addresses of other families, and clients of one may not reach them all',
    )
    const told = conditionsOf(service(), { conflicts, cluster: 'west', exporters: 2 })
    expect(summary(told)).toContain('Conflict=True IPFamilyConflict')
    expect(findCondition(told, 'fairlead.dev/Overruled')).toBeUndefined()
  })

  test('rule 34 several: all reasons are given, joined by commas', () => {
    const found = merged({
      east: { exportedAt: OLD },
      west: { exportedAt: YOUNG, ports: twoPorts, type: 'Headless', exportedLabels: { a: 'b' } },
    })
    expect(conflictReason(found.conflicts)).toBe('PortConflict,TypeConflict,LabelsConflict')
  })

  test('rule 36 no other order: neither the local cluster nor the majority wins', () => {
    const younger = { exportedAt: YOUNG, type: 'Headless' } as const
    expect(merged({ west: younger, north: younger, east: { exportedAt: OLD } }).type).toBe('ClusterSetIP')
  })
})

describe('EndpointSlices', () => {
  test.each([
    ['v0.5.1', { endpointSliceObjects: { type: 'string' } }, 'Present'],
    ['v0.5.0', {}, undefined],
  ])(
    'rule 37 endpointSliceObjects: with the CRD of %s it is what that can hold',
    (_release, properties, stated) => {
      const schema = (status: object) => ({
        openAPIV3Schema: { properties: { status: { properties: status } } },
      })
      const versions = [
        { name: 'v1alpha1', schema: schema({}) },
        { name: 'v1beta1', schema: schema(properties) },
      ]
      const { statesSlices = false } = importDefinition({ metadata: {}, ...{ spec: { versions } } })
      const { status } = importStatus(merged({ east: {} }), ADDRESSED, { metadata: {} }, NOW, {
        statesSlices,
      })
      expect(status?.endpointSliceObjects).toBe(stated)
    },
  )

  test('rule 38 labels: both labels, our mark, endpoints of one cluster each', () => {
    for (const { metadata } of slicesOf(merged({ east: {}, west: {} }), service())) {
      expect(metadata.labels).toMatchObject({
        'multicluster.kubernetes.io/service-name': 'web',
        'multicluster.kubernetes.io/source-cluster': expect.stringMatching(/^(east|west)$/),
        'endpointslice.kubernetes.io/managed-by': 'fairlead.dev',
      })
    }
  })

  test('rule 39 unexport: a cluster that exports no longer has no slice', () => {
    const names = (found: MergedService) => slicesOf(found).map(({ metadata }) => metadata.name)
    expect(names(merged({ east: {} })).length).toBe(1)
    expect(names(merged({ north: {} }))).not.toContain(names(merged({ east: {} }))[0])
  })

  test('rule 41 stale cluster: its endpoints leave where others remain, and are kept where nothing would be left', () => {
    const carried = (found: MergedService, local?: Service) =>
      slicesOf(found, local, ['east']).map(
        ({ metadata, endpoints }) => `${metadata.name?.split('-')[2]} ${endpoints.length}`,
      )
    expect(carried(merged({ east: {}, north: {} }))).toEqual(['stale 0', 'active 1'])
    expect(carried(merged({ east: {} }))).toEqual(['active 1'])
    expect(carried(merged({ east: {}, north: { ports: [port(80, 'http', 0)] } }))).toEqual([
      'active 1',
      'unready 1',
    ])
    expect(carried(merged({ east: {}, west: {} }), service()).at(-1)).toBe('stale 0')
  })

  test('rule 41 stale cluster: the import names it, and no other import does', () => {
    const stale = { stale: new Set(['east']) }
    const [named, other] = [{ east: {}, north: {} }, { north: {} }].map((clusters) => {
      const { status } = importStatus(merged(clusters), ADDRESSED, { metadata: {} }, NOW, stale)
      return findCondition(status?.conditions, 'fairlead.dev/Stale')
    })
    expect(named).toMatchObject({
      status: 'True',
      reason: 'ClustersUnreachable',
      message: 'cannot be reached: east',
    })
    expect(other).toBeUndefined()
  })

  test('rule 41 lost cluster: what is absent from the directory is unknown, and stays', () => {
    const before = merged({ east: {} })
    const spec = importObject(before, ADDRESSED)
    const { status = {} } = importStatus(before, ADDRESSED, spec, NOW)
    const existing = { import: { ...spec, status }, slices: slicesOf(before) }
    expect(wantedImport(directory(), 'demo/web', existing)?.unknown).toEqual(['east'])
  })
})
