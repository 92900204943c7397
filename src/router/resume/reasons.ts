/**
 * Why resumable flows are reset, as their owners and the far side are told.
 */
import { FlowCondition, type FlowError } from '../../amqp/flow-transport.ts'

/** A resumption that was overtaken by a later one: the flow is well, and the far side knows that. */
export const STALE = because(FlowCondition.unknownFlow, 'the flow has gone on since then')

export const UNKNOWN = because(FlowCondition.unknownFlow, 'no flow of this token is kept')

export const STOLEN = because(FlowCondition.linkLost, 'the flow goes on over another connection')

export const NEVER_ACCEPTED = because(
  FlowCondition.reset,
  'the connection was lost before the flow was accepted',
)

export const NO_MEMORY = because(FlowCondition.overloaded, 'no memory for what the reader has not read')

export const EXPIRED = because(FlowCondition.linkLost, 'the link did not come back in time')

export const ABANDONED = because(
  FlowCondition.linkLost,
  'the end that opened the flow does not go on with it',
)

/** A loss as well: "overloaded" would say that no backend has seen a byte of it, and that it may be opened elsewhere. */
export const EVICTED = because(FlowCondition.linkLost, 'too many flows wait for a link')

export const RESTARTED = because(FlowCondition.linkLost, 'the router at the other end was restarted')

export const STOPPED = because(FlowCondition.stopped, 'the router has stopped')

export const REVOKED = because(FlowCondition.revoked, 'the cluster at the other end was revoked, or this one')

/** What the far side did is not what the protocol allows. */
export function violation(description: string): FlowError {
  return because('amqp:not-allowed', description)
}

/** Only data connections may say that a link is lost: the far side would wait for this end to come back. */
export function asReset(error: FlowError): FlowError {
  return error.condition === FlowCondition.linkLost ? { ...error, condition: FlowCondition.reset } : error
}

const LOSSES: ReadonlySet<string> = new Set([
  FlowCondition.linkLost,
  FlowCondition.unknownFlow,
  FlowCondition.stopped,
])

const OF_THE_WAY: ReadonlySet<string> = new Set([
  FlowCondition.linkLost,
  FlowCondition.overloaded,
  FlowCondition.noRoute,
  FlowCondition.unvouched,
])

/** Nothing was said of the flow: the way to it is lost, or has no room for it now. */
export function isOfTheWay({ condition }: FlowError): boolean {
  return OF_THE_WAY.has(condition)
}

/** The flow is not known any more, as opposed to wrong or reset by somebody. */
export function isLoss({ condition }: FlowError): boolean {
  return LOSSES.has(condition)
}

function because(condition: string, description: string): FlowError {
  return { condition, description }
}
