/**
 * A priority queue of small integers whose priorities may change while they wait.
 */

/** Binary min-heap that knows where each slot is. */
export class SlotHeap {
  readonly #slots: number[] = []
  readonly #keys: number[] = []
  /** Place of each slot in the heap; -1 when it is not in it. */
  readonly #places: number[] = []

  get size(): number {
    return this.#slots.length
  }

  /** Puts a slot in, or gives it another key. */
  set(slot: number, key: number): void {
    let place = this.#places[slot] ?? -1
    if (place === -1) {
      place = this.#slots.length
      this.#place(slot, key, place)
    } else this.#keys[place] = key
    this.#up(place)
    this.#down(this.#places[slot] ?? 0)
  }

  /** Takes a slot out where it is in. */
  delete(slot: number): void {
    const place = this.#places[slot] ?? -1
    if (place === -1) return
    this.#places[slot] = -1
    const last = this.#slots.pop()
    const key = this.#keys.pop()
    if (last === undefined || key === undefined || last === slot) return
    this.#place(last, key, place)
    this.#up(place)
    this.#down(this.#places[last] ?? 0)
  }

  /** Takes the slot with the lowest key; undefined when there is none. */
  pop(): number | undefined {
    const first = this.#slots[0]
    if (first !== undefined) this.delete(first)
    return first
  }

  #place(slot: number, key: number, place: number): void {
    this.#slots[place] = slot
    this.#keys[place] = key
    this.#places[slot] = place
  }

  #up(from: number): void {
    for (let place = from; place > 0; ) {
      const parent = (place - 1) >> 1
      if (this.#key(parent) <= this.#key(place)) return
      this.#swap(place, parent)
      place = parent
    }
  }

  #down(from: number): void {
    for (let place = from; ; ) {
      let least = place
      for (const child of [2 * place + 1, 2 * place + 2]) {
        if (this.#key(child) < this.#key(least)) least = child
      }
      if (least === place) return
      this.#swap(place, least)
      place = least
    }
  }

  #swap(a: number, b: number): void {
    const [slotA, slotB, keyA, keyB] = [this.#slots[a], this.#slots[b], this.#key(a), this.#key(b)]
    if (slotA === undefined || slotB === undefined) return
    this.#place(slotA, keyA, b)
    this.#place(slotB, keyB, a)
  }

  #key(place: number): number {
    return this.#keys[place] ?? Number.POSITIVE_INFINITY
  }
}
