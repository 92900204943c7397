/**
 * Decodes AMQP values (AMQP 1.0 section 1.6) from bytes that may be hostile: depth, number of values and every size
 * are checked before anything is allocated. Binary values are views into the input.
 */
import { isAscii, isUtf8 } from 'node:buffer'
import { decodeError, limitError } from '../errors.ts'
import { MAX_VALUE_DEPTH, MAX_VALUES_PER_FRAME } from '../limits.ts'
import { type AmqpType, type AmqpValue, type MapEntry, NULL } from './value.ts'

/** Bytes up to which a text is looked at byte by byte. */
const SHORT_TEXT = 64

/** Constructor code of a described value. */
export const DESCRIBED = 0x00

type Plain = Exclude<AmqpType, 'described'>

interface Reader {
  readonly type: Plain
  readonly read: (from: Decoder) => AmqpValue
}

/** A cursor over one frame's bytes. */
export class Decoder {
  readonly buffer: Buffer
  #position: number
  #end: number
  #depth = 0
  #budget = MAX_VALUES_PER_FRAME

  constructor(buffer: Buffer, start = 0, end = buffer.length) {
    this.buffer = buffer
    this.#position = start
    this.#end = end
  }

  get position(): number {
    return this.#position
  }

  get remaining(): number {
    return this.#end - this.#position
  }

