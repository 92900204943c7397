/**
 * A store that keeps itself equal to what an API server has of one resource.
 */
import type { KubeObject } from '../api/objects.ts'
import type { ResourceType } from '../api/resources.ts'
import { describeError } from '../core/errors.ts'
import type { Startable } from '../core/lifecycle.ts'
import { noKubeMetrics } from './kube-metrics.ts'
import { ListWatch, type ListWatchConfig, type ListWatchDeps } from './list-watch.ts'
import { type IndexFunctions, ObjectStore } from './store.ts'
import type { ObjectRef, Store, StoreEvent } from './types.ts'

export type ReflectorDeps = ListWatchDeps

export interface ReflectorConfig<T> extends ListWatchConfig<T> {
  /** For `byIndex`. */
  readonly indexes?: IndexFunctions<T>
}

/** A store that fills itself once started, until stopped. */
export type Reflected<T extends KubeObject> = Store<T> & Startable

/** Watches one resource. `start` returns at once; wait for `whenSynced` where a complete picture is needed. */
export function reflect<T extends KubeObject>(
  deps: ReflectorDeps,
  type: ResourceType,
  config: ReflectorConfig<T> = {},
): Reflected<T> {
  return new Reflector<T>(deps, type, config)
}

class Reflector<T extends KubeObject> implements Store<T>, Startable {
  readonly #deps: ReflectorDeps
  readonly #type: ResourceType
  readonly #store: ObjectStore<T>
  readonly #source: ListWatch<T>

  constructor(deps: ReflectorDeps, type: ResourceType, config: ReflectorConfig<T>) {
    this.#deps = deps
    this.#type = type
    this.#store = new ObjectStore(config.indexes ?? {}, (error) => this.#handlerFailed(error))
    this.#source = new ListWatch(deps, type, config, this.#store)
  }

  get synced(): boolean {
    return this.#store.synced
  }

  whenSynced(signal?: AbortSignal): Promise<void> {
    return this.#store.whenSynced(signal)
  }

  get(ref: ObjectRef): T | undefined {
    return this.#store.get(ref)
  }

  list(namespace?: string): readonly T[] {
    return this.#store.list(namespace)
  }

  byIndex(index: string, value: string): readonly T[] {
    return this.#store.byIndex(index, value)
  }

  subscribe(listener: (event: StoreEvent<T>) => void): () => void {
    return this.#store.subscribe(listener)
  }

  start(): Promise<void> {
    return this.#source.start()
  }

  stop(): Promise<void> {
    return this.#source.stop()
  }

  #handlerFailed(error: unknown): void {
    const { log, metrics = noKubeMetrics } = this.#deps
    metrics.handlerFailed(this.#type.plural)
    log
      .child({ component: 'reflector', resource: this.#type.plural })
      .error({ error: describeError(error), stack: (error as Error).stack }, 'a store subscriber threw')
  }
}
