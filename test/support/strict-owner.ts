/** The owner of one end of a flow that holds the engine to its contract: what is told, when, and never afterwards. */
import type { FlowAcceptor, FlowChannel, FlowHandler } from '../../src/amqp/flow-transport.ts'

/** Throws, which ends the connection with an internal error, when the engine breaks the contract. */
export class StrictOwner implements FlowHandler {
  readonly #channel: FlowChannel
  #written = 0
  #acknowledged = 0
  #accepted = false
  #ended = false
  #over = false

  constructor(channel: FlowChannel) {
    this.#channel = channel
  }

  write(bytes: number): void {
    this.#written += bytes
    this.#channel.write(Buffer.alloc(bytes))
  }

  onAccept(): void {
    this.#check(!this.#accepted, 'accepted twice')
    this.#accepted = true
  }

  onData(chunk: Buffer): void {
    this.#check(!this.#ended, 'data after the end')
    if (chunk.length % 2 === 0) this.write(chunk.length)
    this.#channel.consumed(chunk.length)
  }

  onEnd(): void {
    this.#check(!this.#ended, 'ended twice')
    this.#ended = true
    this.#channel.end()
  }

  onDrain(): void {
    this.#check(this.#channel.writable > 0, 'drained without room')
  }

  onAcked(bytes: number): void {
    this.#acknowledged += bytes
    this.#check(bytes > 0 && this.#acknowledged <= this.#written, 'acknowledged what was not written')
  }

  onReset(): void {
    this.#check(true, 'reset')
    this.#over = true
  }

  onClosed(): void {
    this.#check(this.#ended, 'closed before the end')
    this.#over = true
  }

  #check(holds: boolean, what: string): void {
    if (this.#over || !holds) throw new Error(`${what}${this.#over ? ' after it was over' : ''}`)
  }
}

/** Accepts every flow, those that resume with a position. */
export const acceptStrictly: FlowAcceptor = ({ resumable }, channel) => {
  if (resumable?.at === undefined) channel.accept()
  else channel.accept({ received: 7, ended: false })
  return new StrictOwner(channel)
}
