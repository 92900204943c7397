/**
 * One end of a flow: joins the owner's calls with two links, in the order AMQP demands. Its own state is the queue of
 * what is to be sent: frames are made when the pump gives it a turn, so a stalled socket costs no memory. It is long because
 * the calls of owner, links and pump all meet here; what they do is in the parts it joins.
 */
import type { Attach, Flow as FlowFrame } from '../codec/performatives.ts'
import type { TransferHead } from '../codec/transfer.ts'
import { AmqpError, Condition } from '../errors.ts'
import {
  type FlowChannel,
  FlowCondition,
  type FlowError,
  type FlowHandler,
  type FlowPosition,
  type FlowRequest,
} from '../flow-transport.ts'
import type { AckDebtor } from './ack-timer.ts'
import { FlowAcceptance } from './flow-acceptance.ts'
import { FlowFrames } from './flow-frames.ts'
import type { FlowHost } from './flow-host.ts'
import { FlowInput } from './flow-input.ts'
import { FlowOutput } from './flow-output.ts'
import type { Link, LinkOwner } from './link.ts'
import type { Turn } from './pump.ts'
import type { BudgetWaiter } from './send-budget.ts'

export class Flow implements FlowChannel, LinkOwner, Turn, BudgetWaiter, AckDebtor {
  readonly id: string
  readonly isOpener: boolean
  /** The request of a flow we opened. */
  readonly request: FlowRequest | undefined
  readonly output: FlowOutput
  readonly input: FlowInput
  queued = false
  next: Turn | undefined
  readonly #host: FlowHost
  readonly #acceptance: FlowAcceptance
  readonly #frames: FlowFrames
  #handler: FlowHandler | undefined
  /** The owner still takes part. */
  #live = true
  #failure: FlowError | undefined
  #released = false

  /** With a request when we open the flow. */
  constructor(host: FlowHost, id: string, protocol: FlowRequest['protocol'], request?: FlowRequest) {
    const datagrams = protocol === 'UDP'
    this.#host = host
    this.id = id
    this.request = request
    this.isOpener = request !== undefined
    this.output = new FlowOutput(host, this, datagrams)
    this.input = new FlowInput(host, this, datagrams)
    this.#acceptance = new FlowAcceptance(this.isOpener)
    this.#frames = new FlowFrames(host, this.output, this.input, this.#acceptance, request)
  }

  /** False once the owner is told nothing more. */
  get live(): boolean {
    return this.#live
  }

  get links(): readonly (Link | undefined)[] {
    return [this.output.link, this.input.link]
  }

  // Set-up, by the session

