/**
 * Whether a cluster's authority has to be made anew, and why. Pure.
 */
import type { X509Certificate } from 'node:crypto'
import { certificateSha256 } from '../pki/chain.ts'
import type { ClusterAuthority } from './authority-secret.ts'
import { lifetimeOf } from './lifetime.ts'
import { LATE_PART, RENEW_AT } from './limits.ts'

export interface AuthorityWishes {
  /** The root that is to have signed it. */
  readonly root: X509Certificate | undefined
  /** Counter of Trust.spec.rotate, and the one it was made for. */
  readonly rotation: { readonly wanted: number; readonly done: number }
  /** Milliseconds since 1970. */
  readonly now: number
}

/** For people; undefined when it is good. */
export function authorityDue(
  { certificate, root }: Pick<ClusterAuthority, 'certificate' | 'root'>,
  wishes: AuthorityWishes,
): string | undefined {
  if (wishes.rotation.wanted !== wishes.rotation.done) return 'it is asked for'
  if (wishes.root !== undefined && certificateSha256(wishes.root) !== certificateSha256(root))
    return 'another root signs now'
  // No authority outlives its root: another one of that root would end no later.
  const endsWithRoot = certificate.validToDate.getTime() >= root.validToDate.getTime()
  if (wishes.now >= lifetimeOf(certificate).renewAt && !endsWithRoot) return 'two thirds of its life are over'
  return undefined
}

/** Whether it should have been renewed for some time: somebody ought to look. */
export function isLate({ certificate }: Pick<ClusterAuthority, 'certificate'>, now: number): boolean {
  const { made, ends } = lifetimeOf(certificate)
  return now >= made + (ends - made) * (RENEW_AT + LATE_PART)
}
