/**
 * From changes in stores to calls of `reconcile(key)`: the shape of every controller here.
 */
import type { KubeObject } from '../api/objects.ts'
import type { Cancel, Clock } from '../core/clock.ts'
import { describeError } from '../core/errors.ts'
import type { Startable } from '../core/lifecycle.ts'
import type { Logger } from '../core/log.ts'
import { type Work, WorkQueue, type WorkQueueConfig, type WorkQueueHooks } from '../core/work-queue.ts'
import { OVERFLOW_RESYNC_MS } from './limits.ts'
import type { Store } from './types.ts'

/** A store and the keys that a change of one of its objects concerns. */
export interface ReconcilerSource {
  whenSynced(signal: AbortSignal): Promise<void>
  /** Calls `add` with the keys of every later change. Returns the way to stop. */
  follow(add: (key: string) => void): () => void
  /** The keys of everything in the store. */
  keys(): Iterable<string>
}

/** A source: `keysOf` names what must be reconciled when `object` appears, changes or goes. */
export function source<T extends KubeObject>(
  store: Store<T>,
  keysOf: (object: T) => Iterable<string>,
): ReconcilerSource {
  return {
    whenSynced: (signal) => store.whenSynced(signal),
    follow: (add) =>
      store.subscribe((event) => {
        for (const key of keysOf(event.object)) add(key)
        if (event.type === 'updated') for (const key of keysOf(event.previous)) add(key)
      }),
    keys: () => store.list().flatMap((object) => [...keysOf(object)]),
  }
}

export interface ReconcilerDeps {
  readonly clock: Clock
  readonly log: Logger
  readonly hooks?: WorkQueueHooks
  readonly random?: () => number
}

export interface ReconcilerConfig extends WorkQueueConfig {
  readonly sources: readonly ReconcilerSource[]
  /** Makes the world right for one key. Reads the stores; what it throws has the key tried again later. */
  readonly reconcile: Work
}

/** Reconciles every key once all sources are synced, and then each key whenever something it depends on changed. */
export class Reconciler implements Startable {
  readonly #deps: ReconcilerDeps
  readonly #config: ReconcilerConfig
  readonly #queue: WorkQueue
  readonly #stopping = new AbortController()
  #unfollow: (() => void)[] = []
  #cancelResync: Cancel | undefined
  #syncing: Promise<void> = Promise.resolve()

  constructor(deps: ReconcilerDeps, config: ReconcilerConfig) {
    this.#deps = deps
    this.#config = config
    this.#queue = new WorkQueue(deps, config, config.reconcile)
  }

  /** Returns at once; work begins when all sources have their first complete list. */
  async start(): Promise<void> {
    this.#unfollow = this.#config.sources.map((each) => each.follow((key) => this.enqueue(key)))
    this.#syncing = this.#begin()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#cancelResync?.()
    for (const unfollow of this.#unfollow) unfollow()
    this.#unfollow = []
    await this.#syncing
    await this.#queue.stop()
  }

  /** Has a key reconciled for a reason that is in no store, such as a message from another cluster. */
  enqueue(key: string): void {
    if (!this.#queue.add(key) && !this.#stopping.signal.aborted) this.#resyncLater(key)
  }

  /** Has every key of every source reconciled. */
  resync(): void {
    for (const each of this.#config.sources) for (const key of each.keys()) this.enqueue(key)
  }

  async #begin(): Promise<void> {
    const { signal } = this.#stopping
    try {
      await Promise.all(this.#config.sources.map((each) => each.whenSynced(signal)))
    } catch (error) {
      if (!signal.aborted) this.#deps.log.error({ error: describeError(error) }, 'sources did not sync')
      return
    }
    this.resync()
    await this.#queue.start()
  }

  /** The queue was full, so a key is not in it: once some time has passed everything is looked at again. */
  #resyncLater(key: string): void {
    if (this.#cancelResync !== undefined) return
    this.#deps.log.warn({ key, keys: this.#queue.size }, 'the work queue is full, resynchronising later')
    this.#cancelResync = this.#deps.clock.after(OVERFLOW_RESYNC_MS, () => {
      this.#cancelResync = undefined
      this.resync()
    })
  }
}
