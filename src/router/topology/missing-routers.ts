/**
 * Routers that others name as neighbours and of which we know nothing. Mostly their words are on the way; where they are
 * not, we forgot them while they were out of reach, and the neighbour that told of them thinks that we still know.
 */
import type { RouterAdvertisement } from '../../api/router-advertisement.ts'
import type { Cancel, Clock } from '../../core/clock.ts'
import type { AdvertisementDatabase } from './advertisement-database.ts'
import { MANY_MISSING, MAX_ROUTERS, MISSING_MS } from './limits.ts'
import type { NeighbourSync } from './neighbour-sync.ts'

export class MissingRouters {
  readonly #clock: Clock
  readonly #database: AdvertisementDatabase
  /** By router, who told us of it. */
  readonly #named = new Map<string, NeighbourSync>()
  #later: Cancel | undefined

  constructor(clock: Clock, database: AdvertisementDatabase) {
    this.#clock = clock
    this.#database = database
  }

  /** An advertisement came from a neighbour and was taken. */
  onStored({ neighbours }: RouterAdvertisement, from: NeighbourSync): void {
    for (const [router] of neighbours) {
      if (this.#database.get(router) !== undefined || this.#named.size >= MAX_ROUTERS) continue
      this.#named.set(router, from)
    }
    if (this.#named.size > 0) this.#later ??= this.#clock.after(MISSING_MS, () => this.#ask())
  }

  stop(): void {
    this.#later?.()
  }

  /** A few are asked for; for many it is shorter to say what we have. */
  #ask(): void {
    this.#later = undefined
    const missing = new Map<NeighbourSync, string[]>()
    for (const [router, from] of this.#named) {
      if (this.#database.get(router) === undefined) missing.set(from, [...(missing.get(from) ?? []), router])
    }
    this.#named.clear()
    for (const [from, routers] of missing) {
      if (routers.length > MANY_MISSING) from.compare()
      else for (const router of routers) from.want(router)
      from.pump()
    }
  }
}
