/**
 * What can go wrong with the keys and certificates of a cluster. Messages never hold a key or a code.
 */
import { FairleadError, type FairleadErrorOptions } from '../core/errors.ts'

/** A Secret of ours, or what was brought in its place, cannot be used: says which and why. */
export class TrustError extends FairleadError {
  override readonly name = 'TrustError'

  constructor(message: string, options: FairleadErrorOptions = {}) {
    super('trust', message, options)
  }
}
