import { describe, expect, test } from '@jest/globals'
import type { ServiceKey } from '../../../../src/api/names.ts'
import type { TraceRefusal } from '../../../../src/api/network-report.ts'
import type { Backend, RouteSnapshot } from '../../../../src/api/route-snapshot.ts'
import type { Directory, ServiceRecord } from '../../../../src/api/service-record.ts'
import { DEFAULT_TRAFFIC, Locality, ProxyProtocol } from '../../../../src/api/traffic-settings.ts'
import {
  type ClusterView,
  clusterShares,
  rankClusters,
} from '../../../../src/router/endpoints/cluster-shares.ts'
import { ExporterIndex } from '../../../../src/router/endpoints/exporter-index.ts'
import type { ServiceTarget } from '../../../../src/router/endpoints/service-target.ts'
import { directoryOf, ECHO, echoRecord } from '../../../support/routes.ts'

const target: ServiceTarget = { service: ECHO, protocol: 'TCP', port: 80 }

interface Situation {
  readonly name: string
  /** Own backends: ready, terminating and serving. */
  readonly own?: { readonly ready?: number; readonly serving?: number }
  /** Ready endpoints of other clusters. */
  readonly others?: Readonly<Record<string, number>>
  readonly unreachable?: readonly string[]
  /** Clusters whose policies let nobody of ours call. */
  readonly hidden?: readonly string[]
  readonly locality?: Locality
  readonly failover?: readonly string[]
  readonly weights?: Readonly<Record<string, number>>
  readonly target?: ServiceTarget
  /** `cluster*weight` each, tiers separated by `>`. */
  readonly tiers: string
}

const { any, failover, preferLocal, requireLocal } = Locality
const south = { south: 2 }
const both = { east: 1, south: 2 }

const readiness: readonly Situation[] = [
  { name: 'nobody exports it', tiers: '' },
  { name: 'one cluster exports it', others: { east: 3 }, tiers: 'east*3' },
  { name: 'its exporter has no ready endpoint', others: { east: 0 }, tiers: '' },
  { name: 'its exporter cannot be reached', others: { east: 1 }, unreachable: ['east'], tiers: '' },
  { name: 'one of two cannot be reached', others: both, unreachable: ['east'], tiers: 'south*2' },
  { name: 'one of two has no ready endpoint', others: { east: 0, south: 2 }, tiers: 'south*2' },
  { name: 'the policies of one let nobody call', others: both, hidden: ['east'], tiers: 'south*2' },
  { name: 'another port', others: both, target: { ...target, port: 81 }, tiers: '' },
  { name: 'another protocol', others: both, target: { ...target, protocol: 'SCTP' }, tiers: '' },
  { name: 'the own record comes back in the directory', others: { west: 1 }, tiers: '' },
  { name: 'own backends terminate and nobody else has any', own: { serving: 2 }, tiers: 'west*1!' },
  { name: 'own backends terminate', own: { serving: 2 }, others: { east: 1 }, tiers: 'east*1 > west*1!' },
  { name: 'own backends neither are ready nor answer', own: {}, others: { east: 1 }, tiers: 'east*1' },
]

const localities: readonly Situation[] = [
  {
    name: 'own and others',
    locality: preferLocal,
    own: { ready: 2 },
    others: both,
    tiers: 'west*2 > east*1 south*2',
  },
  { name: 'others only', locality: preferLocal, others: both, tiers: 'east*1 south*2' },
  { name: 'own only', locality: preferLocal, own: { ready: 1 }, tiers: 'west*1' },
  { name: 'own and others', locality: any, own: { ready: 2 }, others: both, tiers: 'west*2 east*1 south*2' },
  { name: 'others only', locality: any, others: both, tiers: 'east*1 south*2' },
  { name: 'own and others', locality: requireLocal, own: { ready: 2 }, others: both, tiers: 'west*2' },
  { name: 'others only', locality: requireLocal, others: both, tiers: '' },
  { name: 'own terminating', locality: requireLocal, own: { serving: 1 }, others: both, tiers: 'west*1!' },
  {
    name: 'own and others',
    locality: failover,
    failover: ['south', 'west'],
    own: { ready: 1 },
    others: { ...both, north: 1 },
    tiers: 'south*2 > west*1 > east*1 north*1',
  },
  {
    name: 'the first is unreachable',
    locality: failover,
    failover: ['south', 'west'],
    own: { ready: 1 },
    others: both,
    unreachable: ['south'],
    tiers: 'west*1 > east*1',
  },
  { name: 'of unknown clusters', locality: failover, failover: ['moon'], others: south, tiers: 'south*2' },
  { name: 'of nobody', locality: failover, own: { ready: 1 }, others: south, tiers: 'west*1 south*2' },
]

