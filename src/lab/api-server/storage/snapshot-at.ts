/**
 * The objects of a bucket as they were at an earlier revision, by undoing the changes since: pages of one list agree.
 */
import type { ApiObject } from '../api-object.ts'
import { keyOf } from '../api-object.ts'
import type { Bucket } from './bucket.ts'

/** Objects in key order at `revision`; undefined when the changes since are no longer known. */
export function snapshotAt(bucket: Bucket, revision: number, namespace?: string): ApiObject[] | undefined {
  const changes = bucket.window.since(revision)
  if (changes === undefined) return undefined
  if (changes.length === 0) return bucket.values(namespace)
  const objects = new Map(bucket.values(namespace).map((object) => [keyOf(object), object]))
  for (const change of changes.toReversed()) {
    if (namespace !== undefined && change.object.metadata.namespace !== namespace) continue
    const key = keyOf(change.object)
    if (change.previous === undefined) objects.delete(key)
    else objects.set(key, change.previous)
  }
  return [...objects.keys()].sort().flatMap((key) => objects.get(key) ?? [])
}
