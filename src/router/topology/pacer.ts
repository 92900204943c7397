/**
 * Many requests, few reactions: the first at once, the next with a pause that grows while requests keep coming.
 */
import type { Cancel, Clock } from '../../core/clock.ts'

export interface Pace {
  /** Shortest time between two reactions, milliseconds. */
  readonly min: number
  /** The same while there is no rest. */
  readonly max: number
}

export class Pacer {
  readonly #clock: Clock
  readonly #pace: Pace
  readonly #action: () => void
  #pause: number
  #lastRun = Number.NEGATIVE_INFINITY
  #pending: Cancel | undefined

  constructor(clock: Clock, pace: Pace, action: () => void) {
    this.#clock = clock
    this.#pace = pace
    this.#action = action
    this.#pause = pace.min
  }

  /** Has the action run soon: in the next turn of the clock when there was a rest. */
  request(): void {
    if (this.#pending !== undefined) return
    const wait = Math.max(0, this.#lastRun + this.#pause - this.#clock.monotonic())
    this.#pause = wait > 0 ? Math.min(this.#pace.max, this.#pause * 2) : this.#pace.min
    this.#pending = this.#clock.after(wait, () => this.#run())
  }

  /** Forgets what was requested. */
  cancel(): void {
    this.#pending?.()
    this.#pending = undefined
  }

  #run(): void {
    this.#pending = undefined
    this.#lastRun = this.#clock.monotonic()
    this.#action()
  }
}
