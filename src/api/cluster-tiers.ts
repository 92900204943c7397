/**
 * In what order clusters may carry new flows of a service: the rules of locality and weights. Pure. Routers choose by
 * it, and the controller makes slices and policy status by it.
 */
import type { RankOf } from './cluster-selectors.ts'
import { Locality, type TrafficSettings } from './traffic-settings.ts'

/** What the rules look at. */
export type TierRules = Pick<TrafficSettings, 'locality' | 'failover' | 'weights'>

/** Why a group comes behind the first one. */
export const TierRule = {
  /** Those of better ranks by the service's selectors come first. */
  selectors: 'ClusterSelectors',
  /** The policy's weight of its clusters is 0. */
  weight: 'ZeroWeight',
  preferLocal: Locality.preferLocal,
  failover: Locality.failover,
} as const
export type TierRule = (typeof TierRule)[keyof typeof TierRule]

/** Clusters that are alike. */
export interface OrderedTier<T> {
  readonly clusters: readonly T[]
  /** Absent: it is the first one. */
  readonly behind?: TierRule
}

export interface ClusterOrder<T> {
  /** New flows go to the first one, to the next when nothing in it can be had. None is empty. */
  readonly tiers: readonly OrderedTier<T>[]
  /** Never taken: flows stay in the own cluster. */
  readonly excluded: readonly T[]
}

/**
 * The order of `ready`, clusters with ready endpoints, with the rule that each place in it comes from. Better ranks of
 * the service's selectors come first, and the policy decides inside a rank. Clusters of weight 0 come behind all others;
 * RequireLocal leaves the own cluster only.
 */
export function clusterOrder<T extends { readonly cluster: string }>(
  rules: TierRules,
  self: string,
  ready: readonly T[],
  rankOf: RankOf = () => 0,
): ClusterOrder<T> {
  const isAllowed = ({ cluster }: T) => rules.locality !== Locality.requireLocal || cluster === self
  const allowed = ready.filter(isAllowed)
  const weighted = allowed.filter(({ cluster }) => weightOf(rules, cluster) > 0)
  const unweighted = allowed.filter(({ cluster }) => weightOf(rules, cluster) === 0)
  const lastRule = weighted.length > 0 ? TierRule.weight : TierRule.selectors
  const tiers = [
    ...byRank(weighted, rankOf).flatMap((alike, rank) =>
      byLocality(rules, self, alike).map((clusters) => ({ clusters, behind: ruleOf(rules, rank) })),
    ),
    ...byRank(unweighted, rankOf).map((clusters) => ({ clusters, behind: lastRule })),
  ]
  return {
    tiers: tiers
      .filter(({ clusters }) => clusters.length > 0)
      .map((tier, index) => (index === 0 ? { clusters: tier.clusters } : tier)),
    excluded: ready.filter((each) => !isAllowed(each)),
  }
}

/** The groups of `clusterOrder`. */
export function clusterTiers<T extends { readonly cluster: string }>(
  ...args: Parameters<typeof clusterOrder<T>>
): (readonly T[])[] {
  return clusterOrder(...args).tiers.map(({ clusters }) => clusters)
}

/** What puts a group of weighted clusters behind the first one: in the first rank there is only the policy. */
function ruleOf({ locality }: TierRules, rank: number): TierRule {
  if (rank > 0) return TierRule.selectors
  return locality === Locality.failover ? TierRule.failover : TierRule.preferLocal
}

/** Those of the best rank first. */
function byRank<T extends { readonly cluster: string }>(clusters: readonly T[], rankOf: RankOf): T[][] {
  const ranks = new Map<number, T[]>()
  for (const each of clusters) {
    const rank = rankOf(each.cluster)
    ranks.set(rank, [...(ranks.get(rank) ?? []), each])
  }
  return [...ranks].sort(([left], [right]) => left - right).map(([, alike]) => alike)
}

/** Share of a cluster's ready endpoints in new flows; 1 unless the policy says otherwise. */
export function weightOf({ weights }: Pick<TierRules, 'weights'>, cluster: string): number {
  return weights.get(cluster) ?? 1
}

function byLocality<T extends { readonly cluster: string }>(
  { locality, failover }: TierRules,
  self: string,
  ready: readonly T[],
): T[][] {
  switch (locality) {
    case Locality.any:
    case Locality.requireLocal:
      return [[...ready]]
    case Locality.failover:
      return inOrder(failover, ready)
    case Locality.preferLocal:
      return inOrder([self], ready)
  }
}

/** Each of `order` for itself, then the others together. */
function inOrder<T extends { readonly cluster: string }>(
  order: readonly string[],
  ready: readonly T[],
): T[][] {
  const named = order.map((name) => ready.filter(({ cluster }) => cluster === name))
  return [...named, ready.filter(({ cluster }) => !order.includes(cluster))]
}
