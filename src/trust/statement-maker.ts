/**
 * When the founder says something new about whom to trust, and what. Pure.
 */
import type { MemberStatus } from '../api/trust.ts'
import { sameValue } from '../core/compare.ts'
import type { Revocation, TrustStatement } from '../pki/trust-statement.ts'

export interface WantedTrust {
  readonly clusterset: string
  /** PEM, the one that signs first. */
  readonly roots: readonly string[]
  readonly revoked: readonly Revocation[]
}

/** The statement that says what is wanted, with the next version; undefined when the present one says it. */
export function nextStatement(
  present: TrustStatement | undefined,
  { clusterset, roots, revoked }: WantedTrust,
): TrustStatement | undefined {
  const said = present && { clusterset: present.clusterset, roots: present.roots, revoked: present.revoked }
  if (said !== undefined && sameValue(said, { clusterset, roots, revoked })) return undefined
  return { clusterset, version: (present?.version ?? 0) + 1, roots: [...roots], revoked: [...revoked] }
}

/** Says of revoked clusters which have an authority from after that: they were invited again. */
export function withReadmissions(
  revoked: readonly Revocation[],
  members: readonly Pick<MemberStatus, 'cluster' | 'issuedAt'>[],
): Revocation[] {
  return revoked.map(({ cluster, at }) => {
    const member = members.find((each) => each.cluster === cluster)
    const isBack = member !== undefined && Date.parse(member.issuedAt) > at
    return { cluster, at, ...(isBack ? { readmitted: true } : {}) }
  })
}

/**
 * The revocations that still matter at `now`: those after which an authority from before can be valid. `longestLife` is
 * the longest that any authority was ever made for; all times are milliseconds.
 */
export function pruneRevocations(
  revoked: readonly Revocation[],
  { longestLife, now }: { readonly longestLife: number; readonly now: number },
): Revocation[] {
  return revoked.filter(({ at }) => at + longestLife >= now)
}
