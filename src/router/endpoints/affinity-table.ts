/**
 * Where each client's last flow went, for session affinity. Least recently used entries make room for new ones.
 */
import type { ClientAffinity } from '../../api/route-snapshot.ts'
import { MAX_AFFINITIES } from '../limits.ts'

interface Entry {
  readonly name: string
  readonly until: number
}

/** Bounded memory of choices. Time is handed in, milliseconds of a monotonic clock. */
export class AffinityTable {
  /** In order of last use. */
  readonly #entries = new Map<string, Entry>()
  readonly #max: number

  constructor(max = MAX_AFFINITIES) {
    this.#max = max
  }

  get size(): number {
    return this.#entries.size
  }

  /** The place that `client`'s last flow went to, unless that was too long ago. */
  get(client: string, now: number): string | undefined {
    const entry = this.#entries.get(client)
    return entry !== undefined && now < entry.until ? entry.name : undefined
  }

  /** A flow of `client` goes to the place `name` at `now`. */
  set(client: string, name: string, now: number, { timeoutMs }: ClientAffinity): void {
    this.#entries.delete(client)
    this.#dropOldest(now)
    this.#entries.set(client, { name, until: now + timeoutMs })
  }

  /** Two for each new one, so that what has expired goes faster than it comes. */
  #dropOldest(now: number): void {
    for (let count = 0; count < 2; count++) {
      const [oldest] = this.#entries
      if (oldest === undefined) return
      const [client, { until }] = oldest
      if (now < until && this.#entries.size < this.#max) return
      this.#entries.delete(client)
    }
  }
}
