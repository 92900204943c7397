/**
 * Which whole numbers below a bound are free, and the n-th of them, in constant time. Holds only what is taken, however
 * many are free. Knows nothing of addresses.
 */

/**
 * All free numbers stand in a row of as many places. In the row each number has its own place, if the row is long enough
 * to have that place; the others stand in the places of numbers that are taken. So at most as many are out of place as
 * are taken, and only those are written down.
 */
export class FreeOffsets {
  readonly total: number
  #free: number
  readonly #taken = new Set<number>()
  /** Place -> number, of those out of place. */
  readonly #at = new Map<number, number>()
  /** Number -> place, of those out of place. */
  readonly #where = new Map<number, number>()

  /** All of 0 to `total - 1` are free. */
  constructor(total: number) {
    this.total = total
    this.#free = total
  }

  /** How many are free. */
  get size(): number {
    return this.#free
  }

  /** How many are out of place: what is held beside the taken ones. */
  get displaced(): number {
    return this.#at.size
  }

  isFree(offset: number): boolean {
    return Number.isInteger(offset) && offset >= 0 && offset < this.total && !this.#taken.has(offset)
  }

  /** One of the free ones by its place in the row, from 0 to `size - 1`. */
  nth(place: number): number {
    return this.#at.get(place) ?? place
  }

  /** Takes a free one. */
  take(offset: number): void {
    const place = this.#where.get(offset) ?? offset
    const end = this.#free - 1
    const last = this.nth(end)
    this.#lift(offset)
    this.#lift(last)
    if (place !== end) this.#put(last, place)
    this.#free = end
    this.#taken.add(offset)
  }

  /** Gives back a taken one. */
  give(offset: number): void {
    if (!this.#taken.delete(offset)) return
    const end = this.#free
    this.#free = end + 1
    let gap = end
    // The row has become long enough for the number that belongs to its end.
    if (end !== offset && !this.#taken.has(end)) {
      gap = this.#where.get(end) ?? end
      this.#lift(end)
    }
    if (offset < end && gap !== offset) {
      const guest = this.nth(offset)
      this.#lift(guest)
      this.#put(guest, gap)
    } else if (offset !== gap) this.#put(offset, gap)
  }

  #put(offset: number, place: number): void {
    this.#at.set(place, offset)
    this.#where.set(offset, place)
  }

  /** Out of the foreign place where it stands, if it does. */
  #lift(offset: number): void {
    const place = this.#where.get(offset)
    if (place === undefined) return
    this.#where.delete(offset)
    this.#at.delete(place)
  }
}
