/**
 * One raw flow that carries, or has carried, a resumable flow. Once it is dropped its late calls reach nobody.
 */
import type { FlowChannel, FlowError, FlowHandler, FlowPosition } from '../../amqp/flow-transport.ts'
import type { FlowPath } from './peer-process.ts'

/** What a leg tells the flow it carries. */
export interface LegOwner {
  legAccepted(position: FlowPosition | undefined): void
  legData(chunk: Buffer): void
  legEnded(): void
  legReset(error: FlowError): void
  legDrained(): void
  legAcked(bytes: number): void
  legClosed(): void
}

export class Leg implements FlowHandler {
  readonly channel: FlowChannel
  readonly path: FlowPath
  #owner: LegOwner | undefined

  constructor(owner: LegOwner, channel: FlowChannel, path: FlowPath) {
    this.#owner = owner
    this.channel = channel
    this.path = path
  }

  /** Ends it from this side. */
  drop(error: FlowError): void {
    this.#owner = undefined
    this.channel.reset(error)
  }

  onAccept(position?: FlowPosition): void {
    this.#owner?.legAccepted(position)
  }

  onData(chunk: Buffer): void {
    this.#owner?.legData(chunk)
  }

  onEnd(): void {
    this.#owner?.legEnded()
  }

  onReset(error: FlowError): void {
    const owner = this.#owner
    this.#owner = undefined
    owner?.legReset(error)
  }

  onDrain(): void {
    this.#owner?.legDrained()
  }

  onAcked(bytes: number): void {
    this.#owner?.legAcked(bytes)
  }

  onClosed(): void {
    const owner = this.#owner
    this.#owner = undefined
    owner?.legClosed()
  }
}
