/**
 * What can go wrong with keys, certificates and the identities in them.
 */
import { FairleadError, type FairleadErrorOptions } from '../core/errors.ts'

/** A certificate or key cannot be made or read. */
export class PkiError extends FairleadError {
  override readonly name = 'PkiError'

  constructor(message: string, options: FairleadErrorOptions = {}) {
    super('pki', message, options)
  }
}

/** A certificate does not say, in exactly one well-formed URI, who its owner is. */
export class IdentityError extends FairleadError {
  override readonly name = 'IdentityError'

  constructor(message: string, options: FairleadErrorOptions = {}) {
    super('identity', message, options)
  }
}
