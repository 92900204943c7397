/**
 * What the controller says of a ServicePolicy: its status, and the Events about it. Pure.
 */
import { findCondition } from '../api/conditions.ts'
import type { Condition } from '../api/objects.ts'
import { DenialReason } from '../api/policy-denials.ts'
import {
  ACCESS_ACCEPTED,
  AccessReason,
  type PolicyRefusals,
  type ServicePolicy,
  type ServicePolicyStatus,
} from '../api/service-policy.ts'
import { conditionsOf, type Verdict } from '../api/verdicts.ts'
import type { AccessOutcome } from './access-assignment.ts'
import type { Notice } from './export-status.ts'
import { ACCESS_MAX_POLICIES, ACCESS_STATUS_EXPORTS, POLICY_MESSAGE_NAMES } from './limits.ts'

/** The part of the status that is the controller's. */
export function accessStatus(
  policy: ServicePolicy,
  outcome: AccessOutcome,
  now: number,
): Pick<ServicePolicyStatus, 'exports' | 'conditions'> {
  const context = { previous: policy.status?.conditions ?? [], generation: outcome.generation, now }
  const exports = outcome.exports.slice(0, ACCESS_STATUS_EXPORTS)
  return {
    conditions: conditionsOf([accepted(outcome)], context),
    ...(exports.length === 0 ? {} : { exports }),
  }
}

function accepted({ invalid, exports, crowded }: AccessOutcome): Verdict {
  const type = ACCESS_ACCEPTED
  const refused = (reason: string, message: string): Verdict => ({ type, status: 'False', reason, message })
  if (invalid !== undefined)
    return refused(AccessReason.invalid, `${invalid}. Until this is mended it lets nobody call its targets`)
  if (crowded.length > 0) return refused(AccessReason.tooMany, crowdedMessage(crowded))
  if (exports.length > 0) return { type, status: 'True', reason: AccessReason.accepted, message: '' }
  return refused(AccessReason.noTargets, 'no ServiceExport of this namespace has such a name or such labels')
}

function crowdedMessage(crowded: readonly string[]): string {
  const told = crowded.slice(0, POLICY_MESSAGE_NAMES)
  const more = crowded.length - told.length
  const names = `${told.join(', ')}${more === 0 ? '' : ` and ${more} more`}`
  return `passed over for ${names}: ${ACCESS_MAX_POLICIES} older policies hold there, and no more can`
}

/** What changed between two lists of conditions that is worth an Event. */
export function accessNotices(
  before: readonly Condition[] | undefined,
  after: readonly Condition[],
): Notice[] {
  return after
    .filter(({ reason }) => reason === AccessReason.invalid || reason === AccessReason.tooMany)
    .filter(({ type, reason }) => findCondition(before, type)?.reason !== reason)
    .map(({ reason, message }) => ({ type: 'Warning', reason, note: message }))
}

/** Reason of Events about refused flows. */
export const FLOWS_REFUSED = 'FlowsRefused'

const WHY: Readonly<Record<string, string>> = {
  [DenialReason.notAllowed]: 'no policy of the service lets the client call',
  [DenialReason.connections]: 'as many connections are open as the policy allows',
  [DenialReason.connectionRate]: 'connections come faster than the policy allows',
}

/** The Event about clients of one cluster. The same words each time, so that Kubernetes counts them as one series. */
export function refusalNotice({ cluster, reason }: PolicyRefusals): Notice {
  const note = `refuses flows from cluster ${cluster}: ${WHY[reason] ?? reason}`
  return { type: 'Warning', reason: FLOWS_REFUSED, note }
}
