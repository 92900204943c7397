/**
 * Whether this cluster leaves its clusterset: it exports and imports nothing then, and remembers nobody.
 */
import type { TrustFacts } from '../api/service-record.ts'
import { Snapshot, type SnapshotSource } from '../core/snapshot.ts'

/** By what it tells of its certificates. Absent: they are somebody else's matter, and it stays. */
export function leaving(trust: SnapshotSource<TrustFacts> | undefined): SnapshotSource<boolean> {
  const left = new Snapshot(trust?.current().left === true)
  trust?.subscribe((facts) => {
    if ((facts.left === true) !== left.current()) left.set(facts.left === true)
  })
  return left
}