  /** Advances over `length` bytes and returns where they start. */
  take(length: number): number {
    const start = this.#position
    if (length > this.#end - start) throw decodeError(`value of ${length} bytes is cut short`)
    this.#position = start + length
    return start
  }

  /** The next byte, usually a constructor code. */
  byte(): number {
    return this.buffer.readUInt8(this.take(1))
  }

  /** A size or count field of 1 or 4 bytes. */
  length(width: number): number {
    const start = this.take(width)
    return width === 1 ? this.buffer.readUInt8(start) : this.buffer.readUInt32BE(start)
  }

  /** Any value. */
  value(): AmqpValue {
    const code = this.byte()
    return code === DESCRIBED ? this.#described() : this.valueOf(code)
  }

  /** The value after its constructor code. */
  valueOf(code: number): AmqpValue {
    this.#spend()
    return readerOf(code).read(this)
  }

  /** Runs `read` on the next `size` bytes, which it must use up. */
  within<T>(size: number, read: () => T): T {
    const outer = this.#end
    const end = this.take(size) + size
    this.#position = end - size
    this.#end = end
    this.#descend()
    const result = read()
    if (this.#position !== end) throw decodeError('size and content of a compound value disagree')
    this.#depth -= 1
    this.#end = outer
    return result
  }

  #described(): AmqpValue {
    this.#spend()
    this.#descend()
    const descriptor = this.value()
    const value = this.value()
    this.#depth -= 1
    return { type: 'described', descriptor, value }
  }

  #descend(): void {
    this.#depth += 1
    if (this.#depth > MAX_VALUE_DEPTH) throw limitError(`values nested deeper than ${MAX_VALUE_DEPTH}`)
  }

  #spend(): void {
    this.#budget -= 1
    if (this.#budget < 0) throw limitError(`more than ${MAX_VALUES_PER_FRAME} values in a frame`)
  }
}

/** UTF-8 text of `size` bytes. */
export function readString(from: Decoder, size: number): string {
  return readShortAscii(from, size) ?? readUtf8(from, size)
}

/** ASCII text of `size` bytes. */
export function readSymbol(from: Decoder, size: number): string {
  const text = readShortAscii(from, size)
  if (text !== undefined) return text
  const bytes = readBytes(from, size)
  if (!isAscii(bytes)) throw decodeError('symbol is not ASCII')
  return bytes.toString('latin1')
}

/** Most texts: read without a view of their bytes. Undefined, and nothing is taken, when they are long or not ASCII. */
function readShortAscii(from: Decoder, size: number): string | undefined {
  const { buffer, position } = from
  if (size > SHORT_TEXT || size > from.remaining) return undefined
  for (let at = position; at < position + size; at += 1) {
    if ((buffer[at] ?? 0x80) > 0x7f) return undefined
  }
  from.take(size)
  return buffer.toString('latin1', position, position + size)
}

function readUtf8(from: Decoder, size: number): string {
  const bytes = readBytes(from, size)
  if (!isUtf8(bytes)) throw decodeError('string is not UTF-8')
  return bytes.toString('utf8')
}

/** A view of the next `size` bytes. */
export function readBytes(from: Decoder, size: number): Buffer {
  const start = from.take(size)
  return from.buffer.subarray(start, start + size)
}

function readBoolean(from: Decoder): AmqpValue {
  const octet = from.byte()
  if (octet > 1) throw decodeError('boolean octet is neither 0 nor 1')
  return { type: 'boolean', value: octet === 1 }
}

function readChar(from: Decoder): AmqpValue {
  const value = from.buffer.readUInt32BE(from.take(4))
  if (value > 0x10ffff) throw decodeError('char is beyond Unicode')
  return { type: 'char', value }
}

function readList(from: Decoder, width: number): AmqpValue {
  const value = from.within(from.length(width), () => readItems(from, from.length(width)))
  return { type: 'list', value }
}

function readItems(from: Decoder, count: number): AmqpValue[] {
  const items: AmqpValue[] = []
  for (let i = 0; i < count; i += 1) items.push(from.value())
  return items
}

function readMap(from: Decoder, width: number): AmqpValue {
  const value = from.within(from.length(width), () => readEntries(from, from.length(width)))
  return { type: 'map', value }
}

function readEntries(from: Decoder, count: number): MapEntry[] {
  if (count % 2 !== 0) throw decodeError('map with an odd number of values')
  const entries: MapEntry[] = []
  for (let i = 0; i < count; i += 2) entries.push([from.value(), from.value()])
  return entries
}

function readArray(from: Decoder, width: number): AmqpValue {
  return from.within(from.length(width), () => readElements(from, from.length(width)))
}

function readElements(from: Decoder, count: number): AmqpValue {
  let code = from.byte()
  const descriptor = code === DESCRIBED ? from.value() : undefined
  if (descriptor !== undefined) code = from.byte()
  const { type: of } = readerOf(code)
  const value: AmqpValue[] = []
  for (let i = 0; i < count; i += 1) value.push(from.valueOf(code))
  return { type: 'array', of, value, ...(descriptor === undefined ? {} : { descriptor }) }
}

function number(type: 'ubyte' | 'ushort' | 'uint' | 'byte' | 'short' | 'int', width: number): Reader {
  const signed = type === 'byte' || type === 'short' || type === 'int'
  return {
    type,
    read: (from) => {
      const start = from.take(width)
      const value = signed ? from.buffer.readIntBE(start, width) : from.buffer.readUIntBE(start, width)
      return { type, value }
    },
  }
}

function big(type: 'ulong' | 'long' | 'timestamp'): Reader {
  return {
    type,
    read: (from) => {
      const start = from.take(8)
      const value = type === 'ulong' ? from.buffer.readBigUInt64BE(start) : from.buffer.readBigInt64BE(start)
      return { type, value }
    },
  }
}

function bytes(type: 'uuid' | 'decimal32' | 'decimal64' | 'decimal128', width: number): Reader {
  return { type, read: (from) => ({ type, value: readBytes(from, width) }) }
}

function constant(value: AmqpValue): Reader {
  return { type: value.type as Plain, read: () => value }
}

/** Every constructor code of section 1.6. */
const READERS: ReadonlyMap<number, Reader> = new Map<number, Reader>([
  [0x40, constant(NULL)],
  [0x41, constant({ type: 'boolean', value: true })],
  [0x42, constant({ type: 'boolean', value: false })],
  [0x43, constant({ type: 'uint', value: 0 })],
  [0x44, constant({ type: 'ulong', value: 0n })],
  [0x45, constant({ type: 'list', value: [] })],
  [0x50, number('ubyte', 1)],
  [0x51, number('byte', 1)],
  [0x52, number('uint', 1)],
  [0x53, { type: 'ulong', read: (from) => ({ type: 'ulong', value: BigInt(from.byte()) }) }],
  [0x54, number('int', 1)],
  [
    0x55,
    { type: 'long', read: (from) => ({ type: 'long', value: BigInt(from.buffer.readInt8(from.take(1))) }) },
  ],
  [0x56, { type: 'boolean', read: readBoolean }],
  [0x60, number('ushort', 2)],
  [0x61, number('short', 2)],
  [0x70, number('uint', 4)],
  [0x71, number('int', 4)],
  [
    0x72,
    { type: 'float', read: (from) => ({ type: 'float', value: from.buffer.readFloatBE(from.take(4)) }) },
  ],
  [0x73, { type: 'char', read: readChar }],
  [0x74, bytes('decimal32', 4)],
  [0x80, big('ulong')],
  [0x81, big('long')],
  [
    0x82,
    { type: 'double', read: (from) => ({ type: 'double', value: from.buffer.readDoubleBE(from.take(8)) }) },
  ],
  [0x83, big('timestamp')],
  [0x84, bytes('decimal64', 8)],
  [0x94, bytes('decimal128', 16)],
  [0x98, bytes('uuid', 16)],
  [0xa0, { type: 'binary', read: (from) => ({ type: 'binary', value: readBytes(from, from.length(1)) }) }],
  [0xa1, { type: 'string', read: (from) => ({ type: 'string', value: readString(from, from.length(1)) }) }],
  [0xa3, { type: 'symbol', read: (from) => ({ type: 'symbol', value: readSymbol(from, from.length(1)) }) }],
  [0xb0, { type: 'binary', read: (from) => ({ type: 'binary', value: readBytes(from, from.length(4)) }) }],
  [0xb1, { type: 'string', read: (from) => ({ type: 'string', value: readString(from, from.length(4)) }) }],
  [0xb3, { type: 'symbol', read: (from) => ({ type: 'symbol', value: readSymbol(from, from.length(4)) }) }],
  [0xc0, { type: 'list', read: (from) => readList(from, 1) }],
  [0xc1, { type: 'map', read: (from) => readMap(from, 1) }],
  [0xd0, { type: 'list', read: (from) => readList(from, 4) }],
  [0xd1, { type: 'map', read: (from) => readMap(from, 4) }],
  [0xe0, { type: 'array', read: (from) => readArray(from, 1) }],
  [0xf0, { type: 'array', read: (from) => readArray(from, 4) }],
])

function readerOf(code: number): Reader {
  const reader = READERS.get(code)
  if (reader === undefined) throw decodeError(`unknown constructor 0x${code.toString(16)}`)
  return reader
}
