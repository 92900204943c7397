/**
 * Cuts a byte stream into protocol headers and frames without copying: works in the read buffer, hands out transfer
 * payload as it comes, and only keeps what a split header or control frame needs. Work per frame is constant.
 */
import { framingError, limitError } from '../errors.ts'
import { MAX_CONTROL_FRAME_SIZE, MAX_TRANSFER_HEAD_SIZE } from '../limits.ts'
import { FRAME_HEADER_SIZE, FrameType } from './frame.ts'
import { isTransfer, PERFORMATIVE_PEEK, performativeLength, TransferHead } from './transfer.ts'

/** What the parser reports, in order. */
export interface FrameSink {
  /** Eight bytes where a protocol header is due. */
  onProtocolHeader(header: Buffer): void
  /** A frame that is not a transfer; an empty body is a heartbeat. `body` is valid during the call. */
  onFrame(type: number, channel: number, body: Buffer): void
  /** Start of a transfer; `head` is valid during the call. */
  onTransfer(channel: number, head: TransferHead): void
  /** A piece of the payload of the transfer last started: a view of memory that is not used again. */
  onPayload(chunk: Buffer): void
  onTransferEnd(): void
}

type State = 'header' | 'frame' | 'extension' | 'body' | 'rest' | 'payload' | 'stopped'

/** One per connection. `push` throws AmqpError and must not be called again after it did. */
export class FrameParser {
  readonly #sink: FrameSink
  readonly #maxFrameSize: number
  readonly #head = new TransferHead()
  #state: State = 'header'
  /** Bytes kept of a header, peek or control frame that came in pieces. */
  #kept: Buffer = Buffer.allocUnsafe(MAX_TRANSFER_HEAD_SIZE)
  #keptLength = 0
  /** How many bytes `#kept` must have before the state can go on. */
  #need = FRAME_HEADER_SIZE
  #type = 0
  #channel = 0
  /** Bytes of the present frame not seen yet. */
  #left = 0

  constructor(sink: FrameSink, maxFrameSize: number) {
    this.#sink = sink
    this.#maxFrameSize = maxFrameSize
  }

  /** True while a frame or header has begun and not ended. */
  get inFrame(): boolean {
    return this.#state !== 'frame' || this.#keptLength > 0
  }

  /** The next bytes are a protocol header (after SASL). */
  expectProtocolHeader(): void {
    this.#await('header', FRAME_HEADER_SIZE)
  }

  /** Ignores all that follows. */
  stop(): void {
    this.#state = 'stopped'
  }

  /** Takes the next bytes of the stream. */
  push(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length && this.#state !== 'stopped') at = this.#step(chunk, at)
  }