const weighted: readonly Situation[] = [
  { name: 'relative to endpoints', others: both, weights: { east: 3 }, tiers: 'east*3 south*2' },
  {
    name: 'the smallest counts as 1',
    others: both,
    weights: { east: 100, south: 300 },
    tiers: 'east*1 south*6',
  },
  { name: '0 is behind all others', others: both, weights: { east: 0 }, tiers: 'south*2 > east*1!' },
  { name: '0 for all', others: both, weights: { east: 0, south: 0 }, tiers: 'east*1! south*2!' },
  {
    name: '0 for the own',
    own: { ready: 1 },
    others: south,
    weights: { west: 0 },
    tiers: 'south*2 > west*1!',
  },
  {
    name: '0 in a failover order',
    locality: failover,
    failover: ['east', 'south'],
    others: both,
    weights: { east: 0 },
    tiers: 'south*2 > east*1!',
  },
  {
    name: '0 for the own, which must be taken',
    locality: requireLocal,
    own: { ready: 1 },
    others: both,
    weights: { west: 0 },
    tiers: 'west*1!',
  },
]

function backends({ ready = 0, serving = 0 }: NonNullable<Situation['own']>): Backend[] {
  const one = (isReady: boolean, isServing: boolean) => (_: unknown, index: number) => ({
    address: `10.0.0.${index}`,
    port: 1,
    ready: isReady,
    serving: isServing,
  })
  return [
    ...Array.from({ length: ready }, one(true, true)),
    ...Array.from({ length: serving }, one(false, true)),
    one(false, false)(undefined, 99),
  ]
}

function exportsOf({ own }: Situation): RouteSnapshot['exports'] {
  if (own === undefined) return new Map()
  const port = {
    protocol: 'TCP',
    port: 80,
    backends: backends(own),
    proxyProtocol: ProxyProtocol.none,
  } as const
  return new Map([[ECHO, [port]]])
}

function viewOf(situation: Situation): ClusterView {
  const { others = {}, unreachable = [], locality = preferLocal, weights = {} } = situation
  const traffic = {
    ...DEFAULT_TRAFFIC,
    locality,
    failover: situation.failover ?? [],
    weights: new Map(Object.entries(weights)),
  }
  return {
    self: 'west',
    exports: exportsOf(situation),
    exporters: new ExporterIndex(hiding(directoryOf(others), situation.hidden)),
    traffic,
    reachable: (cluster: string) => !unreachable.includes(cluster),
  }
}

function hiding(directory: Directory, hidden: readonly string[] = []): Directory {
  const hide = (records: ReadonlyMap<ServiceKey, ServiceRecord>) =>
    new Map([...records].map(([key, record]) => [key, { ...record, importers: ['north'] }]))
  return new Map(
    [...directory].map(([cluster, origin]) => [
      cluster,
      hidden.includes(cluster) ? { ...origin, records: hide(origin.records) } : origin,
    ]),
  )
}

const tiersOf = (situation: Situation) => tiersIn(viewOf(situation), situation.target)

function tiersIn(view: ClusterView, asked = target): string {
  return clusterShares(view, asked)
    .map((tier) =>
      tier.map(({ cluster, weight, standby }) => `${cluster}*${weight}${standby ? '!' : ''}`).join(' '),
    )
    .join(' > ')
}

describe('clusters a flow may go to', () => {
  test.each(readiness)('readiness: $name: $tiers', (situation) =>
    expect(tiersOf(situation)).toBe(situation.tiers),
  )
  test.each(localities)('$locality: $name: $tiers', (situation) =>
    expect(tiersOf(situation)).toBe(situation.tiers),
  )
  test.each(weighted)('weight: $name: $tiers', (situation) =>
    expect(tiersOf(situation)).toBe(situation.tiers),
  )
})

