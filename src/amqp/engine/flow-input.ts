/**
 * The receiving half of a flow: deliveries on its link, checked against the window; a stream's data is handed on as it
 * comes, a datagram when it is complete.
 */
import { SectionReader, type SectionSink } from '../codec/section-reader.ts'
import type { TransferHead } from '../codec/transfer.ts'
import { AmqpError, Condition } from '../errors.ts'
import type { FlowHandler } from '../flow-transport.ts'
import { ByteGrant } from './byte-grant.ts'
import { CreditGrant } from './credit-grant.ts'
import { DatagramGatherer } from './datagram-gatherer.ts'
import type { FlowHost } from './flow-host.ts'
import type { Link } from './link.ts'
import type { ReceiveWindow } from './receive-window.ts'

export class FlowInput implements SectionSink {
  link: Link | undefined
  window: ReceiveWindow | undefined
  /** A grant is owed to the sender. */
  grantOwed = false
  /** The owner says when the peer's half-close is acknowledged. */
  endHeld = false
  readonly #host: FlowHost
  readonly #sink: SectionSink
  readonly #sections = new SectionReader(this)
  readonly #datagram: DatagramGatherer | undefined
  #inDelivery = false
  #deliveryId = -1
  #unsettled = false
  #more = false
  #aborted = false
  #bytes = 0
  #failure: AmqpError | undefined

  /** With `datagrams` each delivery is one. */
  constructor(host: FlowHost, sink: SectionSink, datagrams: boolean) {
    this.#host = host
    this.#sink = sink
    this.#datagram = datagrams ? new DatagramGatherer() : undefined
  }

  /** The peer half-closed. */
  get ended(): boolean {
    return this.link?.detachReceived === true
  }

  /** The peer half-closed, and all it sent was handed on. */
  get finished(): boolean {
    return this.ended && !this.endHeld && (this.window?.outstanding ?? 0) === 0
  }

  /** The window stands once peer and link are known; strangers have no credit before we give it. */
  openWindow(deliveryCount: number): void {
    if (this.window !== undefined) return
    const { peer, windows } = this.#host
    this.window = peer.ours
      ? new ByteGrant(windows, deliveryCount, this.#datagram !== undefined)
      : new CreditGrant(windows, deliveryCount)
    this.grantOwed = !this.#host.peer.ours
  }

  /** A transfer begins: the first of a delivery or a continuation. */
  begin(head: TransferHead): AmqpError | undefined {
    this.#more = head.more
    this.#aborted = head.aborted
    if (head.settled) this.#unsettled = false
    if (this.#inDelivery) return undefined
    if (head.deliveryId < 0)
      return new AmqpError(Condition.invalidField, 'delivery without delivery-id', 'link')
    this.#inDelivery = true
    this.#bytes = 0
    this.#deliveryId = head.deliveryId
    this.#unsettled = !head.settled
    return this.window?.message()
  }

  /** The link ends. A stream that breaks off inside a message whose bytes were handed on has not ended well. */
  end(owner: Pick<FlowHandler, 'onEnd'>): AmqpError | undefined {
    if (this.#inDelivery && this.#bytes > 0)
      return new AmqpError(Condition.notAllowed, 'detached inside a delivery that was handed on', 'link')
    owner.onEnd()
    return undefined
  }

  /** Payload of the transfer; data sections reach the sink. */
  payload(chunk: Buffer): AmqpError | undefined {
    if (this.#aborted) return undefined
    return this.#sections.push(chunk) ?? this.#failure
  }

  /** The transfer is over. Returns the delivery to settle, -1 for none, or an error. */
  finish(): AmqpError | number {
    if (this.#aborted) return this.#abort()
    if (this.#more) return -1
    this.#inDelivery = false
    const failure = this.#sections.finish() ?? this.#finishDatagram()
    return failure ?? (this.#unsettled ? this.#deliveryId : -1)
  }

  onBody(data: Buffer): void {
    if (this.#failure !== undefined) return
    if (this.#datagram === undefined) this.#handOn(data)
    else this.#failure = this.#datagram.add(data)
  }

  #finishDatagram(): AmqpError | undefined {
    if (this.#datagram !== undefined && this.#failure === undefined) this.#handOn(this.#datagram.take())
    return this.#failure
  }

  #handOn(data: Buffer): void {
    this.#bytes += data.length
    this.#failure = this.window?.received(data.length)
    if (this.#failure === undefined) this.#sink.onBody(data)
  }

  /** An aborted delivery is forgotten (section 2.7.5), unless bytes of it were handed on: then the stream has a hole. */
  #abort(): AmqpError | number {
    this.#inDelivery = false
    if (this.#bytes > 0)
      return new AmqpError(Condition.notAllowed, 'aborted delivery was already handed on', 'link')
    this.#sections.restart()
    this.#datagram?.clear()
    return -1
  }
}
