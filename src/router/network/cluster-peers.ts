/**
 * The ways to other clusters as the data path sees them: over a data connection where there is one, else over relays.
 */
import type { FlowTransport } from '../../amqp/flow-transport.ts'
import { Way } from '../../api/network-report.ts'
import type { RelayedPeers } from '../relay/relayed-peers.ts'
import type { PeerTable } from './peer-table.ts'
import type { PeerTransports } from './peers.ts'

export class ClusterPeers implements PeerTransports {
  readonly #direct: PeerTable
  readonly #relayed: RelayedPeers

  constructor(direct: PeerTable, relayed: RelayedPeers) {
    this.#direct = direct
    this.#relayed = relayed
  }

  get openFlows(): number {
    return this.#direct.openFlows
  }

  transportTo(cluster: string): FlowTransport | undefined {
    return this.#direct.transportTo(cluster) ?? this.#relayed.transportTo(cluster)
  }

  wayTo(cluster: string): Way {
    if (this.#direct.transportTo(cluster) !== undefined) return Way.direct
    if (this.#relayed.transportTo(cluster) !== undefined) return Way.relayed
    return this.#direct.drains(cluster) || this.#relayed.drains(cluster) ? Way.draining : Way.none
  }

  costTo(cluster: string): number {
    const cost = this.#direct.costTo(cluster)
    return Number.isFinite(cost) ? cost : this.#relayed.costTo(cluster)
  }

  reachable(): readonly string[] {
    return [...new Set([...this.#direct.reachable(), ...this.#relayed.reachable()])].sort()
  }

  onChange(listener: () => void): () => void {
    return this.#direct.onChange(listener)
  }
}
