/**
 * What an Invite says of itself. Pure.
 */
import { type Invite, InviteCondition, type InviteStatus } from '../../api/invite.ts'
import { conditionsOf, type Verdict } from '../../api/verdicts.ts'
import { allowed, isOpen } from './redemption-rules.ts'

/** Why an invite cannot be used. */
export const InviteFault = {
  notFounder: 'NotFounder',
  /** There is none, and will be none as it is. */
  noAddress: 'NoAddress',
  addressPending: 'AddressPending',
  tooMany: 'TooMany',
  invalid: 'Invalid',
  expired: 'Expired',
  usedUp: 'UsedUp',
  rootChanged: 'RootChanged',
} as const

export interface InviteProblem {
  readonly reason: (typeof InviteFault)[keyof typeof InviteFault]
  readonly message: string
}

/** The whole status but for what redemptions write. */
export function inviteStatus(
  invite: Invite,
  made: Omit<InviteStatus, 'conditions' | 'redeemed' | 'redemptions'>,
  problem: InviteProblem | undefined,
  now: number,
): InviteStatus {
  const verdicts = [ready(problem), redeemed(invite)]
  const previous = invite.status?.conditions ?? []
  const { generation } = invite.metadata
  return { ...made, conditions: conditionsOf(verdicts, { previous, generation, now }) }
}

/** Whether one whose code was made is over; undefined while it can be used. */
export function endOf(invite: Invite, now: number): InviteProblem | undefined {
  if ((invite.status?.redemptions ?? []).length >= allowed(invite))
    return { reason: InviteFault.usedUp, message: 'every redemption was used' }
  if (!isOpen(invite, now))
    return { reason: InviteFault.expired, message: 'its time is over; make a new one' }
  return undefined
}

function ready(problem: InviteProblem | undefined): Verdict {
  const type = InviteCondition.ready
  return problem === undefined
    ? { type, status: 'True', reason: 'Open', message: 'its file is in Secret fairlead-invites' }
    : { type, status: 'False', ...problem }
}

function redeemed({ status }: Invite): Verdict {
  const type = InviteCondition.redeemed
  const clusters = (status?.redemptions ?? []).map(({ cluster }) => cluster)
  return clusters.length === 0
    ? { type, status: 'False', reason: 'Waiting', message: 'nobody came yet' }
    : { type, status: 'True', reason: 'Redeemed', message: `by ${clusters.join(', ')}` }
}
