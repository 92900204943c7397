/**
 * What a Pod's status says about it: active, ready, available; and which Pod to remove first.
 */
import type { WorkloadPod } from './workloads.ts'

/** Neither finished nor being deleted: counts against the wanted replicas. */
export function isActive(pod: WorkloadPod): boolean {
  return !isFinished(pod) && pod.metadata.deletionTimestamp === undefined
}

/** Ran to its end; its name may still be taken. */
export function isFinished(pod: WorkloadPod): boolean {
  return pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded'
}

/** The Ready condition is True. */
export function isReady(pod: WorkloadPod): boolean {
  return readyCondition(pod)?.status === 'True'
}

/** Ready for at least `minReadySeconds`. */
export function isAvailable(pod: WorkloadPod, minReadySeconds: number, now: number): boolean {
  return isReady(pod) && availableIn(pod, minReadySeconds, now) === 0
}

/** Milliseconds until a ready pod counts as available; undefined while it is not ready. */
export function availableIn(pod: WorkloadPod, minReadySeconds: number, now: number): number | undefined {
  const condition = readyCondition(pod)
  if (condition?.status !== 'True') return undefined
  if (minReadySeconds <= 0) return 0
  const since = Date.parse(condition.lastTransitionTime ?? '')
  return Number.isNaN(since) ? minReadySeconds * 1000 : Math.max(0, since + minReadySeconds * 1000 - now)
}

/** Milliseconds until the next of `pods` becomes available; undefined when none is on its way. */
export function nextAvailableIn(
  pods: readonly WorkloadPod[],
  minReadySeconds: number,
  now: number,
): number | undefined {
  const waits = pods
    .map((pod) => availableIn(pod, minReadySeconds, now))
    .filter((wait): wait is number => wait !== undefined && wait > 0)
  return waits.length === 0 ? undefined : Math.min(...waits)
}

/** Order of removal when there are too many: unplaced, pending, not ready, cheap, restarted and young pods first. */
export function byDeletionPreference(left: WorkloadPod, right: WorkloadPod): number {
  const a = deletionRank(left)
  const b = deletionRank(right)
  const at = a.findIndex((rank, index) => rank !== b[index])
  return at === -1 ? nameOf(left).localeCompare(nameOf(right)) : (a[at] ?? 0) - (b[at] ?? 0)
}

const PHASE_RANK: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 }

/** Smaller is removed earlier; compared item by item. */
function deletionRank(pod: WorkloadPod): readonly number[] {
  const restarts = (pod.status?.containerStatuses ?? []).map((status) => status.restartCount ?? 0)
  return [
    pod.spec?.nodeName === undefined ? 0 : 1,
    PHASE_RANK[pod.status?.phase ?? 'Pending'] ?? 0,
    isReady(pod) ? 1 : 0,
    Number(pod.metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? 0) || 0,
    -Math.max(0, ...restarts),
    -(Date.parse(pod.metadata.creationTimestamp ?? '') || 0),
  ]
}

function readyCondition(pod: WorkloadPod) {
  return pod.status?.conditions?.find((condition) => condition.type === 'Ready')
}

function nameOf(pod: WorkloadPod): string {
  return pod.metadata.name ?? ''
}
