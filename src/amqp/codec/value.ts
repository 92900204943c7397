/**
 * AMQP values as tagged data, one tag per primitive type of AMQP 1.0 section 1.6, so that decoding and encoding lose nothing.
 */

/** Types whose value is a JavaScript number. */
export type NumberType = 'ubyte' | 'ushort' | 'uint' | 'byte' | 'short' | 'int' | 'float' | 'double' | 'char'

/** 64-bit types; a timestamp counts milliseconds since 1970. */
export type BigintType = 'ulong' | 'long' | 'timestamp'

/** Types kept as bytes. UUID has 16 of them, the decimals 4, 8 and 16 (IEEE 754-2008, not interpreted). */
export type BytesType = 'binary' | 'uuid' | 'decimal32' | 'decimal64' | 'decimal128'

export type TextType = 'string' | 'symbol'

/** One AMQP value. */
export type AmqpValue =
  | { readonly type: 'null'; readonly value: null }
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: NumberType; readonly value: number }
  | { readonly type: BigintType; readonly value: bigint }
  | { readonly type: BytesType; readonly value: Buffer }
  | { readonly type: TextType; readonly value: string }
  | { readonly type: 'list'; readonly value: readonly AmqpValue[] }
  | { readonly type: 'map'; readonly value: readonly MapEntry[] }
  | AmqpArray
  | { readonly type: 'described'; readonly descriptor: AmqpValue; readonly value: AmqpValue }

export type MapEntry = readonly [key: AmqpValue, value: AmqpValue]

export type AmqpType = AmqpValue['type']

/** An array: all items of type `of`; with a descriptor every item is described by it. */
export interface AmqpArray {
  readonly type: 'array'
  readonly of: Exclude<AmqpType, 'described'>
  readonly descriptor?: AmqpValue
  readonly value: readonly AmqpValue[]
}

/** A `fields` or `properties` map: symbol keys (strings are accepted too). */
export type Properties = ReadonlyMap<string, AmqpValue>

/** The null value. */
export const NULL: AmqpValue = { type: 'null', value: null }

/** An unsigned 64-bit value. */
export function ulong(value: number | bigint): AmqpValue {
  return { type: 'ulong', value: BigInt(value) }
}

/** An unsigned 32-bit value. */
export function uint(value: number): AmqpValue {
  return { type: 'uint', value }
}

/** A string value. */
export function string(value: string): AmqpValue {
  return { type: 'string', value }
}

/** The value as a non-negative number, or undefined when it is of another type or beyond 2^53. */
export function asCount(value: AmqpValue | undefined): number | undefined {
  if (value === undefined) return undefined
  if (typeof value.value !== 'number' && typeof value.value !== 'bigint') return undefined
  const count = Number(value.value)
  return Number.isSafeInteger(count) && count >= 0 ? count : undefined
}

/** The text of a string or symbol, else undefined. */
export function asText(value: AmqpValue | undefined): string | undefined {
  return value?.type === 'string' || value?.type === 'symbol' ? value.value : undefined
}