describe('clusters it does not go to', () => {
  const refused: readonly (readonly [Omit<Situation, 'tiers' | 'name'>, string])[] = [
    [{}, 'west NotExported'],
    [{ own: { ready: 1 }, others: both }, ''],
    [{ own: {}, others: south }, 'west NotReady'],
    [{ own: { serving: 1 }, others: south }, ''],
    [{ own: { ready: 1 }, others: { east: 0 } }, 'east NotReady'],
    [{ own: { ready: 1 }, others: both, unreachable: ['south'] }, 'south Unreachable (2)'],
    [{ own: { ready: 1 }, others: both, hidden: ['south'] }, 'south NotAllowed'],
    [{ own: { ready: 1 }, others: { east: 0 }, unreachable: ['east'] }, 'east Unreachable'],
    [
      { own: { ready: 1 }, others: south, target: { ...target, port: 81 } },
      'west PortMissing, south PortMissing',
    ],
    [
      { own: { ready: 1 }, others: both, locality: requireLocal },
      'east RequireLocal (1), south RequireLocal (2)',
    ],
    [{ own: { ready: 1 }, others: both, locality: failover, weights: { east: 0 } }, ''],
  ]

  test.each(refused)('%j: %s', (situation, expected) => {
    const ranking = rankClusters(viewOf({ ...situation, name: '', tiers: '' }), situation.target ?? target)
    const told = ranking.refused.map(({ cluster, refusal, ready }) =>
      ready === 0 ? `${cluster} ${refusal}` : `${cluster} ${refusal} (${ready})`,
    )
    expect(told.join(', ')).toBe(expected)
  })

  test.each([...readiness, ...localities, ...weighted])(
    'with those it goes to they are all that export it, each once: $name',
    (situation) => {
      const { tiers, refused: others } = rankClusters(viewOf(situation), situation.target ?? target)
      const all = [...tiers.flat(), ...others].map(({ cluster }) => cluster)
      expect(all.sort()).toEqual([...new Set(['west', ...Object.keys(situation.others ?? {})])].sort())
    },
  )
})

test.each<[Partial<Situation>, (string | undefined)[]]>([
  [{ own: { ready: 1 }, others: south }, [undefined, 'PreferLocal']],
  [
    { others: both, locality: failover, failover: ['south', 'east'], weights: { east: 0 } },
    [undefined, 'ZeroWeight'],
  ],
  [{ others: both, locality: failover, failover: ['south', 'east'] }, [undefined, 'Failover']],
  [{ own: { serving: 1 }, others: south }, [undefined, 'Terminating']],
  [{ own: { serving: 1 } }, [undefined]],
  [{ others: both, weights: { east: 0, south: 0 } }, [undefined]],
])('what puts each choice of %j behind the first is told', (situation, rules) => {
  const tiers = clusterShares(viewOf({ ...situation, name: '', tiers: '' }), target)
  expect(tiers.map(([first]) => first?.behind)).toEqual(rules)
})

describe('cluster selectors', () => {
  const selecting = (selectors: ServiceRecord['clusterSelectors'], exportedAt = '2026-01-01T00:00:00Z') => ({
    ...echoRecord(1),
    exportedAt,
    ...(selectors === undefined ? {} : { clusterSelectors: selectors }),
  })
  const origin = (cluster: string, region: string, record?: ServiceRecord) => ({
    cluster,
    epoch: 1,
    sequence: 1,
    records: new Map(record === undefined ? [] : [[ECHO, record] as const]),
    facts: { properties: { region } },
  })
  const same = [{ matchLabels: { region: '@SameAsImporter@' } }]
  const tiersFrom = (...origins: ReturnType<typeof origin>[]) =>
    tiersIn({
      self: 'west',
      exports: new Map(),
      exporters: new ExporterIndex(new Map(origins.map((each) => [each.cluster, each]))),
      traffic: DEFAULT_TRAFFIC,
      reachable: () => true,
    })

  test('put those first that they are true of, seen from the own cluster', () => {
    const near = origin('east', 'eu', selecting(same))
    const far = origin('south', 'us', selecting(same))
    expect(tiersFrom(origin('west', 'eu'), near, far)).toBe('east*1 > south*1')
    expect(tiersFrom(origin('west', 'us'), near, far)).toBe('south*1 > east*1')
    expect(tiersFrom(origin('west', 'asia'), near, far)).toBe('east*1 south*1')
  })

  test('are those of the oldest export', () => {
    const near = origin('east', 'eu', selecting(undefined, '2026-01-01T00:00:00Z'))
    const far = origin('south', 'us', selecting(same, '2026-01-02T00:00:00Z'))
    expect(tiersFrom(origin('west', 'us'), near, far)).toBe('east*1 south*1')
  })
})

