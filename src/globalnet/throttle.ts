/**
 * Many changes, few reactions: at once after a quiet time, then at most every so often.
 */
import type { Cancel, Clock } from '../core/clock.ts'

export class Throttle {
  readonly #clock: Pick<Clock, 'after' | 'monotonic'>
  readonly #pauseMs: number
  readonly #action: () => void
  #last = Number.NEGATIVE_INFINITY
  #pending: Cancel | undefined

  constructor(clock: Pick<Clock, 'after' | 'monotonic'>, pauseMs: number, action: () => void) {
    this.#clock = clock
    this.#pauseMs = pauseMs
    this.#action = action
  }

  /** Has the action run soon, never inside of this call. */
  request(): void {
    if (this.#pending !== undefined) return
    const wait = Math.max(0, this.#last + this.#pauseMs - this.#clock.monotonic())
    this.#pending = this.#clock.after(wait, () => {
      this.#pending = undefined
      this.#last = this.#clock.monotonic()
      this.#action()
    })
  }

  /** Forgets a request that has not run. */
  cancel(): void {
    this.#pending?.()
    this.#pending = undefined
  }
}
