/**
 * The newest advertisement of each router, with its age: bounded. Knows no sessions and no graph.
 */
import type { RouterAdvertisement } from '../../api/router-advertisement.ts'
import { MAX_AGE_MS, MAX_NEIGHBOUR_ENTRIES, MAX_ROUTERS } from './limits.ts'

export interface Entry {
  readonly advertisement: RouterAdvertisement
  /** Monotonic time at which its origin made it, by the age it came with. */
  readonly madeAt: number
  /** Since when its router could not be reached, as far as somebody looked; undefined while it can. */
  unreachableSince: number | undefined
}

/** What became of an advertisement. `full` means that a bound would be broken. */
export type Stored = 'stored' | 'stale' | 'full'

export interface DatabaseBounds {
  readonly routers: number
  readonly neighbourEntries: number
}

const BOUNDS: DatabaseBounds = { routers: MAX_ROUTERS, neighbourEntries: MAX_NEIGHBOUR_ENTRIES }

export class AdvertisementDatabase {
  readonly #bounds: DatabaseBounds
  readonly #entries = new Map<string, Entry>()
  #neighbourEntries = 0

  constructor(bounds: DatabaseBounds = BOUNDS) {
    this.#bounds = bounds
  }

  get size(): number {
    return this.#entries.size
  }

  get(router: string): Entry | undefined {
    return this.#entries.get(router)
  }

  /** All of them; may be changed while they are gone through. */
  entries(): IterableIterator<Entry> {
    return this.#entries.values()
  }

  /** Takes an advertisement that is newer than ours and not too old. Never makes room: see `evictable`. */
  put(advertisement: RouterAdvertisement, madeAt: number, now: number): Stored {
    const { router, sequence, neighbours } = advertisement
    const present = this.#entries.get(router)
    const isNew = present === undefined || present.advertisement.sequence < sequence
    if (!isNew || now - madeAt > MAX_AGE_MS) return 'stale'
    const added = neighbours.length - (present?.advertisement.neighbours.length ?? 0)
    const routers = this.#entries.size + (present === undefined ? 1 : 0)
    const { routers: maxRouters, neighbourEntries: maxEntries } = this.#bounds
    if (routers > maxRouters || (added > 0 && this.#neighbourEntries + added > maxEntries)) return 'full'
    this.#neighbourEntries += added
    this.#entries.set(router, { advertisement, madeAt, unreachableSince: present?.unreachableSince })
    return 'stored'
  }

  delete(router: string): void {
    const entry = this.#entries.get(router)
    if (entry === undefined) return
    this.#neighbourEntries -= entry.advertisement.neighbours.length
    this.#entries.delete(router)
  }

  /** A router that nobody would miss: it cannot be reached. */
  evictable(): string | undefined {
    for (const { advertisement, unreachableSince } of this.#entries.values()) {
      if (unreachableSince !== undefined) return advertisement.router
    }
    return undefined
  }
}
