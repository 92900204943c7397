/**
 * How much a flow may send: towards our own routers up to a byte offset the receiver grants, towards others by AMQP's
 * link credit, counted in messages of bounded size (AMQP 1.0 section 2.6.7).
 */
import type { Flow as FlowFrame } from '../codec/performatives.ts'
import { asCount } from '../codec/value.ts'
import { AmqpError, Condition } from '../errors.ts'
import { MAX_DATAGRAM_BYTES, MAX_MESSAGE_SIZE, MAX_SEND_PAYLOAD, MAX_WINDOW_BYTES } from '../limits.ts'
import { CONSUMED_PROPERTY, LIMIT_PROPERTY, type Peer } from './peer.ts'

/** Bytes of a data section's header, which count towards max-message-size. */
const SECTION_HEADER_SIZE = 8

export interface SendWindow {
  /** Bytes that may be sent now. */
  readonly available: number
  /** Largest payload of one message. */
  readonly messageSize: number
  /** Longest datagram one message can carry; longer ones cannot be sent. */
  readonly datagramSize: number
  /** Messages sent, modulo 2^32, from the initial delivery-count 0. */
  readonly deliveryCount: number
  /** Credit left, as a sender's flow performative tells it. */
  readonly credit: number
  sent(bytes: number): void
  /** The receiver's flow performative: how many more bytes it acknowledges, or what is wrong with that. */
  granted(flow: FlowFrame): number | AmqpError
  /** The receiver has handed on all that was sent; how many bytes of it were not acknowledged before. */
  settle(): number
  /** Gives up all credit, as `drain` asks. */
  drain(): void
}

/** The window towards `peer`; `maxPayload` is what fits one frame. */
export function sendWindowFor(
  peer: Peer,
  maxPayload: number,
  maxMessageSize: number | undefined,
): SendWindow {
  const payload = Math.min(maxPayload, MAX_SEND_PAYLOAD)
  if (peer.ours) return new ByteWindow(peer.initialWindow, payload)
  // 0 and absent both mean no limit (section 2.7.3).
  const message = Math.max(
    1,
    Math.min(maxMessageSize || MAX_MESSAGE_SIZE, MAX_MESSAGE_SIZE) - SECTION_HEADER_SIZE,
  )
  return new CreditWindow(Math.min(payload, message), Math.min(message, MAX_DATAGRAM_BYTES))
}

/** A stream may go up to the limit; a datagram, which cannot be cut, may pass it when it begins before. */
class ByteWindow implements SendWindow {
  readonly messageSize: number
  readonly datagramSize = MAX_DATAGRAM_BYTES
  deliveryCount = 0
  credit = 0
  #limit: number
  #offset = 0
  #acknowledged = 0

  constructor(limit: number, messageSize: number) {
    this.#limit = limit
    this.messageSize = messageSize
  }

  get available(): number {
    return Math.min(this.#limit, this.#acknowledged + MAX_WINDOW_BYTES) - this.#offset
  }

  sent(bytes: number): void {
    this.#offset += bytes
    this.deliveryCount = (this.deliveryCount + 1) >>> 0
  }

  granted({ properties }: FlowFrame): number | AmqpError {
    const limit = asCount(properties?.get(LIMIT_PROPERTY))
    if (limit !== undefined && limit > this.#limit) this.#limit = limit
    return this.#acknowledge(asCount(properties?.get(CONSUMED_PROPERTY)) ?? 0)
  }

  settle(): number {
    const bytes = this.#offset - this.#acknowledged
    this.#acknowledged = this.#offset
    return bytes
  }

  #acknowledge(offset: number): number | AmqpError {
    if (offset > this.#offset) {
      const text = `byte ${offset} acknowledged, ${this.#offset} sent`
      return new AmqpError(Condition.notAllowed, text, 'link')
    }
    const bytes = Math.max(0, offset - this.#acknowledged)
    this.#acknowledged += bytes
    return bytes
  }

  /** Credit does not bound this window. */
  drain(): void {}
}

class CreditWindow implements SendWindow {
  readonly messageSize: number
  readonly datagramSize: number
  deliveryCount = 0
  credit = 0
  #unacknowledged = 0

  constructor(messageSize: number, datagramSize: number) {
    this.messageSize = messageSize
    this.datagramSize = datagramSize
  }

  get available(): number {
    return this.credit * this.messageSize
  }

  sent(bytes: number): void {
    this.#unacknowledged += bytes
    this.deliveryCount = (this.deliveryCount + 1) >>> 0
    this.credit -= 1
  }

  granted(flow: FlowFrame): number {
    if (flow.linkCredit === undefined) return 0
    const limit = (flow.deliveryCount ?? 0) + flow.linkCredit
    this.credit = Math.max(0, (limit - this.deliveryCount) | 0)
    return 0
  }

  settle(): number {
    const bytes = this.#unacknowledged
    this.#unacknowledged = 0
    return bytes
  }

  drain(): void {
    this.deliveryCount = (this.deliveryCount + this.credit) >>> 0
    this.credit = 0
  }
}
