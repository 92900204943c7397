/**
 * What is shared with a peer over its control session, by whose process it is.
 */
import { Snapshot, type SnapshotSource } from '../../core/snapshot.ts'
import type { SharingConfig } from '../../link/directory-session.ts'
import type { TrustAnchors } from '../../pki/chain.ts'
import { type PeerIdentity, Role } from '../../pki/identity.ts'
import type { Arrival } from './arrival.ts'
import type { NetworkTopology } from './network-topology.ts'
import type { PeerTransports } from './peers.ts'

export interface SharingDeps {
  /** Our own cluster. */
  readonly own: () => string
  readonly anchors: SnapshotSource<TrustAnchors>
  readonly topology: Pick<NetworkTopology, 'hookFor'>
  readonly arrival: Pick<Arrival, 'told'>
  /** Whom we reach, which our controller is told. */
  readonly reach: PeerTransports
}

export class Sharing {
  readonly #deps: SharingDeps
  readonly #outdone = new Snapshot(0)

  constructor(deps: SharingDeps) {
    this.#deps = deps
  }

  /** The latest epoch of our own cluster's records that another cluster holds and that we lack; 0 for none. */
  get outdone(): SnapshotSource<number> {
    return this.#outdone
  }

  /**
   * Our controller owns our cluster's records, gets all, and is told whom we reach. Another router of our cluster may
   * relay any record; one of another cluster any but ours, and needs not its own. `cost` is that of the link.
   */
  with(peer: PeerIdentity, cost: number): SharingConfig {
    const { own, anchors, reach } = this.#deps
    const cluster = own()
    const shared = { trust: anchors, owns: (origin: string) => origin === peer.cluster }
    if (peer.role !== Role.controller) return { ...shared, ...this.#withRouter(peer, cost, cluster) }
    return {
      ...shared,
      maySend: () => true,
      mayReceive: (origin) => origin === cluster,
      reach,
      outdone: this.#outdone,
    }
  }

  #withRouter(peer: PeerIdentity, cost: number, own: string): Omit<SharingConfig, 'trust' | 'owns'> {
    const { topology, arrival } = this.#deps
    const common = {
      topology: topology.hookFor(peer, cost),
      onCaughtUp: () => arrival.told(peer.cluster),
    }
    if (peer.cluster !== own)
      return {
        ...common,
        maySend: (origin) => origin !== peer.cluster,
        mayReceive: (origin) => origin !== own,
        onOutdone: ({ epoch }) => this.#raiseOutdone(epoch),
      }
    const all = () => true
    const onOutdoneEpoch = (epoch: number) => this.#raiseOutdone(epoch)
    return { ...common, maySend: all, mayReceive: all, outdone: this.#outdone, onOutdoneEpoch }
  }

  #raiseOutdone(epoch: number): void {
    if (epoch > this.#outdone.current()) this.#outdone.set(epoch)
  }
}
