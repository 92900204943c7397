/**
 * The status of a Trust, without its list of members, which is written by whoever registers one. Pure.
 */
import { X509Certificate } from 'node:crypto'
import { metaTime } from '../api/conditions.ts'
import type { CertificateStatus, Trust, TrustStatus } from '../api/trust.ts'
import { TrustCondition, TrustReason } from '../api/trust.ts'
import { conditionsOf, type Verdict } from '../api/verdicts.ts'
import { certificateSha256 } from '../pki/chain.ts'
import { isLate } from './authority-due.ts'
import { type Lifetime, lifetimeOf } from './lifetime.ts'
import type { RotationStep } from './root-rotation.ts'
import type { MemberTrust, TrustView } from './trust-view.ts'

/** All but the members. */
export type OwnStatus = Omit<TrustStatus, 'members'>

/** `now`: milliseconds since 1970. */
export function trustStatus({ metadata, spec, status }: Trust, view: TrustView, now: number): OwnStatus {
  const verdicts = [ready(view), ...certificates(view, now), ...rotation(view)]
  const conditions = conditionsOf(verdicts, {
    previous: status?.conditions ?? [],
    generation: metadata.generation,
    now,
  })
  if (view.kind !== 'member') {
    const { clusterset, cluster } = view.identity ?? {}
    return { role: 'none', ...(clusterset && { clusterset }), ...(cluster && { cluster }), conditions }
  }
  return { role: spec?.found === true ? 'founder' : 'member', ...memberStatus(view), conditions }
}

function memberStatus({ authority, leaves, root, isOffline }: MemberTrust): OwnStatus {
  const { identity, certificate, statement } = authority
  const signing = root === undefined ? authority.root : new X509Certificate(root.keys.active.certPem)
  const renewsRoot = root?.isOurs === true
  return {
    ...identity,
    root: certificateStatus(signing, lifetimeOf(signing), renewsRoot),
    authority: certificateStatus(certificate, lifetimeOf(certificate), !isOffline),
    leaves: leaves.map((leaf) => ({
      role: leaf.role,
      ...certificateStatus(leaf.certificate, leaf.lifetime, leaf.lifetime.renewAt < leaf.lifetime.ends),
    })),
    ...(statement === undefined ? {} : { statement: statement.version }),
  }
}

function certificateStatus(
  certificate: X509Certificate,
  { ends, renewAt }: Lifetime,
  isRenewed: boolean,
): CertificateStatus {
  return {
    sha256: certificateSha256(certificate),
    notAfter: metaTime(ends),
    ...(isRenewed ? { renewAt: metaTime(renewAt) } : {}),
  }
}

function ready(view: TrustView): Verdict {
  const type = TrustCondition.ready
  if (view.kind === 'member') {
    const { cluster, clusterset } = view.authority.identity
    if (view.authority.isRevoked) {
      const message = `cluster ${cluster} was revoked: nobody links with it until it is invited again`
      return { type, status: 'False', reason: TrustReason.revoked, message }
    }
    return {
      type,
      status: 'True',
      reason: TrustReason.member,
      message: `cluster ${cluster} of ${clusterset}`,
    }
  }
  if (view.kind === 'broken') return { type, status: 'False', reason: brokenReason(view), message: view.why }
  if (view.kind === 'leaving' || view.kind === 'left') return leave(view.kind)
  const message =
    'no member of a clusterset: run "fairlead join FILE", or "fairlead install --clusterset NAME" to found one'
  return { type, status: 'False', reason: TrustReason.waitsToJoin, message }
}

function leave(kind: 'leaving' | 'left'): Verdict {
  const type = TrustCondition.ready
  if (kind === 'left')
    return {
      type,
      status: 'False',
      reason: TrustReason.left,
      message: 'the cluster has left its clusterset: run "fairlead join FILE" to join one',
    }
  return {
    type,
    status: 'False',
    reason: TrustReason.leaving,
    message: 'the other clusters are told that this one leaves',
  }
}

/** Of a member, or of what is broken. */
function certificates(view: TrustView, now: number): Verdict[] {
  const type = TrustCondition.certificatesValid
  if (view.kind !== 'member' && view.kind !== 'broken') return []
  if (view.kind === 'broken')
    return [{ type, status: 'False', reason: brokenReason(view), message: view.why }]
  const problem = overdue(view, now)
  if (problem === undefined) return [{ type, status: 'True', reason: TrustReason.valid, message: '' }]
  return [{ type, status: 'False', ...problem }]
}

function brokenReason({ hasEnded }: Extract<TrustView, { kind: 'broken' }>): string {
  return hasEnded ? TrustReason.expired : TrustReason.invalid
}

function overdue(view: MemberTrust, now: number): Pick<Verdict, 'reason' | 'message'> | undefined {
  const { authority, due, isOffline, root } = view
  const ends = metaTime(authority.certificate.validToDate.getTime())
  if (isOffline && due !== undefined) {
    const message = `the authority has to be renewed (${due}), and its root is in a folder: run "fairlead install --pki DIR" again before ${ends}`
    return { reason: TrustReason.rootIsOffline, message }
  }
  if (due !== undefined && isLate(authority, now)) {
    const message = `the founder has not answered; the authority ends at ${ends}, and nothing stops before`
    return { reason: TrustReason.founderAway, message }
  }
  return root === undefined ? undefined : rootEnding(root, now)
}

function rootEnding(
  { keys, step, isOurs }: NonNullable<MemberTrust['root']>,
  now: number,
): Pick<Verdict, 'reason' | 'message'> | undefined {
  const active = new X509Certificate(keys.active.certPem)
  if (isOurs || step.kind !== 'none' || now < lifetimeOf(active).renewAt) return undefined
  const message = `the root ends at ${metaTime(active.validToDate.getTime())}: bring the next one beside it, as next.crt and next.key in Secret fairlead-root`
  return { reason: TrustReason.expiresSoon, message }
}

/** Of the founder. */
function rotation(view: TrustView): Verdict[] {
  if (view.kind !== 'member' || view.root === undefined) return []
  const type = TrustCondition.rootRotating
  const { step } = view.root
  switch (step.kind) {
    case 'begin':
    case 'spreading':
      return [
        { type, status: 'True', reason: TrustReason.spreading, message: spreadingText(waitedFor(step)) },
      ]
    case 'activate':
    case 'renewing':
      return [{ type, status: 'True', reason: TrustReason.renewing, message: renewingText(waitedFor(step)) }]
    default:
      return [{ type, status: 'False', reason: TrustReason.noRotation, message: '' }]
  }
}

function waitedFor(step: RotationStep): readonly string[] {
  return 'waitsFor' in step ? step.waitsFor : []
}

function spreadingText(members: readonly string[]): string {
  if (members.length === 0) return 'the next root is about to sign'
  return `the next root is told; it signs once these members trust it: ${listed(members)}`
}

function renewingText(members: readonly string[]): string {
  if (members.length === 0) return 'the new root signs, and the old one is about to go'
  return `the new root signs; the old one goes once these members have a new authority: ${listed(members)}`
}

const NAMES = 10

function listed(names: readonly string[]): string {
  const more = names.length - NAMES
  return `${names.slice(0, NAMES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