  /** Whose calls these are. Flows that are refused before have none. */
  setHandler(handler: FlowHandler): void {
    if (!this.#live) return
    this.#handler = handler
    this.#host.started()
  }

  /** Gives a flow we open its links; between our own routers their windows stand before the answer. */
  addLinks(output: Link, input: Link): void {
    this.output.link = output
    this.input.link = input
    if (this.#host.peer.ours) {
      this.output.openWindow(undefined)
      this.input.openWindow(0)
      this.#checkWritable()
    }
    this.#host.schedule(this)
  }

  /** Gives an accepted flow one of its links. */
  addLink(link: Link, attach: Attach): void {
    if (link.role === 'sender') this.output.link = link
    else this.input.link = link
    this.#openWindow(link, attach)
  }

  /** Answers the one link there is, for strangers that wait for the answer before they attach the second. */
  answerEarly(link: Link): void {
    this.#acceptance.early = link
    this.#host.schedule(this)
  }

  // FlowChannel

  get writable(): number {
    return this.#live && !this.output.ending ? this.output.writable : 0
  }

  get dropped(): number {
    return this.output.dropped
  }

  write(chunk: Buffer): void {
    if (!this.#live || this.output.ending) return
    this.output.push(chunk)
    this.#host.schedule(this)
  }

  end(): void {
    if (!this.#live || this.output.ending) return
    this.output.ending = true
    this.#host.schedule(this)
  }

  reset(error: FlowError): void {
    if (!this.#live) return
    this.#failure = error
    this.#stop()
    this.#host.schedule(this)
  }

  consumed(bytes: number): void {
    const isGrantDue = this.input.window?.consumed(bytes) === true
    if (!this.#live) return
    if (this.input.ended) this.#host.schedule(this)
    else if (isGrantDue) this.#oweGrant()
    else if (this.input.window?.owes === true) this.#host.acks.owe(this)
  }

  passed(bytes: number): void {
    const isGrantDue = this.input.window?.passed(bytes) === true
    if (isGrantDue && this.#live && !this.input.ended) this.#oweGrant()
  }

  holdEnd(): void {
    this.input.endHeld = true
  }

  endTaken(): void {
    this.input.endHeld = false
    if (this.#live) this.#host.schedule(this)
  }

  accept(position?: FlowPosition): void {
    if (this.#acceptance.give(position)) this.#host.schedule(this)
  }

  // What the links tell

  onAttachAnswer(link: Link, attach: Attach): void {
    const error = this.#acceptance.answered(link, attach)
    this.#fail(error)
    this.#openWindow(link, attach)
    if (this.#acceptance.completed(this.output.link, this.input.link))
      this.#handler?.onAccept(this.#acceptance.position)
  }

  onDetach(link: Link, error: FlowError | undefined): void {
    this.#host.schedule(this)
    if (!this.#live) return
    if (error !== undefined) this.lose(error)
    else if (this.#handler === undefined)
      this.lose({ condition: Condition.detachForced, description: 'one link only' })
    else if (link === this.input.link) this.#fail(this.input.end(this.#handler))
    else if (!link.detachSent)
      this.lose({ condition: FlowCondition.reset, description: 'the receiver detached' })
    else this.#onEndAcknowledged()
  }

  onFlow(link: Link, flow: FlowFrame): void {
    if (link !== this.output.link) {
      if (flow.echo === true) this.input.grantOwed = true
    } else {
      this.#onAcknowledged(this.output.granted(flow))
      this.#checkWritable()
    }
    this.#host.schedule(this)
  }

  onTransfer(_link: Link, head: TransferHead): void {
    if (!this.#live) return
    if (this.#handler === undefined)
      this.#fail(new AmqpError(Condition.illegalState, 'flow has one link only'))
    else this.#fail(this.input.begin(head))
  }

  onPayload(chunk: Buffer): void {
    if (this.#live) this.#fail(this.input.payload(chunk))
  }

  onTransferEnd(): void {
    if (!this.#live) return
    const outcome = this.input.finish()
    if (typeof outcome !== 'number') this.#fail(outcome)
    else if (outcome >= 0) this.#host.settle(outcome)
  }

  /** The flow is gone: tells the owner, and the peer when the links still stand. */
  lose(error: FlowError): void {
    if (!this.#live) return
    const handler = this.#handler
    this.reset(error)
    handler?.onReset(error)
  }

  /** A piece of a data section, in order. */
  onBody(data: Buffer): void {
    this.#host.countReceived(data.length)
    this.#handler?.onData(data)
  }

  /** Bytes were handed on a while ago and the sender does not know. */
  onAckDue(): void {
    if (this.#live && !this.input.ended && this.input.window?.owes === true) this.#oweGrant()
  }

  /** The connection has room again. */
  onBudget(): void {
    this.#checkWritable()
  }

  // Sending, when the pump gives a turn

  takeTurn(): boolean {
    if (this.#failure !== undefined) return this.#sendFailure(this.#failure)
    if (!this.#frames.attaches()) return false
    this.#frames.grant()
    const more = this.output.send()
    this.output.sendState()
    this.#checkWritable()
    this.#frames.ends()
    this.#checkClosed()
    this.#checkReleased()
    return more
  }

  /** Detaches what is attached; a flow of ours that never was on the wire just goes. */
  #sendFailure(error: FlowError): false {
    if (this.#frames.begun) {
      this.#frames.failure(error)
      this.#checkReleased()
    } else this.#release()
    return false
  }

  #openWindow(link: Link, attach: Attach): void {
    if (link === this.output.link) this.output.openWindow(attach.maxMessageSize)
    else this.input.openWindow(attach.initialDeliveryCount ?? 0)
    this.#checkWritable()
    this.#host.schedule(this)
  }

  // States

  /** The far side has handed on all we sent, and answers our half-close. */
  #onEndAcknowledged(): void {
    this.#onAcknowledged(this.output.settle())
    this.#handler?.onEndAcked?.()
    this.#checkClosed()
  }

  #onAcknowledged(bytes: number | AmqpError): void {
    if (typeof bytes !== 'number') this.#fail(bytes)
    else if (bytes > 0) this.#handler?.onAcked(bytes)
  }

  #oweGrant(): void {
    this.input.grantOwed = true
    this.#host.schedule(this)
  }

  #checkWritable(): void {
    if (this.#live && this.output.reopened()) this.#handler?.onDrain()
  }

  #fail(error: AmqpError | undefined): void {
    if (error !== undefined) this.lose({ condition: error.condition, description: error.message })
  }

  /** Both ends went by and were answered: nothing is on its way any more. */
  #checkClosed(): void {
    if (!this.#live || !this.#frames.gone) return
    const handler = this.#handler
    this.#stop()
    handler?.onClosed()
  }

  /** The owner is told nothing more. */
  #stop(): void {
    this.#live = false
    this.output.drop()
    this.input.window?.end(this.#failure !== undefined)
    this.#host.acks.forget(this)
    if (this.#handler !== undefined) this.#host.finished()
    this.#handler = undefined
  }

  #checkReleased(): void {
    if (!this.#live && this.#frames.gone) this.#release()
  }

  #release(): void {
    if (this.#released) return
    this.#released = true
    this.#host.released(this)
  }
}
