/**
 * Records in managedFields who owns the fields a create, update or patch set.
 */
import { type ApiObject, timestamp } from '../api-object.ts'
import { apiVersionOf, type ServedResource } from '../kinds/resource-definition.ts'
import { resolveReference } from '../openapi/catalog.ts'
import { OPEN } from '../openapi/schema.ts'
import type { WriteOptions } from '../verbs/deps.ts'
import { difference, FieldSet, union } from './field-set.ts'
import { compareFields, prunedSet } from './field-walk.ts'
import { isReset, type Ownership, ownableContent, readOwnership, writeOwnership } from './managed-fields.ts'
import { storedSchema } from './stored-schema.ts'

export interface TrackedWrite {
  readonly served: ServedResource
  /** Undefined for a creation. */
  readonly current: ApiObject | undefined
  /** Changed in place: its managedFields are set. */
  readonly next: ApiObject
  readonly options: WriteOptions
  readonly now: number
  readonly subresource?: string | undefined
}

/** Sets `next.metadata.managedFields`: fields that changed now belong to the writer alone. */
export function trackWrite(write: TrackedWrite): void {
  const { current, next, served } = write
  const before = ownersBefore(next, current)
  const old = current === undefined ? {} : ownableContent(current)
  const changes = compareFields(old, ownableContent(next), storedSchema(served) ?? OPEN, resolveReference)
  const touched = prunedSet(union(changes.added, changes.modified))
  const removed = prunedSet(changes.removed)
  const unchanged = touched.isEmpty && removed.isEmpty
  writeOwnership(next, unchanged ? before : reassign(write, before, touched, removed))
}

/** Clients may edit managedFields themselves; what they leave empty is taken from the stored object. */
function ownersBefore(next: ApiObject, current: ApiObject | undefined): Ownership[] {
  if (isReset(next)) return []
  const given = readOwnership(next)
  return given.length > 0 ? given : readOwnership(current)
}

function reassign(
  write: TrackedWrite,
  before: readonly Ownership[],
  touched: FieldSet,
  removed: FieldSet,
): Ownership[] {
  const { options, served, now, subresource = '' } = write
  const isOwn = (entry: Ownership) =>
    entry.operation === 'Update' &&
    entry.manager === options.fieldManager &&
    entry.subresource === subresource
  const others = before
    .filter((entry) => !isOwn(entry))
    .map((entry) => ({ ...entry, fields: difference(difference(entry.fields, touched), removed) }))
  const mine = before.find(isOwn)?.fields ?? new FieldSet()
  const own: Ownership = {
    manager: options.fieldManager,
    operation: 'Update',
    apiVersion: apiVersionOf(served),
    time: timestamp(now),
    subresource,
    fields: union(difference(mine, removed), touched),
  }
  return touched.isEmpty
    ? [...others, { ...own, time: before.find(isOwn)?.time ?? own.time }]
    : [...others, own]
}
