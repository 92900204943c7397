/**
 * Why a link or a control session did not come up or did not stay up.
 */
import { FairleadError, type FairleadErrorOptions } from '../core/errors.ts'

/** The network or the peer's process failed: trying again is right. */
export class LinkLostError extends FairleadError {
  override readonly name: string = 'LinkLostError'

  constructor(message: string, options: FairleadErrorOptions = {}) {
    super('link-lost', message, { retryable: true, ...options })
  }
}

/** The router at the other end takes no new flows, and goes on with those it has: nothing is lost. */
export class LinkDrainingError extends LinkLostError {
  override readonly name = 'LinkDrainingError'
}

/** Nothing came from the peer for too long: the network drops its packets or its process hangs. */
export class PeerSilentError extends LinkLostError {
  override readonly name = 'PeerSilentError'
}

/** Why we will not talk to a peer. Used as a metric label: keep it a short closed set. */
export type RefusalReason =
  | 'no-certificate'
  | 'untrusted'
  | 'expired'
  | 'identity'
  | 'clusterset'
  | 'usage'
  | 'revoked'
  | 'role'
  | 'own-cluster'
  | 'wrong-cluster'
  | 'version'
  | 'capacity'
  | 'timeout'
  | 'handshake'
  | 'proxy'
  | 'upgrade'

/** The peer is not who it should be, or speaks no version of ours: trying again at once is pointless. */
export class PeerRefusedError extends FairleadError {
  override readonly name: string = 'PeerRefusedError'
  readonly reason: RefusalReason

  constructor(reason: RefusalReason, message: string, options: FairleadErrorOptions = {}) {
    super('peer-refused', message, options)
    this.reason = reason
  }
}

/** Error conditions we close connections with: AMQP's (AMQP 1.0 section 2.8.14 to 2.8.16), and one of ours. */
export const Condition = {
  decode: 'amqp:decode-error',
  notAllowed: 'amqp:not-allowed',
  invalidField: 'amqp:invalid-field',
  unauthorized: 'amqp:unauthorized-access',
  resourceLimit: 'amqp:resource-limit-exceeded',
  framing: 'amqp:connection:framing-error',
  forced: 'amqp:connection:forced',
  /** The peer was revoked, or we were. For people: what counts is the trust statement that was told before. */
  revoked: 'fairlead:revoked',
} as const
export type Condition = (typeof Condition)[keyof typeof Condition]

/** The peer broke the protocol. `condition` is sent to it when the session is closed. */
export class ViolationError extends FairleadError {
  override readonly name = 'ViolationError'
  readonly condition: Condition

  constructor(condition: Condition, message: string, options: FairleadErrorOptions = {}) {
    super('violation', message, options)
    this.condition = condition
  }
}
