/**
 * What users read about it: the conditions of a GlobalNetwork and of what has addresses. Pure.
 */
import { findCondition, type NewCondition } from '../api/conditions.ts'
import { GlobalCondition, GlobalReason } from '../api/globalnet.ts'
import type { Condition } from '../api/objects.ts'
import { formatCidr } from '../core/cidr.ts'
import type { UnmetOwner } from './allocation.ts'
import { RenumberReason, type Review } from './block-review.ts'
import type { ConflictFinding, EgressConflict } from './egress-choice.ts'
import { listed } from './listing.ts'
import { type Overlap, OverlapKind } from './overlap.ts'

export interface NetworkFindings {
  /** Of the metadata.generation that was looked at. */
  readonly generation: number
  readonly review: Review
  readonly overlaps: readonly Overlap[]
  /** The conditions that there were. */
  readonly previous: readonly Condition[] | undefined
}

export function networkConditions(findings: NetworkFindings): NewCondition[] {
  const conflict = { ...networkConflict(findings), observedGeneration: findings.generation }
  return [
    blockCondition(findings),
    { type: GlobalCondition.conflict, ...conflict },
    overlapCondition(findings),
  ]
}

/** Of a GlobalNetwork whose spec cannot be used. */
export function invalidNetwork(message: string, generation: number): NewCondition {
  return allocatedCondition(GlobalReason.invalid, message, generation)
}

export interface OwnerFindings {
  readonly generation: number
  readonly addresses: readonly string[]
  readonly unmet?: UnmetOwner | undefined
}

/** Of a GlobalIngressIP or GlobalEgressIP. */
export function ownerCondition({ generation, addresses, unmet }: OwnerFindings): NewCondition {
  return unmet === undefined
    ? allocatedCondition(GlobalReason.allocated, listed(addresses), generation)
    : allocatedCondition(GlobalReason.exhausted, unmet.message, generation)
}

/** Of a GlobalEgressIP: as it was (`previous`) until it is known. */
export function egressConflict(
  finding: ConflictFinding,
  observedGeneration: number,
  previous: readonly Condition[] | undefined,
): NewCondition[] {
  const type = GlobalCondition.conflict
  if (finding === 'unknown') {
    const before = findCondition(previous, type)
    return before === undefined ? [] : [before]
  }
  const [status, reason, message] =
    finding === 'none'
      ? (['False', GlobalReason.noConflict, ''] as const)
      : (['True', GlobalReason.olderSelects, textOf(finding)] as const)
  return [{ type, status, reason, message, observedGeneration }]
}

function textOf({ to, pods }: EgressConflict): string {
  if (pods.length === 0) return `GlobalEgressIP ${to} is older and has the whole namespace`
  return `GlobalEgressIP ${to} or another older one has these pods: ${listed(pods)}`
}

function allocatedCondition(reason: string, message: string, observedGeneration: number): NewCondition {
  const status = reason === GlobalReason.allocated ? 'True' : 'False'
  return { type: GlobalCondition.allocated, status, reason, message, observedGeneration }
}

function blockCondition({ review, generation }: NetworkFindings): NewCondition {
  if ('claim' in review) {
    return allocatedCondition(GlobalReason.allocated, `block ${formatCidr(review.claim.block)}`, generation)
  }
  const message = review.kind === 'exhausted' ? review.shortage.message : 'global addresses are not wanted'
  return allocatedCondition(GlobalReason.exhausted, message, generation)
}

type Finding = Pick<NewCondition, 'status' | 'reason' | 'message'>

/** That a block was lost stays to be read after the cluster has another. */
function networkConflict({ review, overlaps, previous }: NetworkFindings): Finding {
  const claims = overlaps.filter(({ kind }) => kind === OverlapKind.claim)
  if (claims.length > 0)
    return { status: 'True', reason: GlobalReason.blockClaimed, message: messagesOf(claims) }
  if ('unmet' in review && review.unmet !== undefined) {
    return { status: 'True', reason: GlobalReason.wantedBlockTaken, message: review.unmet }
  }
  if ('givenUp' in review && review.givenUp?.reason === RenumberReason.lost) {
    const [status, reason] =
      review.kind === 'renumber'
        ? (['False', GlobalReason.renumbered] as const)
        : (['True', GlobalReason.blockClaimed] as const)
    return { status, reason, message: review.givenUp.message }
  }
  const before = findCondition(previous, GlobalCondition.conflict)
  if (before?.reason === GlobalReason.renumbered)
    return { status: 'False', reason: before.reason, message: before.message }
  return { status: 'False', reason: GlobalReason.noConflict, message: '' }
}

function overlapCondition({ overlaps, generation }: NetworkFindings): NewCondition {
  const others = overlaps.filter(({ kind }) => kind !== OverlapKind.claim)
  const [status, reason] =
    others.length > 0
      ? (['True', GlobalReason.overlaps] as const)
      : (['False', GlobalReason.noOverlap] as const)
  return {
    type: GlobalCondition.overlap,
    status,
    reason,
    message: messagesOf(others),
    observedGeneration: generation,
  }
}

function messagesOf(overlaps: readonly Overlap[]): string {
  return listed(
    overlaps.map(({ message }) => message),
    '; also: ',
  )
}
