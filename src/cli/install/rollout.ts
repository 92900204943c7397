/**
 * Workloads: whether what was applied is what runs.
 */
import type { KubeObject, ObjectMeta } from '../../api/objects.ts'
import { Resource } from '../../api/resources.ts'
import type { KubeClient } from '../../kube/types.ts'
import { waitFor } from '../wait.ts'

/** The part of a Deployment that tells its progress. */
export interface Deployment extends KubeObject {
  readonly spec?: { readonly replicas?: number }
  readonly status?: {
    readonly observedGeneration?: number
    readonly replicas?: number
    readonly updatedReplicas?: number
    readonly readyReplicas?: number
    readonly availableReplicas?: number
  }
}

/** Whether every pod is of the present template and available. */
export function isRolledOut({ metadata, spec, status = {} }: Deployment): boolean {
  const wanted = spec?.replicas ?? 1
  const { observedGeneration = 0, replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status
  const seen = observedGeneration >= (metadata.generation ?? 0)
  return seen && updatedReplicas >= wanted && replicas <= updatedReplicas && availableReplicas >= wanted
}

/** Resolves when the Deployment is rolled out. */
export async function rolledOut(client: KubeClient, metadata: ObjectMeta, timeoutMs: number): Promise<void> {
  const { name = '', namespace = '' } = metadata
  await waitFor(`the rollout of ${name}`, timeoutMs, async () => {
    const deployment = await client.get<Deployment>(Resource.deployment, { namespace, name })
    return deployment !== undefined && isRolledOut(deployment) ? deployment : undefined
  })
}

/** The part of a DaemonSet that tells its progress. */
export interface DaemonSet extends KubeObject {
  readonly status?: {
    readonly observedGeneration?: number
    readonly desiredNumberScheduled?: number
    readonly updatedNumberScheduled?: number
    readonly numberReady?: number
    readonly numberAvailable?: number
  }
}

/** Whether a pod of the present template is available on every node. */
export function isOnEveryNode({ metadata, status = {} }: DaemonSet): boolean {
  const {
    observedGeneration = 0,
    desiredNumberScheduled = 0,
    updatedNumberScheduled = 0,
    numberAvailable = 0,
  } = status
  const seen = observedGeneration >= (metadata.generation ?? 0) && desiredNumberScheduled > 0
  return seen && updatedNumberScheduled >= desiredNumberScheduled && numberAvailable >= desiredNumberScheduled
}

/** Resolves when the DaemonSet runs on every node. */
export async function onEveryNode(
  client: KubeClient,
  metadata: ObjectMeta,
  timeoutMs: number,
): Promise<void> {
  const { name = '', namespace = '' } = metadata
  await waitFor(`${name} on every node`, timeoutMs, async () => {
    const found = await client.get<DaemonSet>(Resource.daemonSet, { namespace, name })
    return found !== undefined && isOnEveryNode(found) ? found : undefined
  })
}
