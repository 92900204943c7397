/**
 * A queue of keys worked off one turn later, each key once however often it was asked for. Failures are logged and tried again.
 */
import type { Clock } from '../../../core/clock.ts'
import { describeError } from '../../../core/errors.ts'
import type { Logger } from '../../../core/log.ts'
import { CONTROLLER_RETRY_MS } from '../limits.ts'

export interface WorkerDeps {
  readonly clock: Clock
  readonly log: Logger
}

export class Worker {
  readonly #deps: WorkerDeps
  readonly #run: (key: string) => void
  /** Bounded by the number of stored objects: each is in it once at most. */
  readonly #pending = new Set<string>()
  #scheduled = false
  #stopped = false

  /** `run` brings what a key names in order; it may be called again for the same key at any time. */
  constructor(deps: WorkerDeps, run: (key: string) => void) {
    this.#deps = deps
    this.#run = run
  }

  enqueue(key: string): void {
    if (this.#stopped) return
    this.#pending.add(key)
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => this.#drain())
  }

  stop(): void {
    this.#stopped = true
    this.#pending.clear()
  }

  #drain(): void {
    this.#scheduled = false
    const keys = [...this.#pending]
    this.#pending.clear()
    for (const key of keys) if (!this.#stopped) this.#attempt(key)
  }

  #attempt(key: string): void {
    try {
      this.#run(key)
    } catch (error) {
      this.#deps.log.warn({ key, error: describeError(error) }, 'controller step failed')
      this.#deps.clock.after(CONTROLLER_RETRY_MS, () => this.enqueue(key))
    }
  }
}