  /** Uses bytes from `at` on and returns where it stopped. */
  #step(chunk: Buffer, at: number): number {
    switch (this.#state) {
      case 'frame':
        return this.#onFrameHeader(chunk, at)
      case 'payload':
        return this.#onPayload(chunk, at)
      case 'header':
        return this.#onHeader(chunk, at)
      case 'extension':
        return this.#onExtension(chunk, at)
      default:
        return this.#onSplitBody(chunk, at)
    }
  }

  #onHeader(chunk: Buffer, at: number): number {
    const next = this.#keep(chunk, at)
    if (this.#keptLength < this.#need) return next
    const header = Buffer.from(this.#kept.subarray(0, this.#need))
    this.#await('frame', FRAME_HEADER_SIZE)
    this.#sink.onProtocolHeader(header)
    return next
  }

  #onFrameHeader(chunk: Buffer, at: number): number {
    if (this.#keptLength === 0 && chunk.length - at >= FRAME_HEADER_SIZE) {
      this.#readFrameHeader(chunk, at)
      return this.#onBody(chunk, at + FRAME_HEADER_SIZE)
    }
    const next = this.#keep(chunk, at)
    if (this.#keptLength < this.#need) return next
    this.#keptLength = 0
    this.#readFrameHeader(this.#kept, 0)
    return this.#onBody(chunk, next)
  }

  #readFrameHeader(bytes: Buffer, at: number): void {
    const size = bytes.readUInt32BE(at)
    const offset = bytes.readUInt8(at + 4) * 4
    if (size > this.#maxFrameSize)
      throw framingError(`frame of ${size} bytes, allowed are ${this.#maxFrameSize}`)
    if (offset < FRAME_HEADER_SIZE || offset > size) {
      throw framingError(`data offset ${offset} in a frame of ${size} bytes`)
    }
    this.#type = bytes.readUInt8(at + 5)
    this.#channel = bytes.readUInt16BE(at + 6)
    if (this.#type > FrameType.sasl) throw framingError(`unknown frame type ${this.#type}`)
    this.#left = size - FRAME_HEADER_SIZE
    if (offset > FRAME_HEADER_SIZE) this.#await('extension', offset - FRAME_HEADER_SIZE)
  }

  /** Behind the frame header: the whole body in place when it is there, else piecewise. */
  #onBody(chunk: Buffer, at: number): number {
    if (this.#state === 'extension') return at
    const end = at + this.#left
    if (end > chunk.length) {
      this.#await('body', Math.min(this.#left, PERFORMATIVE_PEEK))
      return at
    }
    this.#await('frame', FRAME_HEADER_SIZE)
    this.#onWholeBody(chunk, at, end)
    return end
  }

  #onWholeBody(chunk: Buffer, start: number, end: number): void {
    if (this.#type !== FrameType.amqp || !isTransfer(chunk, start, end)) {
      this.#checkControlSize(end - start)
      this.#sink.onFrame(this.#type, this.#channel, chunk.subarray(start, end))
      return
    }
    const payload = this.#head.read(chunk, start, end)
    this.#sink.onTransfer(this.#channel, this.#head)
    if (payload < end) this.#sink.onPayload(chunk.subarray(payload, end))
    this.#sink.onTransferEnd()
  }

  /** The extended header of section 2.3.1 is passed over; `#need` counts it down. */
  #onExtension(chunk: Buffer, at: number): number {
    const taken = Math.min(chunk.length - at, this.#need)
    this.#need -= taken
    this.#left -= taken
    if (this.#need > 0) return at + taken
    this.#state = 'frame'
    return this.#onBody(chunk, at + taken)
  }

  /** States `body` (peeking) and `rest` (the performative or control frame up to its end). */
  #onSplitBody(chunk: Buffer, at: number): number {
    const next = this.#keep(chunk, at)
    this.#left -= next - at
    if (this.#keptLength < this.#need) return next
    if (this.#state === 'body') this.#chooseNeed()
    if (this.#keptLength >= this.#need) this.#finishSplit()
    return next
  }

  /** After the peek: a transfer needs its performative only, all else the whole body. */
  #chooseNeed(): void {
    const kept = this.#kept
    this.#state = 'rest'
    if (this.#type === FrameType.amqp && isTransfer(kept, 0, this.#keptLength)) {
      this.#need = performativeLength(kept, 0, this.#keptLength)
      if (this.#need > MAX_TRANSFER_HEAD_SIZE)
        throw limitError(`transfer performative of ${this.#need} bytes`)
      if (this.#need > this.#keptLength + this.#left) throw framingError('transfer is longer than its frame')
      return
    }
    this.#need = this.#keptLength + this.#left
    this.#checkControlSize(this.#need)
    if (this.#need <= kept.length) return
    this.#kept = Buffer.allocUnsafe(this.#need)
    kept.copy(this.#kept, 0, 0, this.#keptLength)
  }

  #finishSplit(): void {
    const kept = this.#kept
    const length = this.#keptLength
    this.#await(this.#left > 0 ? 'payload' : 'frame', FRAME_HEADER_SIZE)
    if (this.#type !== FrameType.amqp || !isTransfer(kept, 0, length)) {
      if (kept.length > MAX_TRANSFER_HEAD_SIZE) this.#kept = Buffer.allocUnsafe(MAX_TRANSFER_HEAD_SIZE)
      this.#sink.onFrame(this.#type, this.#channel, kept.subarray(0, length))
      return
    }
    const payload = this.#head.read(kept, 0, length)
    this.#sink.onTransfer(this.#channel, this.#head)
    // The peek took bytes of a payload behind a short performative: they may be kept, so they are copied.
    if (payload < length) this.#sink.onPayload(Buffer.from(kept.subarray(payload, length)))
    if (this.#left === 0) this.#sink.onTransferEnd()
  }

  #onPayload(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#left)
    this.#left -= end - at
    if (this.#left === 0) this.#await('frame', FRAME_HEADER_SIZE)
    this.#sink.onPayload(chunk.subarray(at, end))
    if (this.#left === 0) this.#sink.onTransferEnd()
    return end
  }

  #checkControlSize(size: number): void {
    if (size > MAX_CONTROL_FRAME_SIZE) throw limitError(`control frame of ${size} bytes`)
  }

  /** Copies what `#need` still lacks. */
  #keep(chunk: Buffer, at: number): number {
    const next = Math.min(chunk.length, at + this.#need - this.#keptLength)
    chunk.copy(this.#kept, this.#keptLength, at, next)
    this.#keptLength += next - at
    return next
  }

  #await(state: State, need: number): void {
    this.#state = this.#state === 'stopped' ? 'stopped' : state
    this.#need = need
    this.#keptLength = 0
  }
}
