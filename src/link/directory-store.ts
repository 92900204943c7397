/**
 * The one copy of the directory in a process: takes updates by the replica's rules, from peers only what its cluster has
 * signed, and tells who follows it.
 */
import type { Directory, OriginState } from '../api/service-record.ts'
import { Snapshot, type SnapshotSource } from '../core/snapshot.ts'
import { type Applied, applyDelta, applyOrigin } from './directory-replica.ts'
import type { DirectoryDelta } from './messages.ts'
import type { OriginFault, VerifyOrigin } from './origin-signatures.ts'

/** A cluster's new state, and the delta that led to it where there was one. */
export interface DirectoryChange {
  readonly state: OriginState
  readonly delta?: DirectoryDelta
}

export interface MembershipListener {
  onRemoved(cluster: string): void
  onReadmitted(cluster: string): void
}

const GONE: Applied = { kind: 'gone' }

/** What became of an update that a peer sent. */
export type Received = Applied | { readonly kind: 'unverified'; readonly fault: OriginFault }

/** Holds the directory; everything that is told of a change has the new directory to read. */
export class DirectoryStore {
  readonly #directory = new Snapshot<Directory>(new Map())
  readonly #listeners = new Set<(change: DirectoryChange) => void>()
  readonly #membership = new Set<MembershipListener>()
  readonly #verify: VerifyOrigin
  readonly #isGone: (cluster: string) => boolean

  /**
   * `verify` is asked about each state that a peer sent and that would be taken. `isGone`: nothing of that cluster is
   * taken from anybody, as it was revoked.
   */
  constructor(verify: VerifyOrigin, isGone: (cluster: string) => boolean = () => false) {
    this.#verify = verify
    this.#isGone = isGone
  }

  get directory(): SnapshotSource<Directory> {
    return this.#directory
  }

  /** The present state of one cluster. */
  origin(cluster: string): OriginState | undefined {
    return this.#directory.current().get(cluster)
  }

  /** Whether nothing of the cluster is taken. */
  isGone(cluster: string): boolean {
    return this.#isGone(cluster)
  }

  /** Forgets a cluster that is gone. */
  remove(cluster: string): void {
    if (!this.#directory.current().has(cluster)) return
    const left = new Map(this.#directory.current())
    left.delete(cluster)
    this.#directory.set(left)
    for (const listener of [...this.#membership]) listener.onRemoved(cluster)
  }

  /** A cluster that was gone is a member again: whoever has its records may tell them. */
  readmit(cluster: string): void {
    for (const listener of [...this.#membership]) listener.onReadmitted(cluster)
  }

  /** Tells `listener` who goes and comes back. Returns the way to stop. */
  onMembership(listener: MembershipListener): () => void {
    this.#membership.add(listener)
    return () => this.#membership.delete(listener)
  }

  /** Takes all records of a cluster from this process itself. */
  replace(state: OriginState): Applied {
    if (this.#isGone(state.cluster)) return GONE
    return this.#take(applyOrigin(this.#directory.current(), state))
  }

  /** Takes a change to one cluster from this process itself. */
  change(delta: DirectoryDelta): Applied {
    if (this.#isGone(delta.cluster)) return GONE
    return this.#take(applyDelta(this.#directory.current(), delta), delta)
  }

  /** Takes all records of a cluster as a peer tells them. */
  receive(state: OriginState): Received {
    return this.#takeSigned(applyOrigin(this.#directory.current(), state))
  }

  /** Takes a change to one cluster as a peer tells it: what it comes to must be signed. */
  receiveChange(delta: DirectoryDelta): Received {
    if (this.#isGone(delta.cluster)) return GONE
    return this.#takeSigned(applyDelta(this.#directory.current(), delta), delta)
  }

  /** Calls `listener` after each change. Returns the way to stop. */
  onChange(listener: (change: DirectoryChange) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #takeSigned(applied: Applied, delta?: DirectoryDelta): Received {
    if (applied.kind !== 'applied') return applied
    const fault = this.#verify(applied.state)
    if (fault !== undefined) return { kind: 'unverified', fault }
    // Asked after that: who signs with a certificate from after the revocation is a member again.
    return this.#isGone(applied.state.cluster) ? GONE : this.#take(applied, delta)
  }

  #take(applied: Applied, delta?: DirectoryDelta): Applied {
    if (applied.kind !== 'applied') return applied
    this.#directory.set(applied.directory)
    const change = delta === undefined ? { state: applied.state } : { state: applied.state, delta }
    for (const listener of [...this.#listeners]) listener(change)
    return applied
  }
}
