/**
 * The time to the peer and back, measured with an echo when somebody wants to know it. The least of the last minutes counts:
 * whatever else an echo takes is waiting in queues, which wider windows would only make longer.
 */
import { ROUND_TRIP_INTERVAL_MS, ROUND_TRIP_PERIOD_MS } from '../limits.ts'

export class RoundTrip {
  readonly #clock: () => number
  readonly #sendEcho: () => void
  /** Least of the present period and of the one before. */
  #least = Number.POSITIVE_INFINITY
  #leastBefore = Number.POSITIVE_INFINITY
  #periodSince: number
  #askedAt = Number.NEGATIVE_INFINITY
  #waiting = false

  /** `clock` tells monotonic milliseconds. */
  constructor(clock: () => number, sendEcho: () => void) {
    this.#clock = clock
    this.#sendEcho = sendEcho
    this.#periodSince = clock()
  }

  get now(): number {
    return this.#clock()
  }

  /** Milliseconds; undefined before the first answer. */
  get leastMs(): number | undefined {
    const least = Math.min(this.#least, this.#leastBefore)
    return Number.isFinite(least) ? least : undefined
  }

  /** Measures, unless that was done a moment ago or is being done. */
  ask(): void {
    const now = this.#clock()
    if (this.#waiting || now - this.#askedAt < ROUND_TRIP_INTERVAL_MS) return
    this.#waiting = true
    this.#askedAt = now
    this.#sendEcho()
  }

  /** The peer's answer; one that nobody asked for tells nothing. */
  answered(): void {
    if (!this.#waiting) return
    this.#waiting = false
    const now = this.#clock()
    if (now - this.#periodSince > ROUND_TRIP_PERIOD_MS) this.#beginPeriod(now)
    this.#least = Math.min(this.#least, now - this.#askedAt)
  }

  #beginPeriod(now: number): void {
    this.#periodSince = now
    this.#leastBefore = this.#least
    this.#least = Number.POSITIVE_INFINITY
  }
}
