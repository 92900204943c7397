/**
 * The ReplicaSets of a Deployment as its history: revision numbers, the set of the present template, and what may be forgotten. Pure.
 */
import { Resource } from '../../api/resources.ts'
import { rolloutBounds } from './deployment-scale.ts'
import { DEFAULT_REVISION_HISTORY } from './limits.ts'
import { templateHash, WorkloadLabel, withLabel } from './pod-template.ts'
import { controllerReference, type Deployment, type ReplicaSet } from './workloads.ts'

const REVISION = 'deployment.kubernetes.io/revision'
const DESIRED_REPLICAS = 'deployment.kubernetes.io/desired-replicas'
const MAX_REPLICAS = 'deployment.kubernetes.io/max-replicas'
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

export interface RevisionHistory {
  /** The set made from the present template, if it was made already. */
  readonly current: ReplicaSet | undefined
  /** The other sets, oldest first. */
  readonly old: readonly ReplicaSet[]
  /** The number that the present template's set has or must get: always the highest. */
  readonly revision: number
}

/** Sorts the sets that a Deployment controls into its history. */
export function revisionHistory(deployment: Deployment, sets: readonly ReplicaSet[]): RevisionHistory {
  const hash = templateHash(deployment.spec.template)
  const current = sets.find((set) => set.metadata.labels?.[WorkloadLabel.podTemplateHash] === hash)
  const old = sets.filter((set) => set !== current).toSorted((a, b) => revisionOf(a) - revisionOf(b))
  const highestOld = Math.max(0, ...old.map(revisionOf))
  const own = current === undefined ? 0 : revisionOf(current)
  return { current, old, revision: own > highestOld ? own : highestOld + 1 }
}

/** The ReplicaSet for the present template, with no replicas yet. */
export function draftReplicaSet(deployment: Deployment, revision: number): ReplicaSet {
  const hash = templateHash(deployment.spec.template)
  const { name = '', namespace = 'default' } = deployment.metadata
  const selector = deployment.spec.selector
  return {
    metadata: {
      name: `${name}-${hash}`,
      namespace,
      labels: { ...deployment.spec.template.metadata?.labels, [WorkloadLabel.podTemplateHash]: hash },
      annotations: replicaSetAnnotations(deployment, revision),
      ownerReferences: [controllerReference(deployment, Resource.deployment)],
    },
    spec: {
      replicas: 0,
      ...(deployment.spec.minReadySeconds !== undefined && {
        minReadySeconds: deployment.spec.minReadySeconds,
      }),
      selector: {
        ...selector,
        matchLabels: { ...selector.matchLabels, [WorkloadLabel.podTemplateHash]: hash },
      },
      template: withLabel(deployment.spec.template, WorkloadLabel.podTemplateHash, hash),
    },
  }
}

/** Annotations of a set: the Deployment's own, its revision, and what `kubectl describe` shows of the rollout. */
export function replicaSetAnnotations(deployment: Deployment, revision: number): Record<string, string> {
  const { [LAST_APPLIED]: _applied, ...annotations } = deployment.metadata.annotations ?? {}
  return { ...annotations, ...scaleAnnotations(deployment), [REVISION]: String(revision) }
}

/** The numbers of the rollout a set was scaled in. */
export function scaleAnnotations(deployment: Deployment): Record<string, string> {
  const { replicas, maxTotal } = rolloutBounds(deployment)
  return { [DESIRED_REPLICAS]: String(replicas), [MAX_REPLICAS]: String(maxTotal) }
}

/** A patch that writes `revision` where another number stands; undefined when it is right. */
export function revisionPatch(object: Deployment | ReplicaSet, revision: number): object | undefined {
  if (revisionOf(object) === revision) return undefined
  return { metadata: { annotations: { [REVISION]: String(revision) } } }
}

/** Empty old sets beyond the history limit, oldest first. */
export function forgettable(deployment: Deployment, old: readonly ReplicaSet[]): readonly ReplicaSet[] {
  const limit = deployment.spec.revisionHistoryLimit ?? DEFAULT_REVISION_HISTORY
  const surplus = Math.max(0, old.length - limit)
  return old.slice(0, surplus).filter((set) => set.spec.replicas === 0 && (set.status?.replicas ?? 0) === 0)
}

function revisionOf(object: Deployment | ReplicaSet): number {
  return Number(object.metadata.annotations?.[REVISION] ?? 0) || 0
}
