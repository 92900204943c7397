/**
 * Which clusters may carry new flows of a port now, best first, and their shares: readiness and reachability under the
 * policy's order; and of those that may not, why. Pure.
 */
import { type RankOf, rankBySelectors } from '../../api/cluster-selectors.ts'
import { clusterOrder, type OrderedTier, type TierRules, weightOf } from '../../api/cluster-tiers.ts'
import { TraceOrder, TraceRefusal } from '../../api/network-report.ts'
import { type ClusterExport, compareExports } from '../../api/service-record.ts'
import { type Standing, type StandingView, servesWhileTerminating, standings } from './cluster-standings.ts'
import type { ServiceTarget } from './service-target.ts'

/** What the choice among clusters looks at. */
export interface ClusterView extends StandingView {
  readonly traffic: TierRules
}

/** A cluster with endpoints, and its share of the flows that go to its tier. */
export interface ClusterShare {
  readonly cluster: string
  readonly ready: number
  /** Ready endpoints times the policy's weight, where the smallest weight of the tier counts as 1. */
  readonly weight: number
  /** Only while there is no other: its weight is 0, or its last backends terminate. */
  readonly standby: boolean
  /** Why its tier comes behind the first one. Absent: it is of the first one. */
  readonly behind?: TraceOrder
}

/** Clusters that are alike: flows go to the first tier with one that was not tried. */
export type ShareTier = readonly ClusterShare[]

/** A cluster that gets no new flows. */
export type RefusedCluster = Standing & { readonly refusal: TraceRefusal }

/** All clusters that tell of a service. */
export interface ClusterRanking {
  /** Last the own cluster when its only backends terminate. Empty when flows can go nowhere. */
  readonly tiers: readonly ShareTier[]
  readonly refused: readonly RefusedCluster[]
}

/** The clusters for new flows of one port, and those that are none. */
export function rankClusters(view: ClusterView, target: ServiceTarget): ClusterRanking {
  const { traffic, self } = view
  const all = standings(view, target)
  const rankOf = target.endpoint === undefined ? serviceRanks(view, target) : undefined
  const open = all.filter(({ refusal }) => refusal === undefined)
  const { tiers, excluded } = clusterOrder(traffic, self, open, rankOf)
  const shares = tiers.map((tier) => sharesOf(traffic, tier))
  const away = excluded.map((each) => ({ ...each, refusal: TraceRefusal.requireLocal }))
  const refused = [...all.filter(isRefused), ...away]
  if (!servesWhileTerminating(view, target)) return { tiers: shares, refused }
  return {
    tiers: [...shares, [terminating(self, shares.length > 0)]],
    refused: refused.filter(({ cluster }) => cluster !== self),
  }
}

/** The tiers of one port. */
export function clusterShares(view: ClusterView, target: ServiceTarget): readonly ShareTier[] {
  return rankClusters(view, target).tiers
}

function terminating(cluster: string, isBehind: boolean): ClusterShare {
  const share = { cluster, ready: 0, weight: 1, standby: true }
  return isBehind ? { ...share, behind: TraceOrder.terminating } : share
}

function isRefused(standing: Standing): standing is RefusedCluster {
  return standing.refusal !== undefined
}

/** By the selectors of the oldest export. */
function serviceRanks({ self, exporters }: ClusterView, { service }: ServiceTarget): RankOf | undefined {
  const { directory } = exporters
  let oldest: ClusterExport | undefined
  for (const cluster of exporters.exportersOf(service)) {
    const record = directory.get(cluster)?.records.get(service)
    if (record === undefined) continue
    const candidate = { cluster, record }
    if (oldest === undefined || compareExports(candidate, oldest) < 0) oldest = candidate
  }
  const propertiesOf = (cluster: string) => directory.get(cluster)?.facts?.properties
  return rankBySelectors(oldest?.record.clusterSelectors, propertiesOf, self)
}

/** All clusters of a tier have a weight, or none has. */
function sharesOf(traffic: TierRules, { clusters, behind }: OrderedTier<Standing>): ShareTier {
  const unit = Math.min(...clusters.map(({ cluster }) => weightOf(traffic, cluster)))
  return clusters.map(({ cluster, ready }) => ({
    cluster,
    ready,
    weight: unit === 0 ? ready : (ready * weightOf(traffic, cluster)) / unit,
    standby: unit === 0,
    ...(behind === undefined ? {} : { behind }),
  }))
}
