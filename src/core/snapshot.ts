/**
 * A value that is replaced whole: readers see the old or the new one, never a mixture.
 */

/** Read side: what data paths hold. */
export interface SnapshotSource<T> {
  /** The present value. */
  current(): T
  /** Calls `listener` after every change, with the new and the previous value. Returns the way to stop. */
  subscribe(listener: (next: T, previous: T) => void): () => void
}

/** Write side: one owner swaps values in. */
export class Snapshot<T> implements SnapshotSource<T> {
  #value: T
  readonly #listeners = new Set<(next: T, previous: T) => void>()

  constructor(initial: T) {
    this.#value = initial
  }

  current(): T {
    return this.#value
  }

  /** Swaps the value in and tells the subscribers. */
  set(next: T): void {
    const previous = this.#value
    this.#value = next
    for (const listener of [...this.#listeners]) listener(next, previous)
  }

  subscribe(listener: (next: T, previous: T) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
