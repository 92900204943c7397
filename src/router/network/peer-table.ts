/**
 * The data connections to every other cluster, whoever dialled them.
 */
import type { FlowTransport } from '../../amqp/flow-transport.ts'
import type { PeerConnection } from './data-connection.ts'
import type { PeerTransports } from './peers.ts'

/** Where an accepted connection came from; undefined for those we dialled. */
interface Entry {
  readonly connection: PeerConnection
  readonly acceptedFrom: string | undefined
}

/** Chooses among connections; forgets them when they close. */
export class PeerTable implements PeerTransports {
  readonly #clusters = new Map<string, Set<Entry>>()
  readonly #listeners = new Set<() => void>()

  /** Data connections open now. */
  get size(): number {
    return this.#connections().length
  }

  get openFlows(): number {
    return this.#connections().reduce((sum, { openFlows }) => sum + openFlows, 0)
  }

  /** Takes a started connection. */
  add(cluster: string, connection: PeerConnection, acceptedFrom?: string): void {
    const entries = this.#clusters.get(cluster) ?? new Set()
    const entry = { connection, acceptedFrom }
    this.#clusters.set(cluster, entries.add(entry))
    void connection.whenClosed.then(() => {
      entries.delete(entry)
      if (entries.size === 0 && this.#clusters.get(cluster) === entries) this.#clusters.delete(cluster)
      this.#changed()
    })
    this.#changed()
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  transportTo(cluster: string): FlowTransport | undefined {
    let best: PeerConnection | undefined
    for (const { connection } of this.#clusters.get(cluster) ?? []) {
      if (!connection.usable) continue
      if (best === undefined || connection.openFlows < best.openFlows) best = connection
    }
    return best
  }

  reachable(): readonly string[] {
    return [...this.#clusters]
      .filter(([, entries]) => [...entries].some(({ connection }) => connection.usable))
      .map(([cluster]) => cluster)
      .sort()
  }

  /** Ends the connections accepted from one address, whose packets are lost on the way. */
  closeAcceptedFrom(cluster: string, address: string, reason: string): void {
    for (const { connection, acceptedFrom } of this.#clusters.get(cluster) ?? []) {
      if (acceptedFrom === address) connection.close(reason)
    }
  }

  /** Ends everything; resolves when all are gone. */
  async closeAll(reason: string): Promise<void> {
    const all = this.#connections()
    for (const connection of all) connection.close(reason)
    await Promise.all(all.map((connection) => connection.whenClosed))
  }

  #changed(): void {
    for (const listener of this.#listeners) listener()
  }

  #connections(): PeerConnection[] {
    return [...this.#clusters.values()].flatMap((entries) => [...entries].map((entry) => entry.connection))
  }
}
