/**
 * The status of a Deployment, in the words that `kubectl rollout status` and `kubectl wait` look for. Pure.
 */
import { rolloutBounds } from './deployment-scale.ts'
import { DEFAULT_PROGRESS_DEADLINE_SECONDS } from './limits.ts'
import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from './workloads.ts'

type Verdict = Pick<DeploymentCondition, 'status' | 'reason' | 'message'>

/** The status that follows from the ReplicaSets; `now` in milliseconds since 1970. */
export function deploymentStatus(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  sets: readonly ReplicaSet[],
  now: number,
): DeploymentStatus {
  const total = sumOf(sets, 'replicas')
  const available = sumOf(sets, 'availableReplicas')
  const counts = {
    replicas: total,
    updatedReplicas: current?.status?.replicas ?? 0,
    readyReplicas: sumOf(sets, 'readyReplicas'),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, totalWanted(sets) - available),
  }
  return {
    observedGeneration: deployment.metadata.generation ?? 0,
    ...counts,
    conditions: [
      condition(deployment, 'Available', availability(deployment, available), now, false),
      condition(
        deployment,
        'Progressing',
        progress(deployment, counts, current, now),
        now,
        hasMoved(deployment.status, counts),
      ),
    ],
  }
}

/** Milliseconds until a rollout that stands still misses its deadline; undefined when none is running. */
export function progressDeadlineIn(deployment: Deployment, now: number): number | undefined {
  const progressing = conditionOf(deployment, 'Progressing')
  const done =
    progressing === undefined ||
    progressing.reason === 'NewReplicaSetAvailable' ||
    progressing.status === 'False'
  if (done || deployment.spec.paused === true) return undefined
  return Math.max(0, deadlineOf(deployment, progressing) - now)
}

function availability(deployment: Deployment, available: number): Verdict {
  return available >= rolloutBounds(deployment).minAvailable
    ? {
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
      }
    : {
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      }
}

type Counts = Required<Omit<DeploymentStatus, 'observedGeneration' | 'conditions'>>

function progress(
  deployment: Deployment,
  counts: Counts,
  current: ReplicaSet | undefined,
  now: number,
): Verdict {
  const name = current?.metadata.name ?? ''
  if (deployment.spec.paused === true)
    return { status: 'Unknown', reason: 'DeploymentPaused', message: 'Deployment is paused' }
  if (current !== undefined && isComplete(deployment, counts))
    return progressing('NewReplicaSetAvailable', `ReplicaSet "${name}" has successfully progressed.`)
  if (hasMissedDeadline(deployment, counts, now))
    return {
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
      message: `ReplicaSet "${name}" has timed out progressing.`,
    }
  if (current === undefined || counts.updatedReplicas === 0)
    return progressing('NewReplicaSetCreated', `Created new replica set "${name}"`)
  return progressing('ReplicaSetUpdated', `ReplicaSet "${name}" is progressing.`)
}

function progressing(reason: string, message: string): Verdict {
  return { status: 'True', reason, message }
}

function isComplete(deployment: Deployment, counts: Counts): boolean {
  const replicas = deployment.spec.replicas ?? 1
  return (
    counts.updatedReplicas === replicas &&
    counts.replicas === replicas &&
    counts.availableReplicas === replicas
  )
}

/** More updated, ready or available Pods than before, or fewer old ones. */
function hasMoved(before: DeploymentStatus | undefined, now: Counts): boolean {
  const old = (status: Partial<Counts>) => (status.replicas ?? 0) - (status.updatedReplicas ?? 0)
  return (
    now.updatedReplicas > (before?.updatedReplicas ?? 0) ||
    now.readyReplicas > (before?.readyReplicas ?? 0) ||
    now.availableReplicas > (before?.availableReplicas ?? 0) ||
    old(now) < old(before ?? {})
  )
}

function hasMissedDeadline(deployment: Deployment, counts: Counts, now: number): boolean {
  const last = conditionOf(deployment, 'Progressing')
  if (last === undefined || hasMoved(deployment.status, counts)) return false
  const newRollout = deployment.metadata.generation !== deployment.status?.observedGeneration
  if (newRollout || last.reason === 'NewReplicaSetAvailable') return false
  return last.reason === 'ProgressDeadlineExceeded' || deadlineOf(deployment, last) <= now
}

function deadlineOf(deployment: Deployment, last: DeploymentCondition): number {
  const seconds = deployment.spec.progressDeadlineSeconds ?? DEFAULT_PROGRESS_DEADLINE_SECONDS
  return Date.parse(last.lastUpdateTime) + seconds * 1000
}

/** Times change only with what they describe, so that an unchanged status writes nothing. */
function condition(
  deployment: Deployment,
  type: string,
  verdict: Verdict,
  now: number,
  moved: boolean,
): DeploymentCondition {
  const last = conditionOf(deployment, type)
  const time = `${new Date(now).toISOString().slice(0, 19)}Z`
  const same = last?.status === verdict.status && last.reason === verdict.reason
  return {
    type,
    ...verdict,
    lastUpdateTime: same && last !== undefined && !moved ? last.lastUpdateTime : time,
    lastTransitionTime: last !== undefined && last.status === verdict.status ? last.lastTransitionTime : time,
  }
}

function conditionOf(deployment: Deployment, type: string): DeploymentCondition | undefined {
  return deployment.status?.conditions?.find((candidate) => candidate.type === type)
}

function totalWanted(sets: readonly ReplicaSet[]): number {
  return sets.reduce((total, set) => total + (set.spec.replicas ?? 1), 0)
}

function sumOf(
  sets: readonly ReplicaSet[],
  field: 'replicas' | 'readyReplicas' | 'availableReplicas',
): number {
  return sets.reduce((total, set) => total + (set.status?.[field] ?? 0), 0)
}
