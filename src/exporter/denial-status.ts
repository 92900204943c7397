/**
 * What is added to the status of a ServicePolicy when routers have refused flows. Pure.
 */
import type { ServiceKey } from '../api/names.ts'
import type { PolicyDenial } from '../api/policy-denials.ts'
import type { PolicyRefusals, ServicePolicyStatus } from '../api/service-policy.ts'
import { ACCESS_STATUS_CLUSTERS } from './limits.ts'

/** Tells what is counted apart. */
export function denialKey({ policy, cluster, reason }: PolicyDenial): string {
  return `${policy} ${cluster} ${reason}`
}

/** By policy, what came since so much was reported of each. */
export function unreported(
  denials: readonly PolicyDenial[],
  reported: ReadonlyMap<string, number>,
): Map<ServiceKey, PolicyDenial[]> {
  const added = denials
    .map((denial) => ({ ...denial, count: denial.count - (reported.get(denialKey(denial)) ?? 0) }))
    .filter(({ count }) => count > 0)
  return Map.groupBy(added, ({ policy }) => policy)
}

/** The counted part of a status with more refusals in it: of the clusters that were refused last. */
export function countedStatus(
  before: Pick<ServicePolicyStatus, 'denied' | 'refusals'> | undefined,
  added: readonly PolicyDenial[],
  timeOf: (ms: number) => string,
): Required<Pick<ServicePolicyStatus, 'denied' | 'refusals'>> {
  const byCluster = new Map((before?.refusals ?? []).map((refusals) => [refusals.cluster, refusals]))
  let denied = before?.denied ?? 0
  for (const { cluster, reason, count, lastAt } of added.toSorted(
    (one, other) => one.lastAt - other.lastAt,
  )) {
    denied += count
    const known = byCluster.get(cluster)?.count ?? 0
    byCluster.set(cluster, { cluster, count: known + count, reason, lastTime: timeOf(lastAt) })
  }
  const latest = [...byCluster.values()].sort(byTime).slice(0, ACCESS_STATUS_CLUSTERS)
  return { denied, refusals: latest.sort((one, other) => (one.cluster < other.cluster ? -1 : 1)) }
}

function byTime(one: PolicyRefusals, other: PolicyRefusals): number {
  if (one.lastTime !== other.lastTime) return one.lastTime > other.lastTime ? -1 : 1
  return one.cluster < other.cluster ? -1 : 1
}
