/**
 * The time to the peer and back, measured with echoes: instead of heartbeats, and when somebody wants to know it. The least of
 * the last minutes counts: whatever else an echo takes is waiting in queues, which wider windows would only make longer.
 */
import { ROUND_TRIP_PERIOD_MS, ROUND_TRIP_SAMPLES } from '../limits.ts'

export class RoundTrip {
  readonly #clock: () => number
  readonly #sendEcho: () => boolean
  /** Least of the present period and of the one before. */
  #least = Number.POSITIVE_INFINITY
  #leastBefore = Number.POSITIVE_INFINITY
  #periodSince: number
  #samples = 0
  #askedAt = Number.NEGATIVE_INFINITY
  #waiting = false

  /** `clock` tells monotonic milliseconds, `sendEcho` whether it could be sent. */
  constructor(clock: () => number, sendEcho: () => boolean) {
    this.#clock = clock
    this.#sendEcho = sendEcho
    this.#periodSince = clock()
  }

  get now(): number {
    return this.#clock()
  }

  /** Milliseconds; undefined before there were answers enough. */
  get leastMs(): number | undefined {
    return this.#samples < ROUND_TRIP_SAMPLES ? undefined : Math.min(this.#least, this.#leastBefore)
  }

  /** Measures and returns true, unless that was done less than `intervalMs` ago or is being done. */
  ask(intervalMs: number): boolean {
    const now = this.#clock()
    if (this.#waiting || now - this.#askedAt < intervalMs || !this.#sendEcho()) return false
    this.#waiting = true
    this.#askedAt = now
    return true
  }

  /** The peer's answer; one that nobody asked for tells nothing. */
  answered(): void {
    if (!this.#waiting) return
    this.#waiting = false
    this.#samples += 1
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
