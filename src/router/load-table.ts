/**
 * Outstanding flows and turns of each place that flows can go to: what the balancer compares.
 */
import type { Load } from './balancer.ts'
import { MAX_IDLE_LOADS } from './limits.ts'

/** Gives each key one Load, which its users change as flows come and go. */
export class LoadTable {
  readonly #loads = new Map<string, Load>()
  readonly #maxIdle: number

  constructor(maxIdle = MAX_IDLE_LOADS) {
    this.#maxIdle = maxIdle
  }

  /** Places that are remembered. */
  get size(): number {
    return this.#loads.size
  }

  /** The load of `key`, the same object until it is forgotten. */
  of(key: string): Load {
    const known = this.#loads.get(key)
    if (known !== undefined) return known
    const load = { outstanding: 0, turn: 0 }
    this.#loads.set(key, load)
    return load
  }

  /** Forgets places without flows when there are many. To be called when nobody holds an idle one. */
  trim(): void {
    if (this.#loads.size <= this.#maxIdle) return
    for (const [key, { outstanding }] of this.#loads) if (outstanding === 0) this.#loads.delete(key)
  }
}
