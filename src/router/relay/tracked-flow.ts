/**
 * A raw flow at an end of a way over relays, between its owner and its channel: tells when it is over, whoever ends it.
 */
import type { FlowChannel, FlowError, FlowHandler, FlowPosition } from '../../amqp/flow-transport.ts'

/** Told once, when neither side says anything more; `error` is the far side's reset. */
export type OnFlowOver = (flow: TrackedFlow, error: FlowError | undefined) => void

export class TrackedFlow implements FlowChannel, FlowHandler {
  readonly #channel: FlowChannel
  readonly #onOver: OnFlowOver
  /** The owner's. */
  #handler: FlowHandler | undefined
  #over = false

  constructor(channel: FlowChannel, onOver: OnFlowOver) {
    this.#channel = channel
    this.#onOver = onOver
  }

  /** Its owner, who may have ended it already. */
  setHandler(handler: FlowHandler): void {
    if (!this.#over) this.#handler = handler
  }

  /** Ends it as the loss of a connection does: the far side gets `why`, the owner `error`. */
  lose(why: FlowError, error: FlowError): void {
    if (this.#over) return
    this.#channel.reset(why)
    this.onReset(error)
  }

  // FlowChannel

  get id(): string {
    return this.#channel.id
  }

  get writable(): number {
    return this.#channel.writable
  }

  get dropped(): number {
    return this.#channel.dropped
  }

  write(chunk: Buffer): void {
    this.#channel.write(chunk)
  }

  end(): void {
    this.#channel.end()
  }

  reset(error: FlowError): void {
    if (this.#over) return
    this.#channel.reset(error)
    this.#finish(undefined)
  }

  consumed(bytes: number): void {
    this.#channel.consumed(bytes)
  }

  accept(position?: FlowPosition): void {
    this.#channel.accept(position)
  }

  // FlowHandler

  onAccept(position?: FlowPosition): void {
    this.#handler?.onAccept(position)
  }

  onData(chunk: Buffer): void {
    this.#handler?.onData(chunk)
  }

  onEnd(): void {
    this.#handler?.onEnd()
  }

  onReset(error: FlowError): void {
    const handler = this.#handler
    if (this.#over) return
    this.#finish(error)
    handler?.onReset(error)
  }

  onDrain(): void {
    this.#handler?.onDrain()
  }

  onAcked(bytes: number): void {
    this.#handler?.onAcked(bytes)
  }

  onClosed(): void {
    const handler = this.#handler
    if (this.#over) return
    this.#finish(undefined)
    handler?.onClosed()
  }

  #finish(error: FlowError | undefined): void {
    this.#over = true
    this.#handler = undefined
    this.#onOver(this, error)
  }
}

/** Leads nowhere. */
export const NO_CHANNEL: FlowChannel = {
  id: '',
  writable: 0,
  dropped: 0,
  write() {},
  end() {},
  reset() {},
  consumed() {},
  accept() {},
}