describe('one endpoint of a headless Service', () => {
  const web0 = { ...target, endpoint: { cluster: 'east', id: 'web-0' } }

  /** East tells of these endpoints and of two ports, 79 and 80; south of a web-0 of its own. */
  function ranking(
    endpoints: ServiceRecord['endpoints'],
    asked: ServiceTarget = web0,
    change: Partial<ClusterView> = {},
  ): { readonly tiers: readonly (readonly string[])[]; readonly refusals: readonly TraceRefusal[] } {
    const ports = [79, 80].map((port) => ({
      name: `p${port}`,
      protocol: 'TCP' as const,
      port,
      readyEndpoints: 3,
    }))
    const record = { ...echoRecord(3), type: 'Headless' as const, ports }
    const state = (cluster: string, told: ServiceRecord['endpoints']) => ({
      cluster,
      epoch: 1,
      sequence: 1,
      records: new Map([[ECHO, told === undefined ? record : { ...record, endpoints: told }]]),
    })
    const directory = new Map([
      ['east', state('east', endpoints)],
      ['south', state('south', [{ id: 'web-0' }])],
    ])
    const view = {
      self: 'west',
      exports: new Map(),
      exporters: new ExporterIndex(directory),
      traffic: DEFAULT_TRAFFIC,
      reachable: () => true,
      ...change,
    }
    const { tiers: found, refused } = rankClusters(view, asked)
    return {
      tiers: found.map((tier) => tier.map(({ cluster, weight }) => `${cluster}*${weight}`)),
      refusals: refused.map(({ refusal }) => refusal),
    }
  }

  const tiers = (...args: Parameters<typeof ranking>) => ranking(...args).tiers

  test.each<[string, ServiceRecord['endpoints'], TraceRefusal[]]>([
    ['is in its own cluster only', [{ id: 'web-0' }, { id: 'web-1' }], []],
    ['is nowhere when the record has it no longer', [{ id: 'web-1' }], ['EndpointGone']],
    ['is nowhere when the record names no endpoints', undefined, ['EndpointGone']],
    ['is nowhere while it is not ready', [{ id: 'web-0', unready: true }], ['NotReady']],
    ['is nowhere when it does not serve the port', [{ id: 'web-0', ports: [0] }], ['PortMissing']],
    ['is there when it serves the port among others', [{ id: 'web-0', ports: [0, 1] }], []],
  ])('%s', (_, endpoints, refusals) =>
    expect(ranking(endpoints)).toEqual({ tiers: refusals.length === 0 ? [['east*1']] : [], refusals }),
  )

  test('is nowhere when its cluster exports the service no longer', () => {
    const north = { ...target, endpoint: { cluster: 'north', id: 'web-0' } }
    expect(ranking([], north)).toEqual({ tiers: [], refusals: ['NotExported'] })
    expect(ranking([], north, { reachable: () => false })).toEqual({ tiers: [], refusals: ['NotExported'] })
  })

  test('is nowhere while its cluster cannot be reached, and where flows stay at home', () => {
    const requireLocal = { ...DEFAULT_TRAFFIC, locality: Locality.requireLocal }
    expect(tiers([{ id: 'web-0' }], web0, { reachable: (cluster) => cluster !== 'east' })).toEqual([])
    expect(tiers([{ id: 'web-0' }], web0, { traffic: requireLocal })).toEqual([])
  })

  test('of the own cluster is a ready backend of that name', () => {
    const named = [
      { ...backends({ ready: 1 })[0], endpoint: 'web-0' },
      { ...backends({ serving: 1 })[0], endpoint: 'web-1' },
    ] as Backend[]
    const port = { protocol: 'TCP', port: 80, backends: named, proxyProtocol: ProxyProtocol.none } as const
    const own = { exports: new Map([[ECHO, [port]]]) }
    const ask = (id: string) => tiers([], { ...target, endpoint: { cluster: 'west', id } }, own)
    expect(['web-0', 'web-1', 'web-2'].map(ask)).toEqual([[['west*1']], [], []])
    const refusal = (id: string) =>
      ranking([], { ...target, endpoint: { cluster: 'west', id } }, own).refusals[0]
    expect(['web-0', 'web-1', 'web-2'].map(refusal)).toEqual([undefined, 'NotReady', 'EndpointGone'])
  })
})
