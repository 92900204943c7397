/**
 * The data connections to every other cluster, whoever dialled them, and which one a new flow takes.
 */
import type { FlowError, FlowTransport } from '../../amqp/flow-transport.ts'
import type { AdmittedPeer } from '../../link/peer-chain.ts'
import type { Neighbour } from '../relay/relay.ts'
import type { PeerConnection } from './data-connection.ts'

/** A connection, and what flows are opened on. */
export interface PeerEntry {
  readonly connection: PeerConnection
  readonly transport: FlowTransport
  /** The peer dialled it. */
  readonly isAccepted: boolean
  /** By its certificate. */
  readonly peer: AdmittedPeer
}

/** The cost of the link to a router process; by default all cost the same. */
export type LinkCost = (instance: string | undefined) => number

/** Chooses among connections; forgets them when they close. */
export class PeerTable {
  readonly #clusters = new Map<string, Set<PeerEntry>>()
  readonly #listeners = new Set<() => void>()
  readonly #suspendedFlows: () => number
  readonly #costOf: LinkCost
  readonly #isOwn: (cluster: string) => boolean
  /** By router process; undefined when it has to be looked up anew. */
  #neighbours: Map<string, Neighbour[]> | undefined

  /** `suspendedFlows` counts those that have no connection now; our own cluster is no other one to reach. */
  constructor(
    suspendedFlows: () => number,
    costOf: LinkCost = () => 1,
    isOwn: (cluster: string) => boolean = () => false,
  ) {
    this.#suspendedFlows = suspendedFlows
    this.#costOf = costOf
    this.#isOwn = isOwn
  }

  /** Data connections open now. */
  get size(): number {
    return this.#connections().length
  }

  /** Flows with something still to be sent or received, also when their sockets are closed. */
  get openFlows(): number {
    return this.#connections().reduce((sum, { openFlows }) => sum + openFlows, this.#suspendedFlows())
  }

  /** Takes a started connection. */
  add(cluster: string, entry: PeerEntry): void {
    const entries = this.#clusters.get(cluster) ?? new Set()
    this.#clusters.set(cluster, entries.add(entry))
    void entry.connection.whenClosed.then(() => {
      entries.delete(entry)
      if (entries.size === 0 && this.#clusters.get(cluster) === entries) this.#clusters.delete(cluster)
      this.changed()
    })
    this.changed()
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Tells the listeners that some connection is usable, or is not, or drains. */
  changed(): void {
    this.#neighbours = undefined
    for (const listener of this.#listeners) listener()
  }

  /** Of the usable data connections to `cluster` the cheapest, of equals the one with the fewest open flows. */
  transportTo(cluster: string): FlowTransport | undefined {
    return this.#bestOf(cluster)?.transport
  }

  /** Infinite when there is no usable data connection. */
  costTo(cluster: string): number {
    const best = this.#bestOf(cluster)
    return best === undefined ? Number.POSITIVE_INFINITY : this.#costOf(best.connection.peer?.instance)
  }

  /** There are data connections to `cluster`, and all of them take no new flows. */
  drains(cluster: string): boolean {
    const usable = [...(this.#clusters.get(cluster) ?? [])].filter(({ transport }) => transport.usable)
    return usable.length > 0 && usable.every(({ transport }) => transport.draining)
  }

  /** The data connection to a router process: rather one whose peer does not drain, then the one with the fewest flows. */
  neighbour(instance: string): Neighbour | undefined {
    let best: Neighbour | undefined
    for (const candidate of this.#byInstance().get(instance) ?? []) {
      if (!candidate.connection.usable) continue
      if (best === undefined || isBetter(candidate, best)) best = candidate
    }
    return best
  }

  #bestOf(cluster: string): PeerEntry | undefined {
    let best: PeerEntry | undefined
    let bestCost = Number.POSITIVE_INFINITY
    for (const entry of this.#clusters.get(cluster) ?? []) {
      if (!takesFlows(entry.transport)) continue
      const cost = this.#costOf(entry.connection.peer?.instance)
      const isWorse = cost > bestCost || (cost === bestCost && best !== undefined && !hasFewer(entry, best))
      if (isWorse) continue
      best = entry
      bestCost = cost
    }
    return best
  }

  #byInstance(): ReadonlyMap<string, readonly Neighbour[]> {
    if (this.#neighbours !== undefined) return this.#neighbours
    const all = new Map<string, Neighbour[]>()
    for (const [cluster, entries] of this.#clusters) {
      for (const { connection } of entries) {
        const instance = connection.peer?.instance
        if (instance === undefined) continue
        const known = all.get(instance) ?? []
        known.push({ cluster, connection })
        all.set(instance, known)
      }
    }
    this.#neighbours = all
    return all
  }

  /** Clusters that a flow can be opened to now, sorted. */
  reachable(): readonly string[] {
    return [...this.#clusters]
      .filter(([, entries]) => [...entries].some(({ transport }) => takesFlows(transport)))
      .map(([cluster]) => cluster)
      .filter((cluster) => !this.#isOwn(cluster))
      .sort()
  }

  /** Ends the connections that one process of a cluster dialled: its packets are lost on the way. */
  closeAccepted(cluster: string, instance: string, reason: string): void {
    for (const { connection, isAccepted } of this.#clusters.get(cluster) ?? []) {
      if (isAccepted && connection.peer?.instance === instance) connection.close(reason)
    }
  }

  /** Ends the connections with peers that are not admitted any more. */
  closeVoid(isVoid: (peer: AdmittedPeer) => boolean, why: FlowError): void {
    for (const entries of [...this.#clusters.values()])
      for (const { connection, peer } of [...entries]) if (isVoid(peer)) connection.close(why)
  }

  /** Tells all peers to open no more flows. */
  drainAll(): void {
    for (const connection of this.#connections()) connection.drain()
  }

  /** Ends everything; resolves when all are gone, and have told their peers why. */
  async closeAll(why: Parameters<PeerConnection['close']>[0]): Promise<void> {
    const all = this.#connections()
    for (const connection of all) connection.close(why)
    await Promise.all(all.map((connection) => connection.whenGone))
  }

  #connections(): PeerConnection[] {
    return [...this.#clusters.values()].flatMap((entries) => [...entries].map((entry) => entry.connection))
  }
}

function hasFewer(one: PeerEntry, other: PeerEntry): boolean {
  return one.transport.openFlows < other.transport.openFlows
}

function isBetter({ connection: one }: Neighbour, { connection: other }: Neighbour): boolean {
  if (one.draining !== other.draining) return other.draining
  return one.openFlows < other.openFlows
}

function takesFlows(transport: FlowTransport): boolean {
  return transport.usable && !transport.draining
}
