/**
 * An amount that grows with time up to a bound and is spent: so much a second, in the long run. Pure: it is told the time.
 */

export class TokenBucket {
  #perMs: number
  #max: number
  #tokens: number
  #at: number

  /** Full at first. `burstMs` is how much time may be saved up; at least one token can be. */
  constructor(perSecond: number, burstMs: number, now: number) {
    this.#perMs = perSecond / 1_000
    this.#max = Math.max(1, this.#perMs * burstMs)
    this.#tokens = this.#max
    this.#at = now
  }

  /** Spends one, unless there is less than that. */
  take(now: number): boolean {
    this.#refill(now)
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }

  /** Whether `take` would. */
  has(now: number): boolean {
    this.#refill(now)
    return this.#tokens >= 1
  }

  /** Spends any amount, into debt if need be. */
  spend(amount: number, now: number): void {
    this.#refill(now)
    this.#tokens -= amount
  }

  /** What there is now; not positive while it is in debt. */
  left(now: number): number {
    this.#refill(now)
    return this.#tokens
  }

  /** Milliseconds until there is anything. */
  msUntilAny(now: number): number {
    this.#refill(now)
    return this.#tokens > 0 ? 0 : (1 - this.#tokens) / this.#perMs
  }

  /** Another amount a second from now on; debts stay. */
  change(perSecond: number, burstMs: number, now: number): void {
    this.#refill(now)
    this.#perMs = perSecond / 1_000
    this.#max = Math.max(1, this.#perMs * burstMs)
    this.#tokens = Math.min(this.#tokens, this.#max)
  }

  #refill(now: number): void {
    if (now <= this.#at) return
    this.#tokens = Math.min(this.#max, this.#tokens + (now - this.#at) * this.#perMs)
    this.#at = now
  }
}
