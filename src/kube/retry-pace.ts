/**
 * When a reflector tries again: at once the first time, so that a restarted server is noticed, then less and less often.
 */
import { Backoff } from '../core/backoff.ts'
import { UnreachableError } from './errors.ts'
import { REFLECTOR_BACKOFF, UNREACHABLE_BACKOFF_MAX_MS } from './limits.ts'

export class RetryPace {
  readonly #backoff: Backoff
  readonly #random: () => number

  constructor(random: () => number) {
    this.#random = random
    this.#backoff = new Backoff(REFLECTOR_BACKOFF, random)
  }

  /** Tries since data last came. */
  get failures(): number {
    return this.#backoff.failures
  }

  /** Data came, or nothing was wrong for a good while. */
  reset(): void {
    this.#backoff.reset()
  }

  /** Milliseconds until the next try; `failure` is undefined when the server ended a watch in good order. */
  next(failure: unknown): number {
    const first = this.#backoff.failures === 0
    const delay = this.#backoff.next()
    if (first) return this.#spread(REFLECTOR_BACKOFF.first, 0.5)
    return failure instanceof UnreachableError
      ? Math.min(delay, this.#spread(UNREACHABLE_BACKOFF_MAX_MS, 0.75))
      : delay
  }

  /** Between `least` of `ms` and all of it. */
  #spread(ms: number, least: number): number {
    return ms * (least + this.#random() * (1 - least))
  }
}
