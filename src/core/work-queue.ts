/**
 * Keys to be worked on: each at most once at a time, again when it changed meanwhile, later when it failed.
 */
import { Backoff, type BackoffConfig } from './backoff.ts'
import type { Cancel, Clock } from './clock.ts'
import { describeError, TimeoutError } from './errors.ts'
import type { Startable } from './lifecycle.ts'
import { within } from './lifecycle.ts'
import {
  WORK_QUEUE_BACKOFF,
  WORK_QUEUE_CONCURRENCY,
  WORK_QUEUE_DRAIN_MS,
  WORK_QUEUE_MAX_KEYS,
} from './limits.ts'
import type { Logger } from './log.ts'

/** Told what the queue does, for metrics. */
export interface WorkQueueHooks {
  /** Keys waiting for a worker changed. */
  depth?(keys: number): void
  /** A key was worked on. */
  done?(result: 'ok' | 'failed', seconds: number): void
}

export interface WorkQueueDeps {
  readonly clock: Clock
  readonly log: Logger
  readonly hooks?: WorkQueueHooks
  readonly random?: () => number
}

export interface WorkQueueConfig {
  readonly concurrency?: number
  readonly backoff?: BackoffConfig
  readonly drainMs?: number
  readonly maxKeys?: number
}

/** Works on one key. What it throws is logged and has the key tried again. The signal aborts when stopping took too long. */
export type Work = (key: string, signal: AbortSignal) => Promise<void>

/** What the queue knows of a key; one that is fine and has nothing to do is forgotten. */
interface KeyState {
  phase: 'ready' | 'running' | 'delayed'
  /** Added again while running. */
  dirty: boolean
  backoff: Backoff
  cancel: Cancel
}

/** Start it to have it work; keys may be added before. */
export class WorkQueue implements Startable {
  readonly #deps: WorkQueueDeps
  readonly #config: Required<WorkQueueConfig>
  readonly #work: Work
  readonly #keys = new Map<string, KeyState>()
  /** Keys in phase `ready`, oldest first. */
  readonly #ready = new Set<string>()
  readonly #running = new Set<Promise<void>>()
  readonly #abort = new AbortController()
  #state: 'new' | 'started' | 'stopped' = 'new'

  constructor(deps: WorkQueueDeps, config: WorkQueueConfig, work: Work) {
    this.#deps = deps
    this.#work = work
    this.#config = {
      concurrency: config.concurrency ?? WORK_QUEUE_CONCURRENCY,
      backoff: config.backoff ?? WORK_QUEUE_BACKOFF,
      drainMs: config.drainMs ?? WORK_QUEUE_DRAIN_MS,
      maxKeys: config.maxKeys ?? WORK_QUEUE_MAX_KEYS,
    }
  }

  /** Keys known: ready, running and delayed. */
  get size(): number {
    return this.#keys.size
  }

  /** Has the key worked on soon. False when the queue is full or stopped: add it again later. */
  add(key: string): boolean {
    const state = this.#known(key)
    if (state === undefined) return false
    if (state.phase === 'running') state.dirty = true
    else this.#makeReady(key, state)
    return true
  }

  async start(): Promise<void> {
    if (this.#state === 'new') this.#state = 'started'
    this.#fill()
  }

  /** Takes nothing new, lets what runs end, and aborts it when that takes too long. */
  async stop(): Promise<void> {
    this.#state = 'stopped'
    for (const state of this.#keys.values()) state.cancel()
    this.#ready.clear()
    const { drainMs } = this.#config
    try {
      await within(Promise.all(this.#running), drainMs, 'finishing the running work', this.#deps.clock)
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error
      this.#deps.log.warn({ running: this.#running.size }, 'work did not end in time, aborting it')
      this.#abort.abort(error)
    }
    this.#keys.clear()
  }

  #known(key: string): KeyState | undefined {
    const state = this.#keys.get(key)
    if (this.#state === 'stopped') return undefined
    if (state !== undefined) return state
    if (this.#keys.size >= this.#config.maxKeys) return undefined
    const backoff = new Backoff(this.#config.backoff, this.#deps.random)
    const created: KeyState = { phase: 'delayed', dirty: false, backoff, cancel: () => {} }
    this.#keys.set(key, created)
    return created
  }

  #delay(key: string, state: KeyState, ms: number): void {
    state.phase = 'delayed'
    state.cancel = this.#deps.clock.after(ms, () => this.#makeReady(key, state))
  }

  #makeReady(key: string, state: KeyState): void {
    state.cancel()
    state.phase = 'ready'
    this.#ready.add(key)
    this.#deps.hooks?.depth?.(this.#ready.size)
    this.#fill()
  }

  /** Starts as many as may run. */
  #fill(): void {
    if (this.#state !== 'started') return
    for (const key of this.#ready) {
      if (this.#running.size >= this.#config.concurrency) return
      const state = this.#keys.get(key)
      this.#ready.delete(key)
      this.#deps.hooks?.depth?.(this.#ready.size)
      if (state !== undefined) this.#begin(key, state)
    }
  }

  #begin(key: string, state: KeyState): void {
    state.phase = 'running'
    state.dirty = false
    const run = this.#run(key, state).finally(() => {
      this.#running.delete(run)
      this.#fill()
    })
    this.#running.add(run)
  }

  async #run(key: string, state: KeyState): Promise<void> {
    const startedAt = this.#deps.clock.monotonic()
    const failure = await this.#attempt(key)
    const seconds = (this.#deps.clock.monotonic() - startedAt) / 1000
    this.#deps.hooks?.done?.(failure === undefined ? 'ok' : 'failed', seconds)
    if (this.#state === 'stopped') return
    if (failure === undefined) this.#succeeded(key, state)
    else this.#failed(key, state, failure)
  }

  async #attempt(key: string): Promise<{ error: unknown } | undefined> {
    try {
      await this.#work(key, this.#abort.signal)
      return undefined
    } catch (error) {
      return { error }
    }
  }

  #succeeded(key: string, state: KeyState): void {
    state.backoff.reset()
    if (state.dirty) this.#makeReady(key, state)
    else this.#keys.delete(key)
  }

  #failed(key: string, state: KeyState, failure: { error: unknown }): void {
    const delayMs = Math.round(state.backoff.next())
    const fields = { key, error: describeError(failure.error), failures: state.backoff.failures, delayMs }
    this.#deps.log.warn(fields, 'work failed, trying again')
    if (state.dirty) this.#makeReady(key, state)
    else this.#delay(key, state, delayMs)
  }
}
