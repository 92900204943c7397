/**
 * Everything received: cuts it into frames, and gives handshake, sessions and the connection what is theirs.
 */
import { FrameType } from '../codec/frame.ts'
import { FrameParser, type FrameSink } from '../codec/frame-parser.ts'
import { decodePerformative } from '../codec/performative-codec.ts'
import type { ErrorInfo, Open } from '../codec/performatives.ts'
import type { TransferHead } from '../codec/transfer.ts'
import { decodeError, framingError } from '../errors.ts'
import type { Handshake } from './handshake.ts'
import type { Sessions } from './sessions.ts'

/** What concerns the connection as a whole. */
export interface InboundEvents {
  /** The handshake has put an answer into the outbox. */
  onHandshake(): void
  onOpen(open: Open): void
  onClose(error: ErrorInfo | undefined): void
}

export class Inbound implements FrameSink {
  /** Bytes and frames received. */
  bytes = 0
  frames = 0
  /** Set when the connection is over: only a close is still heeded. */
  closing = false
  readonly #events: InboundEvents
  readonly #handshake: Handshake
  readonly #sessions: Sessions
  readonly #parser: FrameParser

  constructor(events: InboundEvents, handshake: Handshake, sessions: Sessions, maxFrameSize: number) {
    this.#events = events
    this.#handshake = handshake
    this.#sessions = sessions
    this.#parser = new FrameParser(this, maxFrameSize)
  }

  /** A frame has begun and not ended. */
  get inFrame(): boolean {
    return this.#parser.inFrame
  }

  /** Takes what the socket read. */
  push(chunk: Buffer): void {
    this.bytes += chunk.length
    this.#parser.push(chunk)
  }

  /** Ignores all that follows. */
  stop(): void {
    this.closing = true
    this.#parser.stop()
  }

  onProtocolHeader(header: Buffer): void {
    this.#handshake.onHeader(header)
    this.#events.onHandshake()
  }

  onFrame(type: number, channel: number, body: Buffer): void {
    this.frames += 1
    if (type === FrameType.sasl) {
      this.#onSasl(body)
      return
    }
    this.#requireHeader()
    if (body.length > 0) this.#onPerformative(channel, body)
  }

  onTransfer(channel: number, head: TransferHead): void {
    this.frames += 1
    if (!this.closing) this.#sessions.onTransfer(channel, head)
  }

  onPayload(chunk: Buffer): void {
    this.#sessions.onPayload(chunk)
  }

  onTransferEnd(): void {
    this.#sessions.onTransferEnd()
  }

  /** SASL has frames of its own only (section 5.3.2). */
  #requireHeader(): void {
    if (!this.#handshake.done) throw framingError('AMQP frame before the AMQP header')
  }

  #onSasl(body: Buffer): void {
    this.#handshake.onSasl(body)
    this.#parser.expectProtocolHeader()
    this.#events.onHandshake()
  }

  #onPerformative(channel: number, body: Buffer): void {
    const { performative, payload } = decodePerformative(body)
    if (payload !== body.length) throw decodeError(`bytes behind ${performative.kind}`)
    if (performative.kind === 'close') this.#events.onClose(performative.error)
    else if (this.closing) return
    else if (performative.kind === 'open') this.#events.onOpen(performative)
    else this.#sessions.onPerformative(channel, performative)
  }
}
