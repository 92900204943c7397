/**
 * Reads the fields of a described list (a performative, a terminus, an error) in order: absent and null fields are
 * undefined, missing ones at the end too (AMQP 1.0 section 1.4).
 */
import { decodeError } from '../errors.ts'
import { DESCRIBED, type Decoder, readBytes, readString, readSymbol } from './decoder.ts'
import { type AmqpValue, asText, type Properties } from './value.ts'

/** Reads one list's fields from a decoder that stands behind its descriptor. */
export class FieldReader {
  readonly #from: Decoder
  readonly #what: string
  #left: number

  constructor(from: Decoder, what: string, count: number) {
    this.#from = from
    this.#what = what
    this.#left = count
  }

  uint(): number | undefined {
    const code = this.#code()
    if (code === undefined) return undefined
    if (code === 0x43) return 0
    if (code === 0x52) return this.#from.byte()
    if (code === 0x70) return this.#from.buffer.readUInt32BE(this.#from.take(4))
    throw this.#wrong('uint')
  }

  ushort(): number | undefined {
    const code = this.#code()
    if (code === undefined) return undefined
    if (code === 0x60) return this.#from.buffer.readUInt16BE(this.#from.take(2))
    throw this.#wrong('ushort')
  }

  ubyte(): number | undefined {
    const code = this.#code()
    if (code === undefined) return undefined
    if (code === 0x50) return this.#from.byte()
    throw this.#wrong('ubyte')
  }

  /** A ulong as a number; values above 2^53 - 1 are given as that. */
  ulong(): number | undefined {
    const code = this.#code()
    if (code === undefined) return undefined
    if (code === 0x44) return 0
    if (code === 0x53) return this.#from.byte()
    if (code !== 0x80) throw this.#wrong('ulong')
    const value = Number(this.#from.buffer.readBigUInt64BE(this.#from.take(8)))
    return Math.min(value, Number.MAX_SAFE_INTEGER)
  }

  boolean(): boolean | undefined {
    const code = this.#code()
    if (code === undefined) return undefined
    if (code === 0x41 || code === 0x42) return code === 0x41
    if (code === 0x56) return this.#from.byte() === 1
    throw this.#wrong('boolean')
  }

  string(): string | undefined {
    const width = this.#width(0xa1, 0xb1, 'string')
    return width === undefined ? undefined : readString(this.#from, this.#from.length(width))
  }

  symbol(): string | undefined {
    const width = this.#width(0xa3, 0xb3, 'symbol')
    return width === undefined ? undefined : readSymbol(this.#from, this.#from.length(width))
  }

  binary(): Buffer | undefined {
    const width = this.#width(0xa0, 0xb0, 'binary')
    return width === undefined ? undefined : readBytes(this.#from, this.#from.length(width))
  }

  /** A string or symbol of any kind, null for a value of another type (an address `*`). */
  address(): string | null | undefined {
    const value = this.value()
    return value === undefined ? undefined : (asText(value) ?? null)
  }

  value(): AmqpValue | undefined {
    const code = this.#code()
    if (code === undefined) return undefined
    return code === DESCRIBED ? this.#describedValue() : this.#from.valueOf(code)
  }

  /** Symbols, given as one or as an array of them. */
  symbols(): readonly string[] | undefined {
    const value = this.value()
    if (value === undefined) return undefined
    const items = value.type === 'array' ? value.value : [value]
    return items.map((item) => (item.type === 'symbol' ? item.value : raise(this.#wrong('symbol'))))
  }

  properties(): Properties | undefined {
    const width = this.#width(0xc1, 0xd1, 'map')
    if (width === undefined) return undefined
    const from = this.#from
    return from.within(from.length(width), () => this.#entries(from.length(width)))
  }

  #entries(count: number): Properties {
    if (count % 2 !== 0) throw decodeError('map with an odd number of values')
    const entries = new Map<string, AmqpValue>()
    for (let index = 0; index < count; index += 2) {
      const name = asText(this.#from.value())
      if (name === undefined || entries.has(name)) throw this.#wrong('map of distinct symbols')
      entries.set(name, this.#from.value())
    }
    return entries
  }

  /** A nested described list: `read` gets its descriptor and its fields. */
  described<T>(read: (descriptor: number, fields: FieldReader) => T): T | undefined {
    const code = this.#code()
    if (code === undefined) return undefined
    if (code !== DESCRIBED) throw this.#wrong('described list')
    return readDescribedList(this.#from, read)
  }

  /** Passes over `count` fields nobody here needs, which still must be well-formed. */
  skip(count = 1): this {
    for (let i = 0; i < count; i += 1) this.value()
    return this
  }

  /** Passes over what is left. */
  end(): void {
    this.skip(this.#left)
  }

  /** The field's value, or an error that names it. */
  need<T>(value: T | undefined, field: string): T {
    if (value === undefined) throw decodeError(`${this.#what}: ${field} is missing`)
    return value
  }

  #describedValue(): AmqpValue {
    const descriptor = this.#from.value()
    return { type: 'described', descriptor, value: this.#from.value() }
  }

  #code(): number | undefined {
    if (this.#left === 0) return undefined
    this.#left -= 1
    const code = this.#from.byte()
    return code === 0x40 ? undefined : code
  }

  #width(short: number, wide: number, type: string): number | undefined {
    const code = this.#code()
    if (code === undefined) return undefined
    if (code === short) return 1
    if (code === wide) return 4
    throw this.#wrong(type)
  }

  #wrong(type: string): Error {
    return decodeError(`${this.#what}: a field is not a ${type}`)
  }
}

function raise(error: Error): never {
  throw error
}

/** Reads descriptor and fields of a list; the decoder stands behind the 0x00 constructor. */
export function readDescribedList<T>(from: Decoder, read: (descriptor: number, fields: FieldReader) => T): T {
  const descriptor = readDescriptor(from)
  const what = `list 0x${descriptor.toString(16)}`
  const code = from.byte()
  if (code === 0x45) return read(descriptor, new FieldReader(from, what, 0))
  if (code !== 0xc0 && code !== 0xd0) throw decodeError(`${what} is not a list`)
  const width = code === 0xc0 ? 1 : 4
  return from.within(from.length(width), () => {
    const fields = new FieldReader(from, what, from.length(width))
    const result = read(descriptor, fields)
    fields.end()
    return result
  })
}

/** A numeric descriptor; symbolic ones are legal but nobody sends them. */
function readDescriptor(from: Decoder): number {
  const code = from.byte()
  if (code === 0x53) return from.byte()
  if (code !== 0x80) throw decodeError('descriptor is not a ulong')
  return Number(from.buffer.readBigUInt64BE(from.take(8)))
}
