/**
 * The sending half of a flow: bytes or datagrams waiting, the window they wait for, and the link they leave on.
 */
import type { Flow as FlowFrame } from '../codec/performatives.ts'
import { TRANSFER_HEADER_SIZE } from '../codec/transfer.ts'
import type { AmqpError } from '../errors.ts'
import { FLOW_QUEUE_BYTES, MAX_DATAGRAM_BYTES, MAX_SEND_PAYLOAD } from '../limits.ts'
import { DatagramQueue } from './datagram-queue.ts'
import type { FlowHost } from './flow-host.ts'
import type { Link } from './link.ts'
import type { OutputQueue } from './output-queue.ts'
import type { BudgetWaiter } from './send-budget.ts'
import { SendQueue } from './send-queue.ts'
import { type SendWindow, sendWindowFor } from './send-window.ts'

export class FlowOutput {
  link: Link | undefined
  window: SendWindow | undefined
  /** The owner half-closed: detach after the last byte. */
  ending = false
  #draining = false
  #stateOwed = false
  readonly #host: FlowHost
  readonly #waiter: BudgetWaiter
  /** Undefined for a stream. */
  readonly #datagrams: DatagramQueue | undefined
  readonly #queue: OutputQueue
  /** The owner may write, as far as it knows. */
  #flowing = true

  /** `waiter` is told when the connection has room again. */
  constructor(host: FlowHost, waiter: BudgetWaiter, datagrams: boolean) {
    this.#host = host
    this.#waiter = waiter
    this.#datagrams = datagrams ? new DatagramQueue((bytes) => this.#onDrop(bytes)) : undefined
    this.#queue = this.#datagrams ?? new SendQueue()
  }

  /** Nothing waits. */
  get empty(): boolean {
    return this.#queue.empty
  }

  /** Datagrams that were dropped instead of sent. */
  get dropped(): number {
    return this.#datagrams?.dropped ?? 0
  }

  /** Bytes that may be written now; 0 or less is a promise that `reopened` comes. */
  get writable(): number {
    // Owners of datagrams need not wait: old ones make room.
    if (this.#datagrams !== undefined) return MAX_DATAGRAM_BYTES
    const room = this.#room
    this.#flowing = room > 0 && !this.#host.budget.exhausted
    if (room > 0 && !this.#flowing) this.#host.budget.wait(this.#waiter)
    return this.#flowing ? room : Math.min(room, 0)
  }

  /** True once when writing may go on after it had to stop. */
  reopened(): boolean {
    return !this.#flowing && !this.ending && this.writable > 0
  }

  /** What the window and the flow's share of the queue leave. */
  get #room(): number {
    // Before the session is there, the window is not known: one read's worth may wait here.
    const open = this.window === undefined ? MAX_SEND_PAYLOAD : this.window.available
    return Math.min(open, FLOW_QUEUE_BYTES) - this.#queue.bytes
  }

  /** The window stands once peer and link are known. */
  openWindow(maxMessageSize: number | undefined): void {
    this.window ??= sendWindowFor(this.#host.peer, this.#host.maxPayload, maxMessageSize)
  }

  push(chunk: Buffer): void {
    if (this.#datagrams !== undefined) {
      this.#pushDatagram(chunk, this.#datagrams)
      return
    }
    this.#queue.push(chunk)
    this.#host.budget.add(chunk.length)
    if (this.#room <= 0) this.#flowing = false
  }

  /** When the connection has no room left, older datagrams of the same flow make it. */
  #pushDatagram(datagram: Buffer, queue: DatagramQueue): void {
    const { budget } = this.#host
    const before = queue.bytes
    queue.push(datagram)
    budget.add(datagram.length)
    while (budget.exhausted && queue.bytes > before) queue.dropFirst()
  }

  #onDrop(bytes: number): void {
    this.#host.budget.remove(bytes)
    this.#host.countDropped()
  }

  /** Forgets what waits. */
  drop(): void {
    this.#host.budget.remove(this.#queue.bytes)
    this.#host.budget.forget(this.#waiter)
    this.#queue.clear()
  }

  /** Sends one turn's worth; true when more could go now. */
  send(): boolean {
    const { link, window } = this
    if (link === undefined || window === undefined || link.detachSent) return false
    let turn = MAX_SEND_PAYLOAD
    while (turn > 0) {
      const size = this.#queue.next(window)
      if (size < 0 || !this.#host.canSend(size)) return false
      this.#host.sendDelivery(link.handle, size, this.#queue)
      window.sent(size)
      turn -= size + TRANSFER_HEADER_SIZE
    }
    return this.#queue.next(window) >= 0
  }

  /** The receiver's flow performative: how many more bytes it acknowledges, or what is wrong with that. */
  granted(flow: FlowFrame): number | AmqpError {
    this.#draining = flow.drain === true
    this.#stateOwed ||= flow.echo === true
    return this.#acknowledged(this.window?.granted(flow) ?? 0)
  }

  /** The receiver has handed on all we sent; how many bytes of it were not acknowledged before. */
  settle(): number | AmqpError {
    return this.#acknowledged(this.window?.settle() ?? 0)
  }

  /** Nobody keeps datagrams. */
  #acknowledged(bytes: number | AmqpError): number | AmqpError {
    return typeof bytes === 'number' && this.#datagrams !== undefined ? 0 : bytes
  }

  /** Tells the receiver our state when it asked, or when credit is left over that it wants back (section 2.6.7). */
  sendState(): void {
    const { link, window } = this
    if (link === undefined || window === undefined || link.detachSent) return
    const giveBack = this.#draining && this.#queue.empty
    if (!giveBack && !this.#stateOwed) return
    if (giveBack) window.drain()
    const { deliveryCount, credit: linkCredit } = window
    this.#host.sendLinkState(link, { deliveryCount, linkCredit, drain: this.#draining })
    this.#stateOwed = false
    if (giveBack) this.#draining = false
  }
}
