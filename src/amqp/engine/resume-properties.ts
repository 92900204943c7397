/**
 * How the resumption of flows is written into attaches (ADR 9): the opener's sender link tells the token, the time of
 * grace and, when it resumes, the position; the acceptor's answer to that link tells the acceptor's position.
 */
import { type AmqpValue, type Properties, string, uint, ulong } from '../codec/value.ts'
import type { FlowPosition, Resumable } from '../flow-transport.ts'
import { MAX_RESUME_GRACE_MS } from '../limits.ts'
import { invalid, PropertyReader } from './property-reader.ts'

const Property = {
  token: 'fairlead:resume-token',
  grace: 'fairlead:resume-grace',
  received: 'fairlead:resume-received',
  ended: 'fairlead:resume-ended',
} as const

const TOKEN = /^[0-9a-f]{32}$/

/** Adds what `resumable` says. */
export function addResumable(to: Map<string, AmqpValue>, resumable: Resumable): void {
  to.set(Property.token, string(resumable.token))
  to.set(Property.grace, uint(resumable.graceMs))
  if (resumable.at !== undefined) addPosition(to, resumable.at)
}

/** The properties of an answer that tells our position. */
export function positionProperties(position: FlowPosition): Properties {
  const properties = new Map<string, AmqpValue>()
  addPosition(properties, position)
  return properties
}

function addPosition(to: Map<string, AmqpValue>, { received, ended }: FlowPosition): void {
  to.set(Property.received, ulong(received))
  to.set(Property.ended, { type: 'boolean', value: ended })
}

/** What a peer's attach says of resuming; throws when some of it is wrong or missing. */
export function resumableOf(properties: Properties | undefined): Resumable | undefined {
  const from = new PropertyReader(properties)
  const token = from.text(Property.token, (text) => TOKEN.test(text))
  const graceMs = from.count(Property.grace, MAX_RESUME_GRACE_MS)
  const at = positionOf(properties)
  if (token === undefined && graceMs === undefined && at === undefined) return undefined
  if (token === undefined) throw invalid(Property.token)
  if (graceMs === undefined) throw invalid(Property.grace)
  return at === undefined ? { token, graceMs } : { token, graceMs, at }
}

/** The position in a peer's attach; throws when it is half of one or none. */
export function positionOf(properties: Properties | undefined): FlowPosition | undefined {
  const from = new PropertyReader(properties)
  const received = from.count(Property.received, Number.MAX_SAFE_INTEGER)
  const ended = from.flag(Property.ended)
  if (received === undefined && ended === undefined) return undefined
  if (received === undefined) throw invalid(Property.received)
  if (ended === undefined) throw invalid(Property.ended)
  return { received, ended }
}
