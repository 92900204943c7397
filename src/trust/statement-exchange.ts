/**
 * The trust statement as the process knows it: what came from other clusters, and what is told to them.
 */
import type { SnapshotSource } from '../core/snapshot.ts'
import type { SignedStatement } from '../pki/trust-statement.ts'

/** Implemented by the trust store of the control session. */
export interface StatementExchange {
  /** The newest that is known and that a trusted root signed; undefined before the first. */
  readonly newest: SnapshotSource<SignedStatement | undefined>
  /** Has it told to all, when it is newer. It must be recorded before. */
  offer(signed: SignedStatement): void
}
