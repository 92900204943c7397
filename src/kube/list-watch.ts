/**
 * Follows what an API server has of one resource: list, then watch, for ever, through restarts, lost history and silence.
 */
import type { KubeObject } from '../api/objects.ts'
import type { ResourceType } from '../api/resources.ts'
import type { Clock } from '../core/clock.ts'
import { describeError, errorCode, TimeoutError } from '../core/errors.ts'
import type { Startable } from '../core/lifecycle.ts'
import type { Logger } from '../core/log.ts'
import { needsRelist } from './errors.ts'
import { type KubeMetrics, noKubeMetrics } from './kube-metrics.ts'
import { WATCH_HEALTHY_MS, WATCH_SILENCE_MS, WATCH_TIMEOUT_SECONDS } from './limits.ts'
import { RetryPace } from './retry-pace.ts'
import type { WatchingKubeClient } from './types.ts'
import { type WatchEvent, watchEvents } from './watch-stream.ts'

export interface ListWatchDeps {
  readonly client: Pick<WatchingKubeClient, 'list' | 'watch'>
  readonly clock: Clock
  readonly log: Logger
  readonly metrics?: KubeMetrics
  readonly random?: () => number
}

export interface ListWatchConfig<T> {
  /** Default: all namespaces. */
  readonly namespace?: string | undefined
  readonly labelSelector?: string | undefined
  readonly fieldSelector?: string | undefined
  /** Shrinks each object before it is kept, e.g. to the fields that are read. managedFields are always dropped. */
  readonly transform?: (object: T) => T
}

/** Takes what is seen. Must not throw. */
export interface WatchSink<T> {
  /** The object as the server has it now. */
  put(object: T): void
  /** The server deleted the object; `object` is its last state. */
  remove(object: T): void
  /** The complete present list: what is not in it was deleted while nobody watched. */
  replace(objects: readonly T[]): void
}

/** `start` returns at once; the sink is kept equal to the server from then on, until `stop`. */
export class ListWatch<T extends KubeObject> implements Startable {
  readonly #client: ListWatchDeps['client']
  readonly #clock: Clock
  readonly #log: Logger
  readonly #metrics: KubeMetrics
  readonly #random: () => number
  readonly #type: ResourceType
  readonly #config: ListWatchConfig<T>
  readonly #sink: WatchSink<T>
  readonly #pace: RetryPace
  readonly #stopping = new AbortController()
  /** Where the next watch begins; undefined asks for a list first. */
  #resourceVersion: string | undefined
  #running: Promise<void> | undefined

  constructor(deps: ListWatchDeps, type: ResourceType, config: ListWatchConfig<T>, sink: WatchSink<T>) {
    this.#client = deps.client
    this.#clock = deps.clock
    this.#log = deps.log.child({ component: 'reflector', resource: type.plural })
    this.#metrics = deps.metrics ?? noKubeMetrics
    this.#random = deps.random ?? Math.random
    this.#type = type
    this.#config = config
    this.#pace = new RetryPace(this.#random)
    this.#sink = sink
  }

  async start(): Promise<void> {
    this.#running ??= this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      let failure: unknown
      try {
        await this.#listAndWatch()
      } catch (error) {
        failure = error
      }
      if (signal.aborted) return
      if (failure !== undefined) this.#failed(failure)
      await this.#clock.sleep(this.#pace.next(failure), signal).catch(() => {})
    }
  }

  async #listAndWatch(): Promise<void> {
    if (this.#resourceVersion === undefined) await this.#relist()
    const startedAt = this.#clock.monotonic()
    try {
      await this.#watch(this.#resourceVersion ?? '')
    } finally {
      if (this.#clock.monotonic() - startedAt >= WATCH_HEALTHY_MS) this.#pace.reset()
    }
  }

  async #relist(): Promise<void> {
    const { namespace, labelSelector, fieldSelector } = this.#config
    const { items, resourceVersion } = await this.#client.list<T>(this.#type, {
      namespace,
      labelSelector,
      fieldSelector,
      signal: this.#stopping.signal,
      transform: (item) => this.#shrink(item),
    })
    this.#metrics.listed(this.#type.plural)
    this.#sink.replace(items)
    this.#resourceVersion = resourceVersion
  }

  /** One watch until the server ends it, it fails, or it has been silent for too long. */
  async #watch(resourceVersion: string): Promise<void> {
    const silence = new AbortController()
    const { min, max } = WATCH_TIMEOUT_SECONDS
    const { namespace, labelSelector, fieldSelector } = this.#config
    const body = await this.#client.watch(this.#type, {
      namespace,
      labelSelector,
      fieldSelector,
      resourceVersion,
      timeoutSeconds: Math.round(min + this.#random() * (max - min)),
      signal: AbortSignal.any([this.#stopping.signal, silence.signal]),
    })
    await this.#follow(body, silence)
  }

  async #follow(body: AsyncIterable<Uint8Array>, silence: AbortController): Promise<void> {
    const giveUp = (): void => silence.abort(new TimeoutError(`no event for ${WATCH_SILENCE_MS} ms`))
    let cancel = this.#clock.after(WATCH_SILENCE_MS, giveUp)
    try {
      for await (const event of watchEvents<T>(body, `watch of ${this.#type.plural}`)) {
        cancel()
        cancel = this.#clock.after(WATCH_SILENCE_MS, giveUp)
        this.#pace.reset()
        this.#handle(event)
      }
    } finally {
      cancel()
    }
  }

  #handle(event: WatchEvent<T>): void {
    if (event.type === 'DELETED') this.#sink.remove(this.#shrink(event.object))
    else if (event.type !== 'BOOKMARK') this.#sink.put(this.#shrink(event.object))
    this.#resourceVersion = event.object.metadata.resourceVersion ?? this.#resourceVersion
  }

  #shrink(object: T): T {
    const { managedFields: _, ...metadata } = object.metadata
    const small = { ...object, metadata }
    return this.#config.transform?.(small) ?? small
  }

  #failed(failure: unknown): void {
    if (needsRelist(failure)) this.#resourceVersion = undefined
    const code = errorCode(failure) ?? 'error'
    this.#metrics.failed(this.#type.plural, code)
    const fields = { error: describeError(failure), failures: this.#pace.failures }
    const message = needsRelist(failure)
      ? 'history was compacted, listing again'
      : 'watch failed, trying again'
    if (this.#pace.failures > 0) this.#log.warn(fields, message)
    else this.#log.info(fields, message)
  }
}
