/**
 * How much the far side may send on a flow before its bytes were handed on: the counterpart of send-window.ts. In bytes
 * towards our own routers (byte-grant.ts), in messages towards others (credit-grant.ts).
 */
import type { Properties } from '../codec/value.ts'
import { AmqpError, Condition } from '../errors.ts'

/** The link part of a flow performative. */
export interface Grant {
  readonly deliveryCount: number
  readonly linkCredit: number
  /** A sender's: the receiver asked for its credit back. */
  readonly drain?: boolean
  readonly properties?: Properties | undefined
}

export interface ReceiveWindow {
  /** Bytes received and not handed on. */
  readonly outstanding: number
  /** Bytes were handed on that the sender does not know of. */
  readonly owes: boolean
  /** A message begins. */
  message(): AmqpError | undefined
  /** Bytes of it came. */
  received(bytes: number): AmqpError | undefined
  /** Bytes were handed on; true when the sender should be told. */
  consumed(bytes: number): boolean
  /** Bytes wait elsewhere to be handed on, and need no room here; true when the sender should be told. */
  passed(bytes: number): boolean
  /** What to tell the sender now. */
  grant(): Grant
  /** Nothing more comes. What came and was not handed on will still be, unless it is dropped. */
  end(isDropped: boolean): void
}

/** The sender went beyond what it was granted. */
export function beyondGrant(text: string): AmqpError {
  return new AmqpError(Condition.transferLimitExceeded, text, 'link')
}
