/**
 * Takes the sections of one link's messages (AMQP 1.0 section 3.2) from payload pieces: data sections are handed on
 * as views, header, annotations, properties and footer are passed over, other bodies are refused.
 */
import { AmqpError, Condition } from '../errors.ts'

const Section = { header: 0x70, applicationProperties: 0x74, data: 0x75, footer: 0x78 } as const

/** A long descriptor and a size of four bytes. */
const MAX_SECTION_HEADER = 15

/** Constructors of a data section's value, and of all other sections we pass over. */
const BINARY_CODES = [0xa0, 0xb0]
const COMPOUND_CODES = [0x45, 0xc0, 0xd0, 0xc1, 0xd1]

/** Whoever takes the bytes of data sections. */
export interface SectionSink {
  onBody(data: Buffer): void
}

/** One per receiving link. Errors are returned, not thrown: they end the link only. */
export class SectionReader {
  readonly #sink: SectionSink
  /** Bytes left of the present section. */
  #left = 0
  #isData = false
  #kept: Buffer | undefined
  #keptLength = 0
  #failure: AmqpError | undefined

  constructor(sink: SectionSink) {
    this.#sink = sink
  }

  /** Takes the next piece of a message. */
  push(chunk: Buffer): AmqpError | undefined {
    let at = 0
    while (at < chunk.length && this.#failure === undefined) {
      at = this.#left > 0 ? this.#content(chunk, at) : this.#header(chunk, at)
    }
    return this.#failure
  }

  /** The message ends here. */
  finish(): AmqpError | undefined {
    if (this.#left > 0 || this.#keptLength > 0) this.#fail('message ends inside a section')
    return this.#failure
  }

  /** Forgets the message begun. */
  restart(): void {
    this.#left = 0
    this.#keptLength = 0
  }

  #content(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#left)
    this.#left -= end - at
    if (this.#isData) this.#sink.onBody(at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end))
    return end
  }

  #header(chunk: Buffer, at: number): number {
    if (this.#keptLength > 0) return this.#splitHeader(chunk, at)
    const length = this.#readHeader(chunk, at, chunk.length)
    return length > 0 ? at + length : this.#splitHeader(chunk, at)
  }

  /** A section header that came in pieces: byte by byte, which is rare and short. */
  #splitHeader(chunk: Buffer, at: number): number {
    this.#kept ??= Buffer.allocUnsafe(MAX_SECTION_HEADER)
    this.#kept[this.#keptLength] = chunk.readUInt8(at)
    this.#keptLength += 1
    if (this.#readHeader(this.#kept, 0, this.#keptLength) > 0) this.#keptLength = 0
    else if (this.#keptLength === MAX_SECTION_HEADER) this.#fail('section header is malformed')
    return at + 1
  }

  /** Length of the section header at `at`, 0 when there is not all of it. */
  #readHeader(bytes: Buffer, at: number, end: number): number {
    if (end - at < 4) return 0
    const code = sectionCode(bytes, at, end)
    if (code === 0) return 0
    const value = at + (bytes[at + 1] === 0x53 ? 3 : 10)
    if (value >= end) return 0
    const length = this.#readSize(bytes, value, end, code)
    return length === 0 ? 0 : value + length - at
  }

  /** Reads constructor and size of the section's value; returns how many bytes they take, 0 when some lack. */
  #readSize(bytes: Buffer, at: number, end: number, code: number): number {
    const constructorCode = bytes.readUInt8(at)
    this.#isData = code === Section.data
    if (!this.#check(code, constructorCode)) return end - at
    if (constructorCode === 0x45) return 1
    const wide = constructorCode % 0x20 >= 0x10
    if (end - at < (wide ? 5 : 2)) return 0
    this.#left = wide ? bytes.readUInt32BE(at + 1) : bytes.readUInt8(at + 1)
    return wide ? 5 : 2
  }

  #check(code: number, constructorCode: number): boolean {
    if (code < Section.header || code > Section.footer)
      return this.#fail(`0x${code.toString(16)} is no section`)
    if (code > Section.data && code < Section.footer) {
      return this.#fail('only data sections carry a flow', Condition.notImplemented)
    }
    const allowed = code === Section.data ? BINARY_CODES : COMPOUND_CODES
    return allowed.includes(constructorCode) || this.#fail('section has a value of the wrong type')
  }

  #fail(message: string, condition: Condition = Condition.decodeError): false {
    this.#failure ??= new AmqpError(condition, message, 'link')
    return false
  }
}

/** Descriptor code of the section at `at`; 0 when more bytes are needed, -1 when it is none. */
function sectionCode(bytes: Buffer, at: number, end: number): number {
  if (bytes[at] !== 0) return -1
  if (bytes[at + 1] === 0x53) return bytes.readUInt8(at + 2) || -1
  if (bytes[at + 1] !== 0x80) return -1
  if (end - at < 10) return 0
  return Number(bytes.readBigUInt64BE(at + 2)) || -1
}
