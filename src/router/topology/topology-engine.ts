/**
 * The topology of one router: says who its neighbours are, passes on what all others say, and computes the paths. Pure but
 * for the clock, the chance and the channels it is given, so that the same engine runs in a router and in a simulation.
 */
import type {
  AdvertisementChange,
  RouterAdvertisement,
  TopologyDigest,
  TopologyMessage,
} from '../../api/router-advertisement.ts'
import type { Cancel, Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/log.ts'
import type { SnapshotSource } from '../../core/snapshot.ts'
import { Adjacency } from './adjacency.ts'
import { changed, faultOf, faultOfChange } from './advertisement.ts'
import { AdvertisementStore } from './advertisement-store.ts'
import { TopologyViolation } from './errors.ts'
import { MAX_SEQUENCE, REFRESH_MS, SWEEP_MS } from './limits.ts'
import type { RouterInfo } from './link-graph.ts'
import { MissingRouters } from './missing-routers.ts'
import { NeighbourSync, type NeighbourSyncDeps, type TopologyChannel } from './neighbour-sync.ts'
import { Originator, type Self } from './originator.ts'
import type { TopologyView } from './topology-view.ts'

export interface TopologyEngineDeps {
  readonly clock: Clock
  /** From 0 to 1. */
  readonly random: () => number
  readonly logger: Logger
  /** Adds our signature to what we say. Absent: nothing is signed. */
  readonly sign?: (advertisement: RouterAdvertisement) => RouterAdvertisement
  /** Whether an advertisement is its origin's own words. Absent: everything is believed. */
  readonly verify?: (advertisement: RouterAdvertisement) => boolean
  /** Whether routers of a cluster are no part of the network, as it was revoked. */
  readonly isGone?: (cluster: string) => boolean
}

/** Who is at the other end of a session, by its hello and its certificate. */
export interface NeighbourTerms {
  readonly router: string
  readonly cluster: string
  readonly cost: number
}

/** One session with a neighbour. `receive` throws TopologyViolation when the session must end. */
export interface NeighbourSession {
  receive(message: TopologyMessage): void
  /** The channel takes messages again. */
  writable(): void
  /** A measured round trip, milliseconds. */
  roundTrip(ms: number): void
  closed(): void
}

/** What an engine has done so far. */
export interface TopologyCounts {
  sent: number
  received: number
  /** Advertisements that were not taken: forged, unverified, or one more than fits. */
  refused: number
}

interface Neighbour {
  readonly cluster: string
  readonly adjacency: Adjacency
  readonly sync: NeighbourSync
}

export class TopologyEngine {
  readonly counts: TopologyCounts = { sent: 0, received: 0, refused: 0 }
  readonly #deps: TopologyEngineDeps
  readonly #self: Self
  readonly #neighbours = new Map<string, Neighbour>()
  readonly #store: AdvertisementStore
  readonly #originator: Originator
  readonly #syncDeps: NeighbourSyncDeps
  readonly #missing: MissingRouters
  #timers: Cancel[] = []

  constructor(deps: TopologyEngineDeps, self: Self) {
    this.#deps = deps
    this.#self = self
    const { clock, sign } = deps
    const store = new AdvertisementStore(clock, self, () => this.#syncs())
    this.#store = store
    this.#missing = new MissingRouters(clock, store.database)
    this.#originator = new Originator(
      { clock, sign, onAdvertisement: (advertisement) => void store.put(advertisement, 0) },
      self,
    )
    this.#syncDeps = {
      database: store.database,
      ageOf: (router) => store.ageOf(router),
      onSent: () => {
        this.counts.sent += 1
      },
    }
  }

  /** The network as it is seen now. */
  get view(): SnapshotSource<TopologyView> {
    return this.#store.paths.view
  }

  /** Advertisements held, our own and those of routers out of reach included. */
  get advertisements(): number {
    return this.#store.database.size
  }

  /** Routers that are held and cannot be reached. */
  get lost(): RouterInfo[] {
    return this.#store.lost()
  }

  /** Times that paths were computed. */
  get computations(): number {
    return this.#store.paths.computations
  }

  /** Routers visited by all computations. */
  get visited(): number {
    return this.#store.paths.visited
  }

  /** Neighbours kept out, since they came and went too often. */
  get heldNeighbours(): number {
    return this.#originator.held
  }

  start(): void {
    const { clock, random } = this.#deps
    this.#timers = [clock.every(SWEEP_MS, () => this.#store.sweep())]
    const refreshLater = (): void => {
      this.#timers[1] = clock.after(REFRESH_MS * (0.8 + 0.2 * random()), () => {
        refreshLater()
        this.#refresh()
      })
    }
    refreshLater()
    this.#originator.refresh()
  }

  /** Says everything again: there is another certificate to sign with. */
  sayAgain(): void {
    this.#originator.refresh()
  }

  stop(): void {
    for (const cancel of this.#timers.splice(0)) cancel()
    this.#originator.stop()
    this.#missing.stop()
    this.#store.stop()
  }

  /** Tells all that no new flow should come here or pass through here. */
  drain(): void {
    this.#originator.drain()
  }

  /** Other clusters have gone, or have come back: forgets the routers of the former, and finds out about the latter. */
  goneChanged(): void {
    const { isGone = () => false } = this.#deps
    this.#store.evict(isGone)
    for (const sync of this.#syncs()) sync.compare()
  }

  /** A session with another router is ready. */
  connect({ router, cluster, cost }: NeighbourTerms, channel: TopologyChannel): NeighbourSession {
    const neighbour = this.#neighbours.get(router) ?? this.#newNeighbour(router, cluster)
    const { adjacency, sync } = neighbour
    const wasUp = adjacency.isUp
    const terms = adjacency.add(cost)
    const told = () => [router, adjacency.cost, adjacency.roundTripMs] as const
    if (wasUp) this.#originator.change(...told())
    else this.#originator.up(...told())
    sync.open(channel)
    return {
      receive: (message) => this.#receive(router, sync, message),
      writable: () => sync.pump(),
      roundTrip: (ms) => {
        if (terms.roundTrip.add(ms)) this.#originator.change(...told())
      },
      closed: () => {
        adjacency.delete(terms)
        if (sync.close(channel)) this.#originator.change(...told())
        else this.#lose(router, neighbour)
      },
    }
  }

  #newNeighbour(router: string, cluster: string): Neighbour {
    const neighbour = { cluster, adjacency: new Adjacency(), sync: new NeighbourSync(this.#syncDeps) }
    this.#neighbours.set(router, neighbour)
    return neighbour
  }

  #lose(router: string, neighbour: Neighbour): void {
    if (this.#neighbours.get(router) !== neighbour) return
    this.#neighbours.delete(router)
    this.#originator.down(router)
  }

  *#syncs(): Iterable<NeighbourSync> {
    for (const { sync } of this.#neighbours.values()) yield sync
  }

  #receive(from: string, sync: NeighbourSync, message: TopologyMessage): void {
    this.counts.received += 1
    if (message.type === 'topology-request') sync.onRequest(message)
    else if (message.type === 'topology-digest') this.#receiveDigest(sync, message)
    else {
      for (const { advertisement, age } of message.advertisements) this.#take(from, sync, advertisement, age)
      for (const change of message.changes) this.#takeChange(from, sync, change)
      sync.pump()
    }
  }

  #receiveDigest(sync: NeighbourSync, digest: TopologyDigest): void {
    sync.onDigest(digest)
    for (const [router, sequence] of digest.routers) {
      if (router === this.#self.router) this.#checkOwn(sequence)
    }
  }

  #takeChange(from: string, sync: NeighbourSync, change: AdvertisementChange): void {
    const { router, to } = change
    requireNoFault(faultOfChange(change))
    const base = this.#store.latest(router)
    if (router === this.#self.router) this.#checkOwn(to)
    else if (base === undefined) sync.want(router)
    else if (base.sequence >= to) sync.learn(router, to)
    else if (base.sequence === change.from) this.#take(from, sync, changed(base, change), change.age)
    else sync.want(router)
  }

  #take(from: string, sync: NeighbourSync, advertisement: RouterAdvertisement, age: number): void {
    const { router, sequence } = advertisement
    requireNoFault(faultOf(advertisement))
    if (router === this.#self.router) this.#checkOwn(sequence)
    else if ((this.#store.latest(router)?.sequence ?? 0) >= sequence) sync.learn(router, sequence)
    else if (this.#deps.isGone?.(advertisement.cluster) === true)
      this.#refuse(router, 'its cluster was revoked')
    else if (this.#isGenuine(from, advertisement)) {
      const stored = this.#store.put(advertisement, age)
      if (stored === 'full') this.#refuse(router, 'more than is kept')
      if (stored === 'stored') this.#missing.onStored(advertisement, sync)
      if (this.#store.latest(router) !== undefined) sync.learn(router, sequence)
    }
  }

  /**
   * Routers we are connected with have shown their certificate; of others it is signed, and one that is known stays that of
   * its cluster: another cluster could sign for its id as well.
   */
  #isGenuine(from: string, advertisement: RouterAdvertisement): boolean {
    const { router, cluster } = advertisement
    const shown = this.#neighbours.get(router)?.cluster ?? this.#store.latest(router)?.cluster ?? cluster
    if (shown !== cluster && from === router) {
      throw new TopologyViolation('forged', `a router of cluster ${shown} says it is of ${cluster}`)
    }
    if (shown === cluster && this.#deps.verify?.(advertisement) !== false) return true
    this.#refuse(router, 'its origin did not say this')
    return false
  }

  /** Ids are never used again: who tells us something newer of ourselves is wrong, and all others must hear so. */
  #checkOwn(sequence: number): void {
    const { router } = this.#self
    const own = this.#store.latest(router)?.sequence ?? 0
    if (sequence <= own || sequence >= MAX_SEQUENCE) return
    this.#refuse(router, 'we did not say this')
    this.#originator.refresh(sequence)
  }

  #refuse(router: string, reason: string): void {
    this.counts.refused += 1
    this.#deps.logger.debug({ router, reason }, 'advertisement refused')
  }

  /** Says all again, and finds out what got lost on the way. */
  #refresh(): void {
    this.#originator.refresh()
    for (const sync of this.#syncs()) sync.compare()
  }
}

function requireNoFault(fault: string | undefined): void {
  if (fault !== undefined) throw new TopologyViolation('invalid', fault)
}
