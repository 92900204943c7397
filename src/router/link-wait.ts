/**
 * New flows that wait for a link: the clusters that could take them were reachable a moment ago and are being dialled.
 */
import type { Clock } from '../core/clock.ts'
import { DeadlinesByTime } from './deadlines.ts'
import { LINK_WAIT_MS } from './limits.ts'

/** A flow that has no way now. */
export interface LinkWaiter {
  /** Something has changed: looks for a way again, and waits again when there is none. */
  linkChanged(): void
  /** It has waited long enough. */
  linkMissing(): void
}

/** Waits are bounded by number because flows are, and by time. */
export class LinkWait {
  readonly #deadlines: DeadlinesByTime<LinkWaiter>
  /** With the bound of each, milliseconds. */
  readonly #waiting = new Map<LinkWaiter, number>()

  constructor(clock: Clock) {
    this.#deadlines = new DeadlinesByTime(clock, (waiter) => {
      this.#waiting.delete(waiter)
      waiter.linkMissing()
    })
  }

  get size(): number {
    return this.#waiting.size
  }

  /** No longer than one connect may take. Its time starts with the first call; further ones change nothing. */
  add(waiter: LinkWaiter, connectMs: number): void {
    if (this.#waiting.has(waiter)) return
    const ms = Math.min(LINK_WAIT_MS, connectMs)
    this.#waiting.set(waiter, ms)
    this.#deadlines.of(ms).add(waiter)
  }

  delete(waiter: LinkWaiter): void {
    const ms = this.#waiting.get(waiter)
    if (ms === undefined) return
    this.#waiting.delete(waiter)
    this.#deadlines.of(ms).delete(waiter)
  }

  /** Tells all who wait. */
  wake(): void {
    for (const waiter of [...this.#waiting.keys()]) waiter.linkChanged()
  }
}
