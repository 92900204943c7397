/**
 * Outstanding flows and last use of each place that flows can go to: what the balancer compares.
 */
import { MAX_IDLE_LOADS } from './limits.ts'

/** What the balancer knows of one place. */
export interface Load {
  readonly outstanding: number
  /** Grows with every flow sent anywhere; 0 when never used. */
  readonly lastUsed: number
}

interface MutableLoad {
  outstanding: number
  lastUsed: number
}

const UNUSED: Load = { outstanding: 0, lastUsed: 0 }

/** Counts flows by key. A place without flows keeps its last use for a while, so that equals take turns. */
export class LoadTable {
  readonly #loads = new Map<string, MutableLoad>()
  readonly #maxIdle: number
  #uses = 0
  #busy = 0

  constructor(maxIdle = MAX_IDLE_LOADS) {
    this.#maxIdle = maxIdle
  }

  get(key: string): Load {
    return this.#loads.get(key) ?? UNUSED
  }

  /** Places that are remembered, for tests and metrics. */
  get size(): number {
    return this.#loads.size
  }

  /** One more flow at `key`. Call `release` once for each. */
  acquire(key: string): void {
    this.#uses += 1
    const load = this.#loads.get(key) ?? this.#add(key)
    if (load.outstanding === 0) this.#busy += 1
    load.outstanding += 1
    load.lastUsed = this.#uses
  }

  release(key: string): void {
    const load = this.#loads.get(key)
    if (load === undefined || load.outstanding === 0) return
    load.outstanding -= 1
    if (load.outstanding === 0) this.#busy -= 1
  }

  #add(key: string): MutableLoad {
    if (this.#loads.size - this.#busy >= this.#maxIdle) this.#forgetIdle()
    const load = { outstanding: 0, lastUsed: 0 }
    this.#loads.set(key, load)
    return load
  }

  #forgetIdle(): void {
    for (const [key, load] of this.#loads) if (load.outstanding === 0) this.#loads.delete(key)
  }
}
