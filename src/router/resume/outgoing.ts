/**
 * The sending half of a resumable flow: what the owner writes goes to the present channel and is kept until the far
 * side has it; after a loss what was kept goes again, in pieces the channel has room for.
 */
import type { FlowChannel, FlowError, FlowPosition } from '../../amqp/flow-transport.ts'
import type { FlowMemory } from './flow-keeping.ts'
import { FLOW_BASE_BYTES, RESEND_PIECE_BYTES } from './limits.ts'
import { violation } from './reasons.ts'
import { NothingRetained, type Retention } from './retention.ts'

export class Outgoing {
  readonly #memory: FlowMemory
  #retained: Retention
  #ended = false
  /** The owner was told to wait. */
  #awaited = false

  constructor(retained: Retention, memory: FlowMemory) {
    this.#retained = retained
    this.#memory = memory
  }

  /** Bytes kept. */
  get bytes(): number {
    return this.#retained.bytes
  }

  /** Something was written, or ended. */
  get begun(): boolean {
    return this.#ended || this.#retained.acked + this.#retained.bytes > 0
  }

  /** Datagrams that could not be sent for want of a channel. */
  get dropped(): number {
    return this.#retained.dropped
  }

  /** Everything was sent, with the half-close. */
  get isSent(): boolean {
    return this.#ended && this.#retained.waiting === 0
  }

  /** Bytes sent since the flow was opened. */
  get sentBytes(): number {
    return this.#retained.sent
  }

  /** Everything was sent and acknowledged, but for the half-close. */
  get onlyEndUnacknowledged(): boolean {
    return this.#ended && this.#retained.bytes === 0
  }

  /** Bytes that may be written; 0 or less means that `reopened` will be true once. */
  writable(channel: FlowChannel | undefined): number {
    const open = this.#open(channel)
    this.#awaited = open <= 0
    return open
  }

  /** True once when the owner may write again after it had to wait. */
  reopened(channel: FlowChannel): boolean {
    return this.#awaited && !this.#ended && this.writable(channel) > 0
  }

  /** Without a channel it is kept for the next one. */
  write(chunk: Buffer, channel: FlowChannel | undefined): void {
    if (this.#ended) return
    const isSent = channel !== undefined && this.#retained.waiting === 0
    this.#retained.push(chunk, isSent)
    if (isSent) channel.write(chunk)
    else this.#awaited = true
  }

  end(channel: FlowChannel | undefined): void {
    if (this.#ended) return
    this.#ended = true
    if (channel !== undefined && this.#retained.waiting === 0) channel.end()
  }

  /** Sends what waits as far as the channel has room, and the half-close behind it. */
  pump(channel: FlowChannel): void {
    while (this.#retained.waiting > 0) {
      const room = channel.writable
      if (room <= 0) return
      channel.write(this.#retained.take(Math.min(room, RESEND_PIECE_BYTES)))
    }
    if (this.#ended) channel.end()
  }

  /** The far side has so many bytes more; false when it cannot. */
  acknowledge(bytes: number): boolean {
    return this.#retained.ack(bytes)
  }

  /** The far side has told this position before, and a later one since. */
  isStale({ received }: FlowPosition): boolean {
    return received < this.#retained.acked
  }

  /** Why the far side cannot be at this position; undefined when it can. */
  misfit({ received, ended }: FlowPosition): FlowError | undefined {
    const { acked, sent, waiting } = this.#retained
    if (received < acked || received > sent)
      return violation(`at byte ${received}, not in ${acked} to ${sent}`)
    if (!ended || (this.#ended && waiting === 0 && received === sent)) return undefined
    return violation('at an end that was not sent')
  }

  /** The far side is at this position. Returns how many bytes that acknowledges, and how many have to be sent again. */
  restart({ received }: FlowPosition): { readonly acked: number; readonly again: number } {
    const { acked, sent } = this.#retained
    this.#retained.restart(received)
    return { acked: received - acked, again: sent - received }
  }

  /** Nothing need be kept from now on. Only while nothing waits. */
  retainNothing(): void {
    this.#retained.clear()
    this.#retained = new NothingRetained()
  }

  /** Forgets everything. */
  drop(): void {
    this.#retained.clear()
  }

  #open(channel: FlowChannel | undefined): number {
    if (channel === undefined || this.#ended) return 0
    const { waiting, bytes } = this.#retained
    if (waiting > 0) return -waiting
    return Math.min(Math.max(FLOW_BASE_BYTES - bytes, this.#shared), channel.writable)
  }

  /** Bytes that all flows together may still keep beyond what each may without asking. */
  get #shared(): number {
    const { budget, retained, maxRetained } = this.#memory
    return Math.min(maxRetained - retained.bytes, budget.limit - budget.held)
  }
}
