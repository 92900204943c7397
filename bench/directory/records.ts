/** Counting records. */
import type { Directory } from '../../src/api/service-record.ts'

/** Of all clusters. */
export function countRecords(directory: Directory): number {
  return [...directory.values()].reduce((sum, { records }) => sum + records.size, 0)
}
