/**
 * What a JoinRequest says of itself. Pure.
 */
import { findCondition, isTrue } from '../../api/conditions.ts'
import { JoinCondition, type JoinRequest } from '../../api/invite.ts'
import { conditionsOf } from '../../api/verdicts.ts'
import { Refusal } from './redemption-message.ts'

/** Reasons of condition Redeemed, beside those of Refusal. */
export const JoinReason = {
  joined: 'Joined',
  /** Under way. */
  redeeming: 'Redeeming',
  noClusterId: 'NoClusterId',
  noCode: 'NoCode',
  unreachable: 'Unreachable',
  untrusted: 'Untrusted',
  /** Nobody there knows the code: wrong, or the invite was deleted. */
  unknownCode: 'UnknownCode',
  alreadyMember: 'AlreadyMember',
  membershipDiffers: 'MembershipDiffers',
  badUrl: 'BadUrl',
  badAnswer: 'BadAnswer',
} as const
export type JoinReason = (typeof JoinReason)[keyof typeof JoinReason] | Refusal

/** Nothing changes these but another spec. */
const FINAL: ReadonlySet<string> = new Set([
  ...Object.values(Refusal),
  JoinReason.unknownCode,
  JoinReason.alreadyMember,
  JoinReason.membershipDiffers,
  JoinReason.badUrl,
  JoinReason.badAnswer,
])

/** How far it is. */
export interface JoinProgress {
  readonly reason: JoinReason
  readonly message: string
  readonly joined?: {
    readonly clusterId: string
    readonly clusterset: string
    readonly link?: string | undefined
  }
}

/** The status that says so. */
export function joinStatus(
  request: JoinRequest,
  { reason, message, joined }: JoinProgress,
  now: number,
): NonNullable<JoinRequest['status']> {
  const verdict = {
    type: JoinCondition.redeemed,
    status: joined === undefined ? 'False' : 'True',
    reason,
    message,
  } as const
  const previous = request.status?.conditions ?? []
  const conditions = conditionsOf([verdict], { previous, generation: request.metadata.generation, now })
  if (joined === undefined) return { conditions }
  const { link, ...member } = joined
  return { ...member, ...(link === undefined ? {} : { link }), conditions }
}

/** Done, or not to be tried again as it stands. */
export function isOver({ metadata, status }: JoinRequest): boolean {
  if (isTrue(status?.conditions, JoinCondition.redeemed)) return true
  const condition = findCondition(status?.conditions, JoinCondition.redeemed)
  if (condition === undefined || condition.observedGeneration !== metadata.generation) return false
  return isFinal(condition.reason)
}

/** Whether a reason stands until the spec is another one. */
export function isFinal(reason: string): boolean {
  return FINAL.has(reason)
}
