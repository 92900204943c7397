/**
 * AMQP error conditions (AMQP 1.0 sections 2.8.15 to 2.8.18) and the error that carries one, with how much of the
 * connection it ends.
 */
import { FairleadError, type FairleadErrorOptions } from '../core/errors.ts'

/** The conditions this engine sends. */
export const Condition = {
  internalError: 'amqp:internal-error',
  notFound: 'amqp:not-found',
  decodeError: 'amqp:decode-error',
  resourceLimitExceeded: 'amqp:resource-limit-exceeded',
  notAllowed: 'amqp:not-allowed',
  invalidField: 'amqp:invalid-field',
  notImplemented: 'amqp:not-implemented',
  illegalState: 'amqp:illegal-state',
  frameSizeTooSmall: 'amqp:frame-size-too-small',
  connectionForced: 'amqp:connection:forced',
  framingError: 'amqp:connection:framing-error',
  windowViolation: 'amqp:session:window-violation',
  handleInUse: 'amqp:session:handle-in-use',
  unattachedHandle: 'amqp:session:unattached-handle',
  detachForced: 'amqp:link:detach-forced',
  transferLimitExceeded: 'amqp:link:transfer-limit-exceeded',
  messageSizeExceeded: 'amqp:link:message-size-exceeded',
} as const
export type Condition = (typeof Condition)[keyof typeof Condition]

/** What an error ends: the connection (`close`), a session (`end`) or a link (`detach`). */
export type ErrorScope = 'connection' | 'session' | 'link'

/** A violation of AMQP or of a bound. `condition` is what the peer is told. */
export class AmqpError extends FairleadError {
  override readonly name = 'AmqpError'
  readonly condition: Condition
  readonly scope: ErrorScope

  constructor(
    condition: Condition,
    message: string,
    scope: ErrorScope = 'connection',
    options?: FairleadErrorOptions,
  ) {
    super(condition, message, options)
    this.condition = condition
    this.scope = scope
  }
}

/** Bytes that are not AMQP, or not the type wanted. */
export function decodeError(message: string): AmqpError {
  return new AmqpError(Condition.decodeError, message)
}

/** Frames that break section 2.3 or a negotiated maximum. */
export function framingError(message: string): AmqpError {
  return new AmqpError(Condition.framingError, message)
}

/** One of limits.ts was reached. */
export function limitError(message: string): AmqpError {
  return new AmqpError(Condition.resourceLimitExceeded, message)
}
