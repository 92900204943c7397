/**
 * Checks what a peer sends on a control connection before the AMQP library sees it: sizes, well-formedness, and the few
 * performatives our protocol needs. The library believes its peer in ways that cost memory or time without end.
 */
import { Decoder } from '../amqp/codec/decoder.ts'
import { PerformativeCode as Performative } from '../amqp/codec/performatives.ts'
import { type AmqpValue, asCount } from '../amqp/codec/value.ts'
import { Condition, ViolationError } from './errors.ts'
import { MAX_CONTROL_FRAME, MAX_DISPOSITION_RANGE, MAX_MESSAGE_BYTES, MIN_IDLE_TIMEOUT_MS } from './limits.ts'

/** AMQP 1.0 without a security layer: TLS below has authenticated both sides (section 2.2). */
const PROTOCOL_HEADER = Buffer.from('AMQP\u0000\u0001\u0000\u0000', 'latin1')

/** Smallest frame: its header (section 2.3.1). */
const FRAME_HEADER_BYTES = 8

type Fields = readonly AmqpValue[]

/** One connection's incoming bytes. `push` returns what may be passed on and throws ViolationError at the first wrong frame. */
export class FrameGuard {
  #pending: Buffer = Buffer.alloc(0)
  #headerSeen = false
  #sessions = 0
  #links = 0

  /** Takes bytes as they come; returns the whole, checked frames among them (and the protocol header) in one buffer. */
  push(chunk: Buffer): Buffer {
    const bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    const end = this.#framesEnd(bytes, this.#headerEnd(bytes))
    this.#pending = bytes.subarray(end)
    return bytes.subarray(0, end)
  }

  #headerEnd(bytes: Buffer): number {
    if (this.#headerSeen) return 0
    const length = Math.min(bytes.length, PROTOCOL_HEADER.length)
    if (bytes.compare(PROTOCOL_HEADER, 0, length, 0, length) !== 0) {
      throw new ViolationError(Condition.framing, 'the connection does not start as AMQP 1.0')
    }
    this.#headerSeen = length === PROTOCOL_HEADER.length
    return this.#headerSeen ? length : 0
  }

  #framesEnd(bytes: Buffer, start: number): number {
    let at = start
    while (this.#headerSeen && bytes.length - at >= FRAME_HEADER_BYTES) {
      const size = checkedSize(bytes, at)
      if (bytes.length - at < size) break
      this.#check(bytes.subarray(at, at + size))
      at += size
    }
    return at
  }

  #check(frame: Buffer): void {
    const bodyStart = frame.readUInt8(4) * 4
    if (bodyStart < FRAME_HEADER_BYTES || bodyStart > frame.length || frame.readUInt8(5) !== 0) {
      throw new ViolationError(Condition.framing, 'malformed frame header')
    }
    if (bodyStart === frame.length) return
    const [code, fields] = readPerformative(frame, bodyStart)
    this.#checkPerformative(code, fields)
  }

  #checkPerformative(code: number | undefined, fields: Fields): void {
    if (code === Performative.open) checkOpen(fields)
    else if (code === Performative.begin) this.#sessions = countUp(this.#sessions, 1, 'session')
    else if (code === Performative.attach) this.#links = countUp(this.#links, 2, 'pair of links')
    else if (code === Performative.transfer) checkTransfer(fields)
    else if (code === Performative.disposition) checkDisposition(fields)
    else if (code === undefined || code > Performative.close || code < Performative.open) {
      throw new ViolationError(Condition.notAllowed, 'unknown performative')
    }
  }
}

function checkedSize(bytes: Buffer, at: number): number {
  const size = bytes.readUInt32BE(at)
  if (size >= FRAME_HEADER_BYTES && size <= MAX_CONTROL_FRAME) return size
  throw new ViolationError(Condition.framing, `frame of ${size} bytes`)
}

/** Decodes the whole frame, payload included, so that nothing malformed is passed on. */
function readPerformative(frame: Buffer, start: number): [number | undefined, Fields] {
  try {
    const decoder = new Decoder(frame, start)
    const value = decoder.value()
    while (decoder.remaining > 0) decoder.value()
    if (value.type !== 'described' || value.value.type !== 'list') return [undefined, []]
    return [asCount(value.descriptor), value.value.value]
  } catch (cause) {
    throw new ViolationError(Condition.decode, 'malformed frame', { cause })
  }
}

/** Fields of section 2.7.1: 2 is max-frame-size, 4 is idle-time-out. Small ones would make us send without end. */
function checkOpen(fields: Fields): void {
  const maxFrame = asCount(fields[2]) ?? Number.POSITIVE_INFINITY
  const idle = asCount(fields[4]) ?? Number.POSITIVE_INFINITY
  if (maxFrame <= MAX_MESSAGE_BYTES + 512)
    throw new ViolationError(Condition.notAllowed, 'max-frame-size too small')
  if (idle < MIN_IDLE_TIMEOUT_MS) throw new ViolationError(Condition.notAllowed, 'idle-time-out too short')
}

/** Fields of section 2.7.5: 5 is more, 9 is aborted. Messages of ours fit one frame. */
function checkTransfer(fields: Fields): void {
  if (fields[5]?.value === true || fields[9]?.value === true) {
    throw new ViolationError(Condition.resourceLimit, 'message of several frames')
  }
}

/** Fields of section 2.7.6: 1 is first, 2 is last. The library walks through the range one by one. */
function checkDisposition(fields: Fields): void {
  const first = asCount(fields[1])
  const last = asCount(fields[2]) ?? first
  if (first === undefined || last === undefined || last - first > MAX_DISPOSITION_RANGE) {
    throw new ViolationError(Condition.invalidField, 'disposition of too many deliveries')
  }
}

function countUp(count: number, limit: number, what: string): number {
  if (count < limit) return count + 1
  throw new ViolationError(Condition.notAllowed, `more than one ${what}`)
}
