/**
 * A session's transfer numbers and windows (AMQP 1.0 section 2.5.6): serial numbers modulo 2^32.
 */
import type { Begin, Flow as FlowFrame } from '../codec/performatives.ts'
import { AmqpError, Condition } from '../errors.ts'

/** We do not bound our own sending by frames: flows are bounded in bytes. */
const OUTGOING_WINDOW = 0x7fff_ffff

export class SessionWindow {
  readonly #incomingMax: number
  readonly #initialOutgoingId: number
  /** Counts transfers, of which a delivery may need several. */
  #nextOutgoingId: number
  #nextDeliveryId: number
  #remoteIncomingWindow = 0
  #nextIncomingId = 0
  #incomingWindow: number

  constructor(initialOutgoingId: number, incomingWindow: number) {
    this.#initialOutgoingId = initialOutgoingId
    this.#nextOutgoingId = initialOutgoingId
    this.#nextDeliveryId = initialOutgoingId
    this.#incomingMax = incomingWindow
    this.#incomingWindow = incomingWindow
  }

  /** Transfers the peer takes now. */
  get room(): number {
    return this.#remoteIncomingWindow
  }

  /** Half of what we granted is used up. */
  get refreshDue(): boolean {
    return this.#incomingWindow <= this.#incomingMax / 2
  }

  /** The fields of our begin. */
  begin(): Pick<Begin, 'nextOutgoingId' | 'incomingWindow' | 'outgoingWindow'> {
    return {
      nextOutgoingId: this.#nextOutgoingId,
      incomingWindow: this.#incomingMax,
      outgoingWindow: OUTGOING_WINDOW,
    }
  }

  /** The peer's begin. */
  onBegin(begin: Begin): void {
    this.#nextIncomingId = begin.nextOutgoingId
    this.#remoteIncomingWindow = begin.incomingWindow
  }

  /** The id of the delivery about to be sent, in as many transfers. */
  takeDelivery(transfers: number): number {
    this.#nextOutgoingId = (this.#nextOutgoingId + transfers) >>> 0
    this.#remoteIncomingWindow -= transfers
    const id = this.#nextDeliveryId
    this.#nextDeliveryId = (id + 1) >>> 0
    return id
  }

  /** A transfer came. */
  onTransfer(): void {
    if (this.#incomingWindow === 0) {
      throw new AmqpError(Condition.windowViolation, 'transfer beyond the incoming-window', 'session')
    }
    this.#incomingWindow -= 1
    this.#nextIncomingId = (this.#nextIncomingId + 1) >>> 0
  }

  /** The session part of a received flow. */
  onFlow(flow: FlowFrame): void {
    const next = flow.nextIncomingId ?? this.#initialOutgoingId
    // Transfers on their way: a difference of serial numbers, so it may wrap.
    const onTheWay = (this.#nextOutgoingId - next) | 0
    this.#remoteIncomingWindow = Math.max(0, flow.incomingWindow - onTheWay)
  }

  /** The session part of a flow we send, which opens the window whole again. */
  flow(): Pick<FlowFrame, 'nextIncomingId' | 'incomingWindow' | 'nextOutgoingId' | 'outgoingWindow'> {
    this.#incomingWindow = this.#incomingMax
    return {
      nextIncomingId: this.#nextIncomingId,
      incomingWindow: this.#incomingWindow,
      nextOutgoingId: this.#nextOutgoingId,
      outgoingWindow: OUTGOING_WINDOW,
    }
  }
}
