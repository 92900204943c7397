/**
 * Which openings of other routers were taken already, so that a relay cannot bring one a second time. Each router numbers
 * its own; each cluster has places of its own, so that none can make us forget those of another.
 */
import { MAX_OPENERS, MAX_SEEN_OPENINGS } from './limits.ts'

/** Of one router process. Anything up to `floor` counts as taken. */
interface Seen {
  floor: number
  /** In the order they came. */
  readonly numbers: Set<number>
}

export class SeenOpenings {
  /** By cluster, and by router process; the one that opened nothing for longest first. */
  readonly #clusters = new Map<string, Map<string, Seen>>()

  /** Whether this one was not taken before; from now on it was. */
  take(cluster: string, router: string, number: number): boolean {
    const seen = this.#of(cluster, router)
    if (number <= seen.floor || seen.numbers.has(number)) return false
    seen.numbers.add(number)
    const [first] = seen.numbers
    if (seen.numbers.size > MAX_SEEN_OPENINGS && first !== undefined) {
      seen.numbers.delete(first)
      seen.floor = Math.max(seen.floor, first)
    }
    return true
  }

  #of(cluster: string, router: string): Seen {
    const routers = this.#clusters.get(cluster) ?? new Map<string, Seen>()
    const seen = routers.get(router) ?? { floor: 0, numbers: new Set() }
    routers.delete(router)
    this.#clusters.set(cluster, routers.set(router, seen))
    const [oldest] = routers.keys()
    if (routers.size > MAX_OPENERS && oldest !== undefined) routers.delete(oldest)
    return seen
  }
}
