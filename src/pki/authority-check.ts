/**
 * Whether a certificate is the authority of one cluster of a clusterset: looked at before it is taken or used to sign.
 */
import type { X509Certificate } from 'node:crypto'
import type { TrustAnchors } from './chain.ts'
import { ChainError, IdentityError } from './errors.ts'
import { type AuthorityIdentity, authorityIdentity } from './identity.ts'
import { CLOCK_SKEW_MS } from './limits.ts'

/** An authority that holds. */
export interface VerifiedAuthority {
  readonly identity: AuthorityIdentity
  /** The root that signed it. */
  readonly root: X509Certificate
}

/** Throws ChainError unless a root of `anchors` has signed `authority` and it is valid at `now` (milliseconds since 1970). */
export function verifyAuthority(
  authority: X509Certificate,
  anchors: TrustAnchors,
  now: number,
): VerifiedAuthority {
  if (!authority.ca) throw new ChainError('usage', 'the certificate is no authority')
  const identity = identityOf(authority)
  if (identity.clusterset !== anchors.clusterset)
    throw new ChainError('clusterset', `clusterset ${identity.clusterset} is not ours`)
  const root = signerOf(authority, anchors.roots)
  if (root === undefined) throw new ChainError('untrusted', 'no root of the clusterset has signed it')
  requireValid(authority, now)
  const revokedAt = anchors.revokedAt?.(identity.cluster)
  if (revokedAt !== undefined && authority.validFromDate.getTime() <= revokedAt)
    throw new ChainError('revoked', `cluster ${identity.cluster} was revoked`)
  return { identity, root }
}

/** The first of `roots` that has signed a certificate. */
export function signerOf(
  certificate: X509Certificate,
  roots: readonly X509Certificate[],
): X509Certificate | undefined {
  return roots.find((root) => certificate.issuer === root.subject && certificate.verify(root.publicKey))
}

/** Whether it can be a root: an authority that signed itself. */
export function isRootCertificate(certificate: X509Certificate): boolean {
  return certificate.ca && signerOf(certificate, [certificate]) !== undefined
}

function identityOf(authority: X509Certificate): AuthorityIdentity {
  try {
    return authorityIdentity(authority)
  } catch (cause) {
    if (cause instanceof IdentityError) throw new ChainError('identity', cause.message, { cause })
    throw cause
  }
}

function requireValid(certificate: X509Certificate, now: number): void {
  if (certificate.validToDate.getTime() < now) throw new ChainError('expired', 'the authority has expired')
  if (certificate.validFromDate.getTime() > now + CLOCK_SKEW_MS)
    throw new ChainError('expired', 'the authority is not valid yet')
}
