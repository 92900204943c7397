/**
 * Passes news on to all neighbours: the first at once, what follows closely together.
 */
import type { RouterAdvertisement } from '../../api/router-advertisement.ts'
import type { Clock } from '../../core/clock.ts'
import { FLOOD_PACE } from './limits.ts'
import type { NeighbourSync } from './neighbour-sync.ts'
import { Pacer } from './pacer.ts'
import { UpdateItems } from './update-builder.ts'

export class Flood {
  readonly #neighbours: () => Iterable<NeighbourSync>
  readonly #pacer: Pacer
  /** Routers with news, each with what was passed on last; undefined where changes of that are of no use. */
  readonly #news = new Map<string, RouterAdvertisement | undefined>()

  constructor(clock: Clock, neighbours: () => Iterable<NeighbourSync>) {
    this.#neighbours = neighbours
    this.#pacer = new Pacer(clock, FLOOD_PACE, () => this.#pass())
  }

  /** A router has another advertisement than `before`. */
  changed(router: string, before: RouterAdvertisement | undefined): void {
    if (!this.#news.has(router)) this.#news.set(router, before)
    this.#pacer.request()
  }

  /** There is nothing more to be said of a router. */
  forget(router: string): void {
    this.#news.delete(router)
  }

  stop(): void {
    this.#pacer.cancel()
    this.#news.clear()
  }

  #pass(): void {
    const bases = new Map<string, RouterAdvertisement>()
    for (const [router, before] of this.#news) if (before !== undefined) bases.set(router, before)
    const items = new UpdateItems(bases)
    for (const neighbour of this.#neighbours()) {
      for (const router of this.#news.keys()) neighbour.owe(router)
      neighbour.pump(items)
    }
    this.#news.clear()
  }
}
