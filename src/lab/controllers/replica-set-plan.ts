/**
 * What one ReplicaSet needs: how many Pods to make, which to remove, and its status. Pure.
 */
import { MAX_POD_WRITES_PER_PASS } from './limits.ts'
import { byDeletionPreference, isActive, isAvailable, isReady } from './pod-state.ts'
import type { ReplicaSet, ReplicaSetStatus, WorkloadPod } from './workloads.ts'

export interface ReplicaSetPlan {
  readonly create: number
  readonly remove: readonly WorkloadPod[]
  readonly status: ReplicaSetStatus
}

/** `pods` are those the ReplicaSet controls. */
export function planReplicaSet(set: ReplicaSet, pods: readonly WorkloadPod[], now: number): ReplicaSetPlan {
  const active = pods.filter(isActive)
  const missing = (set.spec.replicas ?? 1) - active.length
  const surplus = Math.min(Math.max(0, -missing), MAX_POD_WRITES_PER_PASS)
  return {
    create: Math.min(Math.max(0, missing), MAX_POD_WRITES_PER_PASS),
    remove: active.toSorted(byDeletionPreference).slice(0, surplus),
    status: replicaSetStatus(set, active, now),
  }
}

function replicaSetStatus(set: ReplicaSet, active: readonly WorkloadPod[], now: number): ReplicaSetStatus {
  const wanted = Object.entries(set.spec.template.metadata?.labels ?? {})
  const minReady = set.spec.minReadySeconds ?? 0
  return {
    replicas: active.length,
    fullyLabeledReplicas: active.filter((pod) =>
      wanted.every(([key, value]) => pod.metadata.labels?.[key] === value),
    ).length,
    readyReplicas: active.filter(isReady).length,
    availableReplicas: active.filter((pod) => isAvailable(pod, minReady, now)).length,
    observedGeneration: set.metadata.generation ?? 0,
  }
}
