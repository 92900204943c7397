/**
 * Status of a TrafficPolicy, and the Events that tell of its changes. Pure.
 */
import { findCondition } from '../api/conditions.ts'
import type { Condition } from '../api/objects.ts'
import {
  PolicyCondition,
  PolicyReason,
  type PolicyService,
  type TrafficPolicy,
} from '../api/traffic-policy.ts'
import type { TrafficSettings } from '../api/traffic-settings.ts'
import { conditionsOf, type Verdict } from '../api/verdicts.ts'
import { type ChoiceContext, chosenClusters } from './chosen-clusters.ts'
import type { Notice } from './export-status.ts'
import { POLICY_MESSAGE_NAMES } from './limits.ts'
import type { MergedService } from './service-merge.ts'
import type { LostService, PolicyOutcome } from './traffic-assignment.ts'

type PolicyStatus = NonNullable<TrafficPolicy['status']>

/** The status that a policy should have. */
export function policyStatus(
  policy: TrafficPolicy,
  outcome: PolicyOutcome,
  services: PolicyService[],
  now: number,
): PolicyStatus {
  const previous = policy.status?.conditions ?? []
  const context = { previous, generation: outcome.generation, now }
  const conditions = conditionsOf([accepted(outcome), conflicted(outcome)], context)
  return { conditions, ...(services.length === 0 ? {} : { services }) }
}

function accepted(outcome: PolicyOutcome): Verdict {
  const type = PolicyCondition.accepted
  if (outcome.kind === 'invalid') {
    return { type, status: 'False', reason: PolicyReason.invalid, message: outcome.message }
  }
  if (outcome.found) return { type, status: 'True', reason: PolicyReason.accepted, message: '' }
  const message = 'no Service that is exported or imported in this namespace has such a name or such labels'
  return { type, status: 'False', reason: PolicyReason.noTargets, message }
}

function conflicted(outcome: PolicyOutcome): Verdict {
  const type = PolicyCondition.conflicted
  if (outcome.kind === 'invalid' || outcome.lost.length === 0) {
    return { type, status: 'False', reason: PolicyReason.noConflicts, message: '' }
  }
  return { type, status: 'True', reason: PolicyReason.conflicted, message: lossMessage(outcome.lost) }
}

function lossMessage(lost: readonly LostService[]): string {
  const told = lost.slice(0, POLICY_MESSAGE_NAMES).map(({ service, to }) => `${service} (${to})`)
  const more = lost.length - told.length
  return `an older policy decides about ${told.join(', ')}${more === 0 ? '' : ` and ${more} more`}`
}

/** The clusters that new flows to any port of the service go to, sorted. */
export function activeClusters(
  merged: MergedService,
  context: ChoiceContext & { readonly traffic: TrafficSettings },
): string[] {
  const chosen = merged.ports.flatMap((port) => chosenClusters(merged, port, context))
  return [...new Set(chosen)].sort()
}

/** What changed between two lists of conditions that is worth an Event. */
export function policyNotices(
  before: readonly Condition[] | undefined,
  after: readonly Condition[],
): Notice[] {
  return after
    .filter(({ reason }) => reason === PolicyReason.invalid || reason === PolicyReason.conflicted)
    .filter((condition) => findCondition(before, condition.type)?.reason !== condition.reason)
    .map(({ reason, message }) => ({ type: 'Warning', reason, note: message }))
}
