/**
 * Whether an invite lets a cluster in, by what is recorded of it. Pure.
 */
import type { Invite, Redemption } from '../../api/invite.ts'
import type { RevokedCluster } from '../../api/trust.ts'
import { Refusal, type RefusalAnswer } from './redemption-message.ts'

/** Who asks, as the certificate request says. */
export interface Applicant {
  readonly clusterset: string
  readonly cluster: string
  /** SHA-256 of its public key, hexadecimal. */
  readonly key: string
}

/** What the founder knows. Times in milliseconds since 1970. */
export interface FounderView {
  readonly clusterset: string
  readonly now: number
  /** Whether the id belongs to a member that was not revoked. */
  readonly isTaken: (cluster: string) => boolean
  readonly revoked: readonly RevokedCluster[]
}

export type Judgement =
  | { readonly kind: 'new' }
  /** It was let in before, and its answer was lost. */
  | { readonly kind: 'again' }
  | ({ readonly kind: 'refused' } & RefusalAnswer)

/** What is to be done about an applicant who showed the code of `invite`. */
export function judge(invite: Invite, applicant: Applicant, view: FounderView): Judgement {
  const { spec = {}, status = {} } = invite
  const { cluster, clusterset } = applicant
  if (clusterset !== view.clusterset)
    return refused(
      'otherClusterset',
      `the invite is for clusterset ${view.clusterset}, the request for ${clusterset}`,
    )
  if (!isOpen(invite, view.now)) return refused('expired', 'the invite has expired; ask for a new one')
  if (spec.clusterId !== undefined && spec.clusterId !== cluster)
    return refused('otherCluster', `the invite is for cluster ${spec.clusterId}, the request for ${cluster}`)
  if (isOlder(invite, cluster, view.revoked))
    return refused('revoked', `cluster ${cluster} was revoked after the invite was made; ask for a new one`)
  const before = status.redemptions ?? []
  if (before.some((redemption) => isSame(redemption, applicant))) return { kind: 'again' }
  if (before.length >= allowed(invite)) return refused('usedUp', usedBy(before))
  if (view.isTaken(cluster)) return taken(cluster)
  return { kind: 'new' }
}

/** The answer where an id belongs to somebody else. */
export function taken(cluster: string): Judgement & { kind: 'refused' } {
  return refused(
    'taken',
    `the clusterset has a cluster ${cluster} already; join under another id, or have that one revoked`,
  )
}

/** Whether its time is not over. */
export function isOpen({ status }: Invite, now: number): boolean {
  return now < Date.parse(status?.expiresAt ?? '')
}

/** Clusters it lets in. */
export function allowed({ spec }: Invite): number {
  return spec?.redemptions ?? 1
}

/** Whether this is the cluster, with the key, that was let in. */
export function isSame(redemption: Redemption, { cluster, key }: Applicant): boolean {
  return redemption.cluster === cluster && redemption.key === key
}

/** Whoever was put out needs an invite that was made afterwards. Clocks differ, so the invite says what it knew of. */
function isOlder({ status }: Invite, cluster: string, revoked: readonly RevokedCluster[]): boolean {
  const now = revoked.find((each) => each.cluster === cluster)
  const then = status?.revoked?.find((each) => each.cluster === cluster)
  return now !== undefined && now.at !== then?.at
}

function usedBy(redemptions: readonly Redemption[]): string {
  const clusters = redemptions.map(({ cluster }) => cluster).join(', ')
  return `the invite was used already, by ${clusters}; ask for a new one, and have them revoked if you do not know them`
}

/** The answer to somebody who knows the code and is not let in. */
export function refused(reason: keyof typeof Refusal, message: string): Judgement & { kind: 'refused' } {
  return { kind: 'refused', reason: Refusal[reason], message }
}
