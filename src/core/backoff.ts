/**
 * Exponential backoff with full jitter on the upper half, so that a thousand clients do not return at once.
 */

export interface BackoffConfig {
  /** First delay, milliseconds. */
  readonly min: number
  /** Longest delay, milliseconds. */
  readonly max: number
  /** Growth per failure. Default 2. */
  readonly factor?: number
}

/** Delays between attempts: each `next()` is longer until `reset()`. */
export class Backoff {
  readonly #config: Required<BackoffConfig>
  readonly #random: () => number
  #failures = 0

  constructor(config: BackoffConfig, random: () => number = Math.random) {
    this.#config = { factor: 2, ...config }
    this.#random = random
  }

  /** How many times `next` was called since the last reset. */
  get failures(): number {
    return this.#failures
  }

  /** The next delay in milliseconds: between half and all of min * factor^n, never over max. */
  next(): number {
    const { min, max, factor } = this.#config
    const ceiling = Math.min(max, min * factor ** Math.min(this.#failures, 64))
    this.#failures += 1
    return ceiling / 2 + (this.#random() * ceiling) / 2
  }

  /** Call after success. */
  reset(): void {
    this.#failures = 0
  }
}
