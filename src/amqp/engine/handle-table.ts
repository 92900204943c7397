/**
 * Our link handles: an array with a free list, so that attach and detach cost the same however many links there are.
 */
import type { Link } from './link.ts'

export class HandleTable {
  readonly #links: (Link | undefined)[] = []
  readonly #free: number[] = []
  #used = 0

  /** Handles in use. */
  get used(): number {
    return this.#used
  }

  /** Makes a link with the lowest handle freed last. */
  add(make: (handle: number) => Link): Link {
    const handle = this.#free.pop() ?? this.#links.length
    const link = make(handle)
    this.#links[handle] = link
    this.#used += 1
    return link
  }

  remove(link: Link): void {
    if (this.#links[link.handle] !== link) return
    this.#links[link.handle] = undefined
    this.#free.push(link.handle)
    this.#used -= 1
  }

  /** Every link in use. */
  *[Symbol.iterator](): Iterator<Link> {
    for (const link of this.#links) if (link !== undefined) yield link
  }
}
