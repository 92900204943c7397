/**
 * Keys with a time each, the soonest first. Memory is proportional to the keys.
 */

interface Entry {
  readonly key: number
  readonly at: number
}

/** A binary heap; entries that were replaced or deleted stay in it until they come up, or are half of it. */
export class Deadlines {
  readonly #times = new Map<number, number>()
  #heap: Entry[] = []

  /** Gives a key its time, or another one. */
  set(key: number, at: number): void {
    this.#times.set(key, at)
    if (this.#heap.length > 2 * this.#times.size + 16) this.#rebuild()
    else this.#push({ key, at })
  }

  delete(key: number): void {
    this.#times.delete(key)
  }

  /** The earliest time. */
  first(): number | undefined {
    this.#dropStale()
    return this.#heap[0]?.at
  }

  /** Takes out a key whose time is `now` or earlier, the soonest; undefined when there is none. */
  takeDue(now: number): number | undefined {
    this.#dropStale()
    const [first] = this.#heap
    if (first === undefined || first.at > now) return undefined
    this.#times.delete(first.key)
    this.#pop()
    return first.key
  }

  #dropStale(): void {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (this.#times.get(first.key) === first.at) return
      this.#pop()
    }
  }

  #rebuild(): void {
    this.#heap = [...this.#times].map(([key, at]) => ({ key, at })).sort((left, right) => left.at - right.at)
  }

  #push(entry: Entry): void {
    let place = this.#heap.push(entry) - 1
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (this.#at(parent) <= entry.at) return
      this.#swap(place, parent)
      place = parent
    }
  }

  #pop(): void {
    const last = this.#heap.pop()
    if (last === undefined || this.#heap.length === 0) return
    this.#heap[0] = last
    for (let place = 0; ; ) {
      const left = 2 * place + 1
      const least = this.#at(left + 1) < this.#at(left) ? left + 1 : left
      if (this.#at(least) >= this.#at(place)) return
      this.#swap(place, least)
      place = least
    }
  }

  #at(place: number): number {
    return this.#heap[place]?.at ?? Number.POSITIVE_INFINITY
  }

  #swap(one: number, other: number): void {
    const [left, right] = [this.#heap[one], this.#heap[other]]
    if (left === undefined || right === undefined) return
    this.#heap[one] = right
    this.#heap[other] = left
  }
}
