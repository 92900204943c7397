/**
 * Which clusters are out of the clusterset by a trust statement. Pure.
 */
import type { Revocation } from '../pki/trust-statement.ts'

/** Clusters that were revoked and have not come back. */
export class Standing {
  readonly gone: ReadonlySet<string>
  /** We are one of them: nobody takes anything from us. */
  readonly isSelfGone: boolean

  constructor(gone: ReadonlySet<string>, isSelfGone: boolean) {
    this.gone = gone
    this.isSelfGone = isSelfGone
  }

  /** Whether nothing may be shared with a cluster: it was revoked, or we were. */
  parts(cluster: string, own: string): boolean {
    return cluster !== own && (this.isSelfGone || this.gone.has(cluster))
  }

  equals({ gone, isSelfGone }: Standing): boolean {
    return (
      isSelfGone === this.isSelfGone &&
      gone.size === this.gone.size &&
      [...gone].every((cluster) => this.gone.has(cluster))
    )
  }
}

export const NOBODY_GONE = new Standing(new Set(), false)

/**
 * `shown`: when the newest certificates began that revoked clusters have shown, by cluster. Our own cluster is not in
 * `gone`: its processes go on with each other.
 */
export function standingOf(
  revoked: readonly Revocation[],
  shown: ReadonlyMap<string, number>,
  own: { readonly identity: { readonly cluster: string }; readonly since: number } | undefined,
): Standing {
  const cluster = own?.identity.cluster
  const out = revoked.filter(
    (revocation) => !revocation.readmitted && revocation.at >= (shown.get(revocation.cluster) ?? 0),
  )
  const others = out.filter((revocation) => revocation.cluster !== cluster)
  const self = revoked.find((revocation) => revocation.cluster === cluster)
  return new Standing(
    new Set(others.map((revocation) => revocation.cluster)),
    self !== undefined && own !== undefined && own.since <= self.at,
  )
}
