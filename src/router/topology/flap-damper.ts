/**
 * How long a neighbour that comes and goes is kept out of our advertisement. Its loss is never held back.
 */
import { FLAP_HALF_LIFE_MS, FORGIVEN_LOSSES, HOLD_DOWN, MAX_DAMPED } from './limits.ts'

interface Losses {
  /** Losses, each counting half as much after each half-life. */
  readonly weight: number
  readonly at: number
}

/** Remembers losses by neighbour, least recent first. */
export class FlapDamper {
  readonly #losses = new Map<string, Losses>()

  /** Neighbours remembered now. */
  get size(): number {
    return this.#losses.size
  }

  /** A neighbour was lost. */
  lost(router: string, now: number): void {
    const weight = this.#weight(router, now) + 1
    this.#losses.delete(router)
    this.#losses.set(router, { weight, at: now })
    const [oldest] = this.#losses.keys()
    if (this.#losses.size > MAX_DAMPED && oldest !== undefined) this.#losses.delete(oldest)
  }

  /** Milliseconds before a neighbour that is back may be advertised. */
  holdMs(router: string, now: number): number {
    const excess = Math.round(this.#weight(router, now)) - FORGIVEN_LOSSES
    return excess <= 0 ? 0 : Math.min(HOLD_DOWN.max, HOLD_DOWN.min * 2 ** (excess - 1))
  }

  #weight(router: string, now: number): number {
    const losses = this.#losses.get(router)
    return losses === undefined ? 0 : losses.weight * 0.5 ** ((now - losses.at) / FLAP_HALF_LIFE_MS)
  }
}
