/**
 * What ends in this router when a cluster is revoked or leaves, other clusters or our own, and what begins again.
 */
import type { Directory } from '../../api/service-record.ts'
import type { Cancel, Clock } from '../../core/clock.ts'
import type { DirectoryStore } from '../../link/directory-store.ts'
import type { Standing } from '../../link/standing.ts'
import type { TrustStore } from '../../link/trust-store.ts'
import type { DataConnections } from './data-connections.ts'
import { LEFT_GRACE_MS } from './limits.ts'
import type { NetworkTopology } from './network-topology.ts'

export interface PartingsDeps {
  /** Our own cluster. */
  readonly own: () => string
  readonly trust: TrustStore
  readonly store: DirectoryStore
  readonly topology: Pick<NetworkTopology, 'goneChanged'>
  readonly data: Pick<DataConnections, 'endGone'>
  readonly clock: Pick<Clock, 'after'>
}

export class Partings {
  readonly #deps: PartingsDeps
  #unfollow: Cancel[] = []
  #cancelLeft: Cancel = () => {}
  #hasLeft = false

  constructor(deps: PartingsDeps) {
    this.#deps = deps
  }

  /** Nothing is shared with that cluster: it was revoked, or we were. */
  readonly parts = (cluster: string): boolean => {
    const { trust, own } = this.#deps
    return trust.standing.current().parts(cluster, own())
  }

  start(): void {
    const { trust, store } = this.#deps
    this.#unfollow = [
      trust.standing.subscribe((next, previous) => this.#follow(next, previous)),
      trust.anchors.subscribe(() => this.#endGone()),
      store.directory.subscribe((directory) => this.#onOwnFacts(directory)),
      () => this.#cancelLeft(),
    ]
  }

  stop(): void {
    for (const cancel of this.#unfollow.splice(0)) cancel()
  }

  #follow({ gone }: Standing, previous: Standing): void {
    const { store, topology } = this.#deps
    for (const cluster of gone) store.remove(cluster)
    for (const cluster of previous.gone) if (!gone.has(cluster)) store.readmit(cluster)
    topology.goneChanged()
  }

  /** Sessions end themselves, when they have told their peers why. */
  #endGone(): void {
    const { trust, data } = this.#deps
    data.endGone((peer) => trust.isVoid(peer), this.parts)
  }

  /** Our cluster has left: others are told that before everything with them ends. */
  #onOwnFacts(directory: Directory): void {
    const { trust, own, clock } = this.#deps
    const hasLeft = directory.get(own())?.facts?.left !== undefined
    if (hasLeft === this.#hasLeft) return
    this.#hasLeft = hasLeft
    this.#cancelLeft()
    if (hasLeft) this.#cancelLeft = clock.after(LEFT_GRACE_MS, () => trust.setLeft(true))
    else trust.setLeft(false)
  }
}
