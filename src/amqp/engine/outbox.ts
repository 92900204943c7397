/**
 * What is about to be written to the socket: headers and small payloads carved from a slab, large payloads by
 * reference, all in one writev per flush.
 */
import type { Duplex } from 'node:stream'
import { Encoder } from '../codec/encoder.ts'
import { encodeFrame, encodeSaslFrame } from '../codec/frame.ts'
import type { Performative, Transfer } from '../codec/performatives.ts'
import type { SaslFrame } from '../codec/sasl.ts'
import { TRANSFER_HEADER_SIZE, writeTransferHeader } from '../codec/transfer.ts'
import { AmqpError, Condition } from '../errors.ts'
import { COPY_THRESHOLD, MIN_MAX_FRAME_SIZE, SLAB_SIZE } from '../limits.ts'

/** Encodes frames in order; nothing reaches the socket before `flush`. */
export class Outbox {
  /** Largest frame the peer takes; the minimum until its open says more. */
  maxFrameSize = MIN_MAX_FRAME_SIZE
  /** Frames encoded so far. */
  frames = 0
  readonly #socket: Duplex
  readonly #encoder = new Encoder()
  #pieces: Buffer[] = []
  #slab = Buffer.allocUnsafeSlow(SLAB_SIZE)
  /** First byte of the slab that is in no piece yet, and first free byte. */
  #start = 0
  #free = 0
  #bytes = 0

  constructor(socket: Duplex) {
    this.#socket = socket
  }

  /** Bytes encoded and not flushed. */
  get pending(): number {
    return this.#bytes
  }

  /** Bytes encoded and not taken by the kernel. */
  get buffered(): number {
    return this.#bytes + this.#socket.writableLength
  }

  /** The socket has more than it can send; it will drain. */
  get congested(): boolean {
    return this.#socket.writableNeedDrain
  }

  /** A frame of type AMQP without payload. */
  frame(channel: number, performative: Performative): void {
    const frame = encodeFrame(this.#encoder, channel, performative)
    if (frame.length > this.maxFrameSize) throw tooLarge(performative.kind, frame.length, this.maxFrameSize)
    this.#copy(frame)
    this.frames += 1
  }

  sasl(frame: SaslFrame): void {
    this.#copy(encodeSaslFrame(this.#encoder, frame))
  }

  /** Bytes that are no frame of ours to encode: protocol headers, heartbeats. */
  raw(bytes: Buffer): void {
    this.#copy(bytes)
  }

  /** The header of a transfer; exactly `payload` bytes must follow through `payload`. */
  transfer(channel: number, handle: number, deliveryId: number, payload: number): void {
    const at = this.#carve(TRANSFER_HEADER_SIZE)
    writeTransferHeader(this.#slab, at, channel, handle, deliveryId, payload)
    this.frames += 1
  }

  /** A transfer whose performative is not the usual; exactly `payload` bytes must follow through `payload`. */
  piece(channel: number, transfer: Transfer, payload: number): void {
    const frame = encodeFrame(this.#encoder, channel, transfer)
    frame.writeUInt32BE(frame.length + payload, 0)
    this.#copy(frame)
    this.frames += 1
  }

  /** Payload bytes, by reference unless few. */
  payload(chunk: Buffer): void {
    if (chunk.length <= COPY_THRESHOLD) {
      this.#copy(chunk)
      return
    }
    this.#seal()
    this.#pieces.push(chunk)
    this.#bytes += chunk.length
  }

  /** Hands everything to the socket in one write. */
  flush(): void {
    this.#seal()
    const pieces = this.#pieces
    if (pieces.length === 0) return
    this.#pieces = []
    this.#bytes = 0
    if (!this.#socket.writable) return
    if (pieces.length > 1) this.#socket.cork()
    for (const piece of pieces) this.#socket.write(piece)
    if (pieces.length > 1) this.#socket.uncork()
  }

  #copy(bytes: Buffer): void {
    if (bytes.length > SLAB_SIZE) {
      this.#seal()
      this.#pieces.push(Buffer.from(bytes))
      this.#bytes += bytes.length
      return
    }
    const at = this.#carve(bytes.length)
    bytes.copy(this.#slab, at)
  }

  /** Takes `size` bytes of the slab, a new one when this one is used up. */
  #carve(size: number): number {
    if (this.#free + size > SLAB_SIZE) {
      this.#seal()
      this.#slab = Buffer.allocUnsafeSlow(SLAB_SIZE)
      this.#start = 0
      this.#free = 0
    }
    const at = this.#free
    this.#free += size
    this.#bytes += size
    return at
  }

  /** Makes a piece of what was carved since the last one. */
  #seal(): void {
    if (this.#free === this.#start) return
    this.#pieces.push(this.#slab.subarray(this.#start, this.#free))
    this.#start = this.#free
  }
}

function tooLarge(kind: string, size: number, allowed: number): AmqpError {
  return new AmqpError(
    Condition.frameSizeTooSmall,
    `${kind} takes ${size} bytes, the peer's max-frame-size is ${allowed}`,
  )
}
