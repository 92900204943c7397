/**
 * In what order clusters may carry new flows of a service: the rules of locality and weights. Pure. Routers choose by
 * it, and the controller makes slices and policy status by it.
 */
import type { RankOf } from './cluster-selectors.ts'
import { Locality, type TrafficSettings } from './traffic-settings.ts'

/** What the rules look at. */
export type TierRules = Pick<TrafficSettings, 'locality' | 'failover' | 'weights'>

/**
 * `ready`, clusters with ready endpoints, in groups: new flows go to the first group, to the next when nothing in it
 * can be had. Better ranks of the service's selectors come first, and the policy decides inside a rank. Clusters of weight 0 come behind all others; RequireLocal leaves the own cluster only. Groups are not empty.
 */
export function clusterTiers<T extends { readonly cluster: string }>(
  rules: TierRules,
  self: string,
  ready: readonly T[],
  rankOf: RankOf = () => 0,
): T[][] {
  const allowed =
    rules.locality === Locality.requireLocal ? ready.filter(({ cluster }) => cluster === self) : ready
  const weighted = allowed.filter(({ cluster }) => weightOf(rules, cluster) > 0)
  const unweighted = allowed.filter(({ cluster }) => weightOf(rules, cluster) === 0)
  return [
    ...byRank(weighted, rankOf).flatMap((alike) => byLocality(rules, self, alike)),
    ...byRank(unweighted, rankOf),
  ].filter((tier) => tier.length > 0)
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
