/**
 * What exports and imports need of the control session to the local router. Implemented by src/link.
 */
import type { Directory, OriginState } from '../api/service-record.ts'
import type { SnapshotSource } from '../core/snapshot.ts'

/** How far the router is with what we publish. */
export type OriginConfirmation = Pick<OriginState, 'epoch' | 'sequence'>

export interface DirectoryLink {
  /** What the routers know of all clusters. Kept while the session is down: absence means unknown. */
  readonly directory: SnapshotSource<Directory>
  /** Clusters that were revoked and have not come back: what imports remember of them does not count. */
  readonly gone: SnapshotSource<ReadonlySet<string>>
  /** The newest state of our own cluster that the router has taken; undefined before the first. */
  readonly confirmed: SnapshotSource<OriginConfirmation | undefined>
  /** The latest epoch of our own cluster's state that another cluster holds and that we lack; 0 for none. Untrusted. */
  readonly outdone: SnapshotSource<number>
  /** Clusters that flows can be opened to; undefined while that is not known. */
  readonly reachable: SnapshotSource<ReadonlySet<string> | undefined>
  /** Tells when what is published is signed with another certificate from now on, and has to be published anew. */
  readonly certificate: Pick<SnapshotSource<unknown>, 'subscribe'>
  /** Our own cluster's state from now on. Sent at once, and again to each router that a session is made to. */
  publish(state: OriginState): void
}
