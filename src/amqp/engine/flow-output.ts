/**
 * The sending half of a flow: bytes waiting, the window they wait for, and the link they leave on.
 */
import type { Flow as FlowFrame } from '../codec/performatives.ts'
import type { AmqpError } from '../errors.ts'
import { FLOW_QUEUE_BYTES, MAX_SEND_PAYLOAD } from '../limits.ts'
import type { FlowHost } from './flow-host.ts'
import type { Link } from './link.ts'
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
  readonly #queue = new SendQueue()
  /** The owner may write, as far as it knows. */
  #flowing = true

  /** `waiter` is told when the connection has room again. */
  constructor(host: FlowHost, waiter: BudgetWaiter) {
    this.#host = host
    this.#waiter = waiter
  }

  /** Bytes waiting. */
  get waiting(): number {
    return this.#queue.bytes
  }

  /** Bytes that may be written now; 0 or less is a promise that `reopened` comes. */
  get writable(): number {
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
    this.#queue.push(chunk)
    this.#host.budget.add(chunk.length)
    if (this.#room <= 0) this.#flowing = false
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
      const size = Math.min(this.#queue.bytes, window.available, window.messageSize)
      if (size <= 0) return false
      if (!this.#host.canSend()) return false
      this.#host.sendTransfer(link.handle, size, this.#queue)
      window.sent(size)
      turn -= size
    }
    return this.#queue.bytes > 0 && window.available > 0
  }

  /** The receiver's flow performative: how many more bytes it acknowledges, or what is wrong with that. */
  granted(flow: FlowFrame): number | AmqpError {
    this.#draining = flow.drain === true
    this.#stateOwed ||= flow.echo === true
    return this.window?.granted(flow) ?? 0
  }

  /** Tells the receiver our state when it asked, or when credit is left over that it wants back (section 2.6.7). */
  sendState(): void {
    const { link, window } = this
    if (link === undefined || window === undefined || link.detachSent) return
    const giveBack = this.#draining && this.#queue.bytes === 0
    if (!giveBack && !this.#stateOwed) return
    if (giveBack) window.drain()
    const { deliveryCount, credit: linkCredit } = window
    this.#host.sendLinkState(link, { deliveryCount, linkCredit, drain: this.#draining })
    this.#stateOwed = false
    if (giveBack) this.#draining = false
  }
}
