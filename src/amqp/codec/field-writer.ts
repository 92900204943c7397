/**
 * Writes the fields of a described list in order; trailing absent ones are left out (AMQP 1.0 section 1.4).
 */
import { DESCRIBED } from './decoder.ts'
import { encodeProperties, encodeValue } from './encode-value.ts'
import { CompoundCode, type Encoder } from './encoder.ts'
import type { AmqpValue, Properties } from './value.ts'

/** Writes one list's fields. */
export class FieldWriter {
  readonly #to: Encoder
  readonly #start: number
  #count = 0
  #keptCount = 0
  #keptLength: number

  constructor(to: Encoder, descriptor: number) {
    this.#to = to
    to.u8(DESCRIBED)
    to.ulong(descriptor)
    this.#start = to.beginCompound()
    this.#keptLength = to.length
  }

  uint(value: number | undefined): this {
    if (value === undefined) return this.#absent()
    this.#to.uint(value)
    return this.#present()
  }

  ushort(value: number | undefined): this {
    if (value === undefined) return this.#absent()
    this.#to.ushort(value)
    return this.#present()
  }

  ubyte(value: number | undefined): this {
    if (value === undefined) return this.#absent()
    this.#to.ubyte(value)
    return this.#present()
  }

  ulong(value: number | undefined): this {
    if (value === undefined) return this.#absent()
    this.#to.ulong(value)
    return this.#present()
  }

  boolean(value: boolean | undefined): this {
    if (value === undefined) return this.#absent()
    this.#to.boolean(value)
    return this.#present()
  }

  string(value: string | undefined): this {
    if (value === undefined) return this.#absent()
    this.#to.string(value)
    return this.#present()
  }

  symbol(value: string | undefined): this {
    if (value === undefined) return this.#absent()
    this.#to.symbol(value)
    return this.#present()
  }

  binary(value: Buffer | undefined): this {
    if (value === undefined) return this.#absent()
    this.#to.binary(value)
    return this.#present()
  }

  value(value: AmqpValue | undefined): this {
    if (value === undefined) return this.#absent()
    encodeValue(this.#to, value)
    return this.#present()
  }

  symbols(values: readonly string[] | undefined): this {
    if (values === undefined) return this.#absent()
    const value = values.map((text): AmqpValue => ({ type: 'symbol', value: text }))
    return this.value({ type: 'array', of: 'symbol', value })
  }

  properties(value: Properties | undefined): this {
    if (value === undefined) return this.#absent()
    encodeProperties(this.#to, value)
    return this.#present()
  }

  /** A nested described list. */
  described(descriptor: number, write: ((fields: FieldWriter) => FieldWriter) | undefined): this {
    if (write === undefined) return this.#absent()
    write(new FieldWriter(this.#to, descriptor)).end()
    return this.#present()
  }

  /** Absent fields in between. */
  skip(count = 1): this {
    for (let i = 0; i < count; i += 1) this.#absent()
    return this
  }

  /** Fills in the header. */
  end(): void {
    this.#to.truncate(this.#keptLength)
    this.#to.endCompound(this.#start, CompoundCode.list, this.#keptCount)
  }

  #absent(): this {
    this.#to.null()
    this.#count += 1
    return this
  }

  #present(): this {
    this.#count += 1
    this.#keptCount = this.#count
    this.#keptLength = this.#to.length
    return this
  }
}
