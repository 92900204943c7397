/**
 * Whether this cluster leaves its clusterset: it exports and imports nothing then, and remembers nobody.
 */
import type { TrustFacts } from '../api/service-record.ts'
import { Snapshot, type SnapshotSource } from '../core/snapshot.ts'

/** By what it tells of its certificates. Absent: they are somebody else's matter, and it stays. */
export function leaving(trust: SnapshotSource<TrustFacts> | undefined): SnapshotSource<boolean> {
  const left = new Snapshot(trust?.current().left !== undefined)
  trust?.subscribe((facts) => {
    const now = facts.left !== undefined
    if (now !== left.current()) left.set(now)
  })
  return left
}
