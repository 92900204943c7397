/**
 * Creating and removing the Pods of one owner, and the view of them that includes what we just did.
 */
import type { KubeObject } from '../../api/objects.ts'
import { Resource } from '../../api/resources.ts'
import { isAlreadyExists } from '../../kube/errors.ts'
import { type ControllerDeps, refOf } from './controller-deps.ts'
import { OwnWrites } from './own-writes.ts'
import { isControlledBy, type WorkloadPod } from './workloads.ts'

/** The Pods a controller looks after. */
export class PodWrites {
  readonly #client: ControllerDeps['client']
  readonly #view: OwnWrites<WorkloadPod>

  constructor(deps: ControllerDeps) {
    this.#client = deps.client
    this.#view = new OwnWrites(deps.stores.pods, deps.clock)
  }

  /** Stops following the store. */
  close(): void {
    this.#view.close()
  }

  /** Every Pod that `owner` controls, those being deleted too. */
  of(owner: KubeObject): readonly WorkloadPod[] {
    return this.#view.list(owner.metadata.namespace).filter((pod) => isControlledBy(pod, owner))
  }

  /** Creates the Pods at once and fails with the first error when all have been tried. */
  async create(pods: readonly WorkloadPod[]): Promise<void> {
    await settleAll(pods.map((pod) => this.#create(pod)))
  }

  /** Deletes the Pods with their own grace, unless another Pod took the name meanwhile. */
  async remove(pods: readonly WorkloadPod[]): Promise<void> {
    await settleAll(pods.map((pod) => this.#remove(pod)))
  }

  /** A Pod of a fixed name that exists already is seen by the watch, or is another's and has to go first. */
  async #create(pod: WorkloadPod): Promise<void> {
    try {
      this.#view.wrote(await this.#client.create(Resource.pod, pod))
    } catch (error) {
      if (!isAlreadyExists(error) || pod.metadata.name === undefined) throw error
    }
  }

  async #remove(pod: WorkloadPod): Promise<void> {
    const { uid } = pod.metadata
    const found = await this.#client.delete(Resource.pod, refOf(pod), uid === undefined ? {} : { uid })
    if (found) this.#view.deleted(pod)
  }
}

async function settleAll(writes: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(writes)).find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}
