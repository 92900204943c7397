/**
 * The data connections to every other cluster, whoever dialled them, and which one a new flow takes.
 */
import type { FlowTransport } from '../../amqp/flow-transport.ts'
import type { PeerConnection } from './data-connection.ts'
import type { PeerTransports } from './peers.ts'

/** A connection, and what flows are opened on. */
export interface PeerEntry {
  readonly connection: PeerConnection
  readonly transport: FlowTransport
  /** The peer dialled it. */
  readonly isAccepted: boolean
}

/** Chooses among connections; forgets them when they close. */
export class PeerTable implements PeerTransports {
  readonly #clusters = new Map<string, Set<PeerEntry>>()
  readonly #listeners = new Set<() => void>()
  readonly #suspendedFlows: () => number
  readonly #isOwn: (cluster: string) => boolean

  /** `suspendedFlows` counts those that have no connection now; our own cluster is no other one to reach. */
  constructor(suspendedFlows: () => number, isOwn: (cluster: string) => boolean = () => false) {
    this.#suspendedFlows = suspendedFlows
    this.#isOwn = isOwn
  }

  /** Data connections open now. */
  get size(): number {
    return this.#connections().length
  }

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
    for (const listener of this.#listeners) listener()
  }

  transportTo(cluster: string): FlowTransport | undefined {
    let best: FlowTransport | undefined
    for (const { transport } of this.#clusters.get(cluster) ?? []) {
      if (!takesFlows(transport)) continue
      if (best === undefined || transport.openFlows < best.openFlows) best = transport
    }
    return best
  }

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

  /** Tells all peers to open no more flows. */
  drainAll(): void {
    for (const connection of this.#connections()) connection.drain()
  }

  /** Ends everything; resolves when all are gone. */
  async closeAll(why: Parameters<PeerConnection['close']>[0]): Promise<void> {
    const all = this.#connections()
    for (const connection of all) connection.close(why)
    await Promise.all(all.map((connection) => connection.whenClosed))
  }

  #connections(): PeerConnection[] {
    return [...this.#clusters.values()].flatMap((entries) => [...entries].map((entry) => entry.connection))
  }
}

function takesFlows(transport: FlowTransport): boolean {
  return transport.usable && !transport.draining
}
