/**
 * All that is known of the network, and what follows from it: what is new goes to the neighbours and into the paths, what
 * is old or out of reach is forgotten by all three.
 */
import type { RouterAdvertisement } from '../../api/router-advertisement.ts'
import type { Clock } from '../../core/clock.ts'
import { AdvertisementDatabase, type Stored } from './advertisement-database.ts'
import { Flood } from './flood.ts'
import type { RouterInfo } from './link-graph.ts'
import type { NeighbourSync } from './neighbour-sync.ts'
import type { Self } from './originator.ts'
import { PathComputer } from './path-computer.ts'

export class AdvertisementStore {
  readonly database = new AdvertisementDatabase()
  readonly paths: PathComputer
  readonly #clock: Clock
  readonly #flood: Flood
  readonly #neighbours: () => Iterable<NeighbourSync>

  constructor(clock: Clock, self: Self, neighbours: () => Iterable<NeighbourSync>) {
    this.#clock = clock
    this.#neighbours = neighbours
    this.paths = new PathComputer(clock, self)
    this.#flood = new Flood(clock, neighbours)
    this.paths.onReachable((routers) => this.#sendAgain(routers))
  }

  latest(router: string): RouterAdvertisement | undefined {
    return this.database.get(router)?.advertisement
  }

  /** How old a router's advertisement is now, milliseconds. */
  ageOf(router: string): number {
    const now = this.#clock.monotonic()
    return now - (this.database.get(router)?.madeAt ?? now)
  }

  /** Routers that no path leads to, and that are not forgotten yet. */
  lost(): RouterInfo[] {
    return [...this.database.entries()]
      .map(({ advertisement }) => advertisement)
      .filter(({ router }) => !this.paths.isReachable(router))
      .map(({ router: id, name, cluster, draining }) => ({ id, name, cluster, draining }))
  }

  /** Takes an advertisement; one that does not fit pushes out a router that cannot be reached. */
  put(advertisement: RouterAdvertisement, ageSeconds: number): Stored {
    const before = this.latest(advertisement.router)
    let stored = this.#tryPut(advertisement, ageSeconds)
    const victim = stored === 'full' ? this.database.evictable() : undefined
    if (victim !== undefined && victim !== advertisement.router) {
      this.#drop(victim)
      stored = this.#tryPut(advertisement, ageSeconds)
    }
    if (stored !== 'stored') return stored
    this.paths.set(advertisement)
    this.#flood.changed(advertisement.router, before)
    return stored
  }

  /** Forgets what is too old or was out of reach for too long. */
  sweep(): void {
    for (const router of this.paths.outdated(this.database, this.#clock.monotonic())) this.#drop(router)
  }

  /** Forgets the routers of some clusters, reachable or not. */
  evict(isGone: (cluster: string) => boolean): void {
    for (const { advertisement } of [...this.database.entries()])
      if (isGone(advertisement.cluster)) this.#drop(advertisement.router)
  }

  stop(): void {
    this.#flood.stop()
    this.paths.stop()
  }

  #tryPut(advertisement: RouterAdvertisement, ageSeconds: number): Stored {
    const now = this.#clock.monotonic()
    return this.database.put(advertisement, now - ageSeconds * 1_000, now)
  }

  #drop(router: string): void {
    this.database.delete(router)
    this.paths.delete(router)
    this.#flood.forget(router)
    for (const neighbour of this.#neighbours()) neighbour.forget(router)
  }

  /** They were out of reach, and neighbours may have forgotten them meanwhile. */
  #sendAgain(routers: readonly string[]): void {
    for (const router of routers) {
      const entry = this.database.get(router)
      if (entry !== undefined) entry.unreachableSince = undefined
      for (const neighbour of this.#neighbours()) neighbour.forget(router)
      this.#flood.changed(router, undefined)
    }
  }
}
