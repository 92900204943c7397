import { describe, expect, test } from '@jest/globals'
import type { Backend, RouteSnapshot } from '../../../../src/api/route-snapshot.ts'
import { DEFAULT_TRAFFIC, Locality, ProxyProtocol } from '../../../../src/api/traffic-settings.ts'
import { clusterShares } from '../../../../src/router/endpoints/cluster-shares.ts'
import { ExporterIndex } from '../../../../src/router/endpoints/exporter-index.ts'
import type { ServiceTarget } from '../../../../src/router/endpoints/service-target.ts'
import { directoryOf, ECHO } from '../../../support/routes.ts'

const target: ServiceTarget = { service: ECHO, protocol: 'TCP', port: 80 }

interface Situation {
  readonly name: string
  /** Own backends: ready, terminating and serving. */
  readonly own?: { readonly ready?: number; readonly serving?: number }
  /** Ready endpoints of other clusters. */
  readonly others?: Readonly<Record<string, number>>
  readonly unreachable?: readonly string[]
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

function tiersOf(situation: Situation): string {
  const { others = {}, unreachable = [], locality = preferLocal, weights = {} } = situation
  const traffic = {
    ...DEFAULT_TRAFFIC,
    locality,
    failover: situation.failover ?? [],
    weights: new Map(Object.entries(weights)),
  }
  const view = {
    self: 'west',
    exports: exportsOf(situation),
    exporters: new ExporterIndex(directoryOf(others)),
    traffic,
    reachable: (cluster: string) => !unreachable.includes(cluster),
  }
  return clusterShares(view, situation.target ?? target)
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
