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

/** What became of an update that a peer sent. */
export type Received = Applied | { readonly kind: 'unverified'; readonly fault: OriginFault }

/** Holds the directory; everything that is told of a change has the new directory to read. */
export class DirectoryStore {
  readonly #directory = new Snapshot<Directory>(new Map())
  readonly #listeners = new Set<(change: DirectoryChange) => void>()
  readonly #verify: VerifyOrigin

  /** `verify` is asked about each state that a peer sent and that would be taken. */
  constructor(verify: VerifyOrigin) {
    this.#verify = verify
  }

  get directory(): SnapshotSource<Directory> {
    return this.#directory
  }

  /** The present state of one cluster. */
  origin(cluster: string): OriginState | undefined {
    return this.#directory.current().get(cluster)
  }

  /** Takes all records of a cluster from this process itself. */
  replace(state: OriginState): Applied {
    return this.#take(applyOrigin(this.#directory.current(), state))
  }

  /** Takes a change to one cluster from this process itself. */
  change(delta: DirectoryDelta): Applied {
    return this.#take(applyDelta(this.#directory.current(), delta), delta)
  }

  /** Takes all records of a cluster as a peer tells them. */
  receive(state: OriginState): Received {
    return this.#takeSigned(applyOrigin(this.#directory.current(), state))
  }

  /** Takes a change to one cluster as a peer tells it: what it comes to must be signed. */
  receiveChange(delta: DirectoryDelta): Received {
    return this.#takeSigned(applyDelta(this.#directory.current(), delta), delta)
  }

  /** Calls `listener` after each change. Returns the way to stop. */
  onChange(listener: (change: DirectoryChange) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #takeSigned(applied: Applied, delta?: DirectoryDelta): Received {
    const fault = applied.kind === 'applied' ? this.#verify(applied.state) : undefined
    return fault === undefined ? this.#take(applied, delta) : { kind: 'unverified', fault }
  }

  #take(applied: Applied, delta?: DirectoryDelta): Applied {
    if (applied.kind !== 'applied') return applied
    this.#directory.set(applied.directory)
    const change = delta === undefined ? { state: applied.state } : { state: applied.state, delta }
    for (const listener of [...this.#listeners]) listener(change)
    return applied
  }
}
