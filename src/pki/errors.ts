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

/** Why a chain does not hold. Used as a metric label: keep it a short closed set. */
export type ChainFault = 'untrusted' | 'expired' | 'identity' | 'clusterset' | 'usage' | 'revoked'

/** A certificate chain does not show that its owner is a member of the clusterset. */
export class ChainError extends FairleadError {
  override readonly name = 'ChainError'
  readonly fault: ChainFault

  constructor(fault: ChainFault, message: string, options: FairleadErrorOptions = {}) {
    super('chain', message, options)
    this.fault = fault
  }
}

/** Something signed does not say what its signer signed, or its signer may not say it. */
export class SignatureError extends FairleadError {
  override readonly name = 'SignatureError'

  constructor(message: string, options: FairleadErrorOptions = {}) {
    super('signature', message, options)
  }
}
