/**
 * The sending half of a flow: bytes waiting, the window they wait for, and the link they leave on.
 */
import type { Flow as FlowFrame } from '../codec/performatives.ts'
import { FLOW_QUEUE_BYTES, MAX_SEND_PAYLOAD } from '../limits.ts'
import type { FlowHost } from './flow-host.ts'
import type { Link } from './link.ts'
import { SendQueue } from './send-queue.ts'
import type { SendWindow } from './send-window.ts'

export class FlowOutput {
  link: Link | undefined
  window: SendWindow | undefined
  /** The owner half-closed: detach after the last byte. */
  ending = false
  #draining = false
  #stateOwed = false
  readonly #host: FlowHost
  readonly #queue = new SendQueue()

  constructor(host: FlowHost) {
    this.#host = host
  }

  /** Bytes waiting. */
  get waiting(): number {
    return this.#queue.bytes
  }

  /** Everything incl. our detach has been encoded. */
  get ended(): boolean {
    return this.link?.detachSent === true
  }

  /** Bytes the window and the flow's share of the queue allow now. */
  get writable(): number {
    const room = FLOW_QUEUE_BYTES - this.#queue.bytes
    // Before the session is there, the window is not known: one read's worth may wait here.
    const open = this.window === undefined ? MAX_SEND_PAYLOAD : this.window.available
    return Math.min(room, open - this.#queue.bytes)
  }

  push(chunk: Buffer): void {
    this.#queue.push(chunk)
    this.#host.budget.add(chunk.length)
  }

  /** Forgets what waits. */
  drop(): void {
    this.#host.budget.remove(this.#queue.bytes)
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

  /** The receiver's flow performative. */
  granted(flow: FlowFrame): void {
    this.window?.granted(flow)
    this.#draining = flow.drain === true
    this.#stateOwed ||= flow.echo === true
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
