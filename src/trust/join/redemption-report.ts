/**
 * Tells of redemptions: metrics, Events at the Invite, one log line. Never of codes.
 */
import type { Invite } from '../../api/invite.ts'
import { apiVersion, Resource } from '../../api/resources.ts'
import type { Logger } from '../../core/log.ts'
import type { Metrics } from '../../core/metrics.ts'
import type { EventRecorder, NewEvent } from '../../kube/events.ts'
import type { RedemptionOutcome } from './redemption-message.ts'
import type { Applicant } from './redemption-rules.ts'

export interface RedemptionReportDeps {
  readonly metrics: Metrics
  readonly events: Pick<EventRecorder, 'record'>
  readonly log: Logger
}

/** What the parts of the redemption port tell it. */
export interface RedemptionReport {
  /** Somebody showed the code of `invite`. */
  known(invite: Invite, outcome: RedemptionOutcome, applicant: Applicant | undefined): void
  /** Somebody showed no code, or one that nobody made. */
  stranger(why: 'malformed' | 'rate' | 'crowded' | 'unknown'): void
  /** A known code came, and it could not be told what to do. */
  failed(): void
}

/** Label `outcome` of the metric: `redeemed`, `again`, `failed`, why a stranger went, or the reason of a refusal. */
export function redemptionReport({ metrics, events, log }: RedemptionReportDeps): RedemptionReport {
  const count = metrics.counter(
    'fairlead_redemptions_total',
    'Requests and connections at the redemption port, by what became of them.',
    ['outcome'],
  )
  return {
    stranger: (outcome) => count({ outcome }),
    failed: () => count({ outcome: 'failed' }),
    known(invite, outcome, applicant) {
      count({ outcome: labelOf(outcome) })
      const event = eventOf(outcome, applicant)
      if (event === undefined) return
      const { name = '' } = invite.metadata
      log.info({ invite: name, cluster: applicant?.cluster ?? '', reason: event.reason }, event.note)
      const type = Resource.invite
      events.record({ ...invite, apiVersion: apiVersion(type), kind: type.kind }, event)
    },
  }
}

function labelOf(outcome: RedemptionOutcome): string {
  if (outcome.kind === 'refused') return outcome.reason
  if (outcome.kind === 'unknown') return 'unknown'
  return outcome.again ? 'again' : 'redeemed'
}

function eventOf(outcome: RedemptionOutcome, applicant: Applicant | undefined): NewEvent | undefined {
  const who = `cluster ${applicant?.cluster ?? 'unknown'}`
  switch (outcome.kind) {
    case 'unknown':
      return undefined
    case 'refused':
      return {
        type: 'Warning',
        reason: outcome.reason,
        action: 'Redeem',
        note: `${who} was not let in: ${outcome.message}`,
      }
    case 'redeemed':
      return outcome.again
        ? { type: 'Normal', reason: 'AnsweredAgain', action: 'Redeem', note: `${who} got its answer again` }
        : { type: 'Normal', reason: 'Redeemed', action: 'Redeem', note: `${who} was let in` }
  }
}
