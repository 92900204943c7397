/**
 * The frame of a workload controller: which keys a change concerns, and looking again after a while.
 */
import type { KubeObject } from '../../api/objects.ts'
import type { ResourceType } from '../../api/resources.ts'
import type { Cancel } from '../../core/clock.ts'
import type { Startable } from '../../core/lifecycle.ts'
import { Reconciler, type ReconcilerSource, source } from '../../kube/reconciler.ts'
import type { Store } from '../../kube/types.ts'
import { type ControllerDeps, keyOf } from './controller-deps.ts'
import { RECONCILE_WORKERS } from './limits.ts'
import { controllerOf } from './workloads.ts'

export interface WorkloadControllerConfig {
  readonly name: string
  readonly sources: readonly ReconcilerSource[]
  /** Does the work of one key. Answers in how many milliseconds to look again, if the stores will not say. */
  readonly reconcile: (key: string) => Promise<number | undefined>
  /** Frees what the controller holds. */
  readonly close: () => void
}

/** Runs `reconcile` for every key that changed. */
export class WorkloadController implements Startable {
  readonly #reconciler: Reconciler
  readonly #config: WorkloadControllerConfig
  readonly #clock: ControllerDeps['clock']
  readonly #later = new Map<string, Cancel>()

  constructor(deps: ControllerDeps, config: WorkloadControllerConfig) {
    const log = deps.log.child({ component: config.name })
    this.#config = config
    this.#clock = deps.clock
    this.#reconciler = new Reconciler(
      { clock: deps.clock, log },
      {
        concurrency: RECONCILE_WORKERS,
        sources: config.sources,
        reconcile: (key) => this.#reconcile(key),
      },
    )
  }

  start(): Promise<void> {
    return this.#reconciler.start()
  }

  async stop(): Promise<void> {
    for (const cancel of this.#later.values()) cancel()
    this.#later.clear()
    await this.#reconciler.stop()
    this.#config.close()
  }

  async #reconcile(key: string): Promise<void> {
    this.#later.get(key)?.()
    this.#later.delete(key)
    const again = await this.#config.reconcile(key)
    if (again === undefined) return
    const wake = () => {
      this.#later.delete(key)
      this.#reconciler.enqueue(key)
    }
    this.#later.set(key, this.#clock.after(again, wake))
  }
}

/** The objects themselves are the keys. */
export function ownKeys<T extends KubeObject>(store: Store<T>): ReconcilerSource {
  return source(store, (object) => [keyOf(object.metadata.namespace, object.metadata.name)])
}

/** A change of a dependent concerns the owner of kind `type`. */
export function ownerKeys<T extends KubeObject>(store: Store<T>, type: ResourceType): ReconcilerSource {
  return source(store, (object) => {
    const owner = controllerOf(object)
    return owner?.kind === type.kind ? [keyOf(object.metadata.namespace, owner.name)] : []
  })
}
