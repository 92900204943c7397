/**
 * Deployment -> ReplicaSets: one per template, scaled against each other until the newest carries all.
 */
import { Resource } from '../../api/resources.ts'
import type { Startable } from '../../core/lifecycle.ts'
import { isAlreadyExists } from '../../kube/errors.ts'
import { type ControllerDeps, refFromKey, refOf } from './controller-deps.ts'
import {
  draftReplicaSet,
  forgettable,
  type RevisionHistory,
  revisionHistory,
  revisionPatch,
  scaleAnnotations,
} from './deployment-revisions.ts'
import { type Scaling, scaleRollout } from './deployment-scale.ts'
import { deploymentStatus, progressDeadlineIn } from './deployment-status.ts'
import { OwnWrites } from './own-writes.ts'
import { writeStatus } from './status-write.ts'
import { ownerKeys, ownKeys, WorkloadController } from './workload-controller.ts'
import { type Deployment, isControlledBy, type ReplicaSet } from './workloads.ts'

/** Rolls each Deployment out. */
export function deploymentController(deps: ControllerDeps): Startable {
  const rollout = new Rollout(deps)
  const { stores, clock } = deps
  return new WorkloadController(deps, {
    name: 'deployment-controller',
    sources: [ownKeys(stores.deployments), ownerKeys(stores.replicaSets, Resource.deployment)],
    close: () => rollout.close(),
    async reconcile(key) {
      const deployment = stores.deployments.get(refFromKey(key))
      if (deployment === undefined || deployment.metadata.deletionTimestamp !== undefined) return undefined
      await rollout.step(deployment)
      const written = await rollout.report(deployment)
      return progressDeadlineIn(written ?? deployment, clock.now())
    },
  })
}

/** One step of a Deployment at a time; the change it makes brings the next step about. */
class Rollout {
  readonly #deps: ControllerDeps
  readonly #sets: OwnWrites<ReplicaSet>

  constructor(deps: ControllerDeps) {
    this.#deps = deps
    this.#sets = new OwnWrites(deps.stores.replicaSets, deps.clock)
  }

  close(): void {
    this.#sets.close()
  }

  async step(deployment: Deployment): Promise<void> {
    const history = revisionHistory(deployment, this.#setsOf(deployment))
    const target = history.current ?? draftReplicaSet(deployment, history.revision)
    const scaling = scaleRollout(deployment, target, history.old, (set) => this.#podsOf(set))
    if (history.current !== undefined) await this.#renumber(history.current, history.revision)
    else if (deployment.spec.paused !== true) await this.#create(target, scaling)
    await this.#scale(deployment, history, scaling)
    await this.#forget(deployment, history.old)
  }

  /** Writes revision and status as they follow from the sets after the step. */
  async report(deployment: Deployment): Promise<Deployment | undefined> {
    const { client, clock } = this.#deps
    const sets = this.#setsOf(deployment)
    const { current, revision } = revisionHistory(deployment, sets)
    const patch = current === undefined ? undefined : revisionPatch(deployment, revision)
    if (patch !== undefined) await client.patch(Resource.deployment, refOf(deployment), 'merge', patch)
    const status = deploymentStatus(deployment, current, sets, clock.now())
    return await writeStatus(client, Resource.deployment, deployment, status)
  }

  async #create(draft: ReplicaSet, scaling: Scaling): Promise<void> {
    const replicas = scaling.get(draft.metadata.name ?? '') ?? 0
    const set = { ...draft, spec: { ...draft.spec, replicas } }
    try {
      this.#sets.wrote(await this.#deps.client.create(Resource.replicaSet, set))
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
    }
  }

  /** A template that was rolled back to becomes the newest revision again. */
  async #renumber(set: ReplicaSet, revision: number): Promise<void> {
    const patch = revisionPatch(set, revision)
    if (patch === undefined) return
    this.#sets.wrote(await this.#deps.client.patch(Resource.replicaSet, refOf(set), 'merge', patch))
  }

  async #scale(deployment: Deployment, history: RevisionHistory, scaling: Scaling): Promise<void> {
    const present = history.current === undefined ? history.old : [history.current, ...history.old]
    for (const set of present) {
      const replicas = scaling.get(set.metadata.name ?? '')
      if (replicas === undefined) continue
      const patch = { metadata: { annotations: scaleAnnotations(deployment) }, spec: { replicas } }
      this.#sets.wrote(await this.#deps.client.patch(Resource.replicaSet, refOf(set), 'merge', patch))
    }
  }

  async #forget(deployment: Deployment, old: readonly ReplicaSet[]): Promise<void> {
    for (const set of forgettable(deployment, old)) {
      if (await this.#deps.client.delete(Resource.replicaSet, refOf(set))) this.#sets.deleted(set)
    }
  }

  #setsOf(deployment: Deployment): ReplicaSet[] {
    return this.#sets
      .list(deployment.metadata.namespace)
      .filter((set) => isControlledBy(set, deployment) && set.metadata.deletionTimestamp === undefined)
  }

  #podsOf(set: ReplicaSet): number {
    return this.#deps.stores.pods.list(set.metadata.namespace).filter((pod) => isControlledBy(pod, set))
      .length
  }
}
