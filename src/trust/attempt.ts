/**
 * For what may be unreadable, where that counts as absent.
 */
import { FairleadError } from '../core/errors.ts'

/** What `read` gives; undefined when it throws an error of ours. Anything else it throws is a bug, and stays one. */
export function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof FairleadError) return undefined
    throw error
  }
}
