/**
 * Rules of the replicated directory, as pure functions: which update replaces what. Knows no sessions and no time.
 *
 * An origin's state is ordered by (epoch, sequence). Newer replaces older, whole; a delta applies only on top of exactly
 * the state it was made from. So every replica that has seen an origin's newest state holds the same, whatever came before.
 */
import { isDeepStrictEqual } from 'node:util'
import type { ServiceKey } from '../api/names.ts'
import type { Directory, OriginState, ServiceRecord } from '../api/service-record.ts'
import { MAX_DELTA_CHANGES, MAX_DIRECTORY_RECORDS, MAX_ORIGINS, MAX_RECORDS_PER_ORIGIN } from './limits.ts'
import { recordsByKey } from './message-codec.ts'
import { compareVersions, type DirectoryDelta, type OriginVersion } from './messages.ts'

export type Applied =
  /** The directory with the update in it. */
  | { readonly kind: 'applied'; readonly directory: Directory; readonly state: OriginState }
  /** Nothing new. */
  | { readonly kind: 'stale' }
  /** A delta whose base we do not have: the whole origin is needed. */
  | { readonly kind: 'gap' }
  /** The cluster was revoked: nothing of it is taken, whoever tells it. */
  | { readonly kind: 'gone' }
  /** A bound would be broken. */
  | { readonly kind: 'refused'; readonly reason: string }

/** Takes all records of one origin. */
export function applyOrigin(directory: Directory, state: OriginState): Applied {
  const present = directory.get(state.cluster)
  if (present !== undefined && compareVersions(state, present) <= 0) return { kind: 'stale' }
  const reason = breaksBound(directory, present, state)
  if (reason !== undefined) return { kind: 'refused', reason }
  return { kind: 'applied', state, directory: new Map(directory).set(state.cluster, state) }
}

/** Takes a change to one origin. */
export function applyDelta(directory: Directory, delta: DirectoryDelta): Applied {
  const present = directory.get(delta.cluster)
  if (present === undefined) return { kind: 'gap' }
  if (compareVersions({ epoch: delta.epoch, sequence: delta.to }, present) <= 0) return { kind: 'stale' }
  if (delta.epoch !== present.epoch || delta.from !== present.sequence) return { kind: 'gap' }
  const { cluster, epoch, to: sequence, facts = present.facts, signature } = delta
  const records = changedRecords(present.records, delta)
  return applyOrigin(directory, {
    cluster,
    epoch,
    sequence,
    records,
    ...(facts === undefined ? {} : { facts }),
    ...(signature === undefined ? {} : { signature }),
  })
}

/** What leads from one state to the next of the same epoch; undefined when it is too large for one delta. */
export function deltaBetween(from: OriginState, to: OriginState): DirectoryDelta | undefined {
  const upserts = [...to.records.entries()].flatMap(([key, record]) =>
    sameRecord(from.records.get(key), record) ? [] : [record],
  )
  const removes = [...from.records.keys()].filter((key) => !to.records.has(key))
  if (upserts.length > MAX_DELTA_CHANGES || removes.length > MAX_DELTA_CHANGES) return undefined
  const { cluster, epoch, sequence, signature } = to
  return {
    type: 'directory-delta',
    cluster,
    epoch,
    from: from.sequence,
    to: sequence,
    upserts,
    removes,
    ...(isDeepStrictEqual(from.facts, to.facts) ? {} : { facts: to.facts ?? {} }),
    ...(signature === undefined ? {} : { signature }),
  }
}

/** The versions in a directory, to compare with a peer's. */
export function digestOf(directory: Directory): OriginVersion[] {
  return [...directory.values()].map(({ cluster, epoch, sequence }) => ({ cluster, epoch, sequence }))
}

function sameRecord(a: ServiceRecord | undefined, b: ServiceRecord): boolean {
  return a === b || isDeepStrictEqual(a, b)
}

function changedRecords(
  records: ReadonlyMap<ServiceKey, ServiceRecord>,
  { upserts, removes }: DirectoryDelta,
): ReadonlyMap<ServiceKey, ServiceRecord> {
  const next = new Map(records)
  for (const key of removes) next.delete(key)
  for (const [key, record] of recordsByKey(upserts)) next.set(key, record)
  return next
}

function breaksBound(
  directory: Directory,
  present: OriginState | undefined,
  next: OriginState,
): string | undefined {
  if (present === undefined && directory.size >= MAX_ORIGINS) return `more than ${MAX_ORIGINS} clusters`
  if (next.records.size > MAX_RECORDS_PER_ORIGIN)
    return `more than ${MAX_RECORDS_PER_ORIGIN} records of one cluster`
  let total = next.records.size - (present?.records.size ?? 0)
  for (const origin of directory.values()) total += origin.records.size
  return total > MAX_DIRECTORY_RECORDS ? `more than ${MAX_DIRECTORY_RECORDS} records in all` : undefined
}
