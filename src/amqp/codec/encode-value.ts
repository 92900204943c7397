/**
 * Encodes any AmqpValue: compact forms where a value has its own constructor, full-width forms inside arrays, where
 * all items share one.
 */
import { CompoundCode, type Encoder } from './encoder.ts'
import type { AmqpArray, AmqpValue, NumberType, Properties } from './value.ts'

type Compound = Extract<AmqpValue, { type: 'list' | 'map' | 'array' }>

/** Appends any value. */
export function encodeValue(to: Encoder, value: AmqpValue): void {
  switch (value.type) {
    case 'null':
      to.null()
      break
    case 'boolean':
      to.boolean(value.value)
      break
    case 'uint':
      to.uint(value.value)
      break
    case 'ulong':
      to.ulong(value.value)
      break
    case 'string':
      to.string(value.value)
      break
    case 'symbol':
      to.symbol(value.value)
      break
    case 'binary':
      to.binary(value.value)
      break
    case 'list':
    case 'map':
    case 'array':
      encodeCompound(to, value)
      break
    case 'described':
      encodeDescribed(to, value.descriptor, value.value)
      break
    default:
      encodeScalar(to, value)
      break
  }
}

/** Appends a map with symbol keys. */
export function encodeProperties(to: Encoder, entries: Properties): void {
  const start = to.beginCompound()
  for (const [key, value] of entries) {
    to.symbol(key)
    encodeValue(to, value)
  }
  to.endCompound(start, CompoundCode.map, entries.size * 2)
}

function encodeDescribed(to: Encoder, descriptor: AmqpValue, value: AmqpValue): void {
  to.u8(0)
  encodeValue(to, descriptor)
  encodeValue(to, value)
}

function encodeCompound(to: Encoder, value: Compound): void {
  if (value.type === 'list' && value.value.length === 0) {
    to.u8(0x45)
    return
  }
  const start = to.beginCompound()
  const count = encodeContent(to, value)
  to.endCompound(start, CompoundCode[value.type], count)
}

/** The items of a compound; returns the count its header tells. */
function encodeContent(to: Encoder, value: Compound): number {
  if (value.type === 'array') return encodeElements(to, value)
  if (value.type === 'list') {
    for (const item of value.value) encodeValue(to, item)
    return value.value.length
  }
  for (const [key, item] of value.value) {
    encodeValue(to, key)
    encodeValue(to, item)
  }
  return value.value.length * 2
}

function encodeElements(to: Encoder, array: AmqpArray): number {
  if (array.descriptor !== undefined) {
    to.u8(0)
    encodeValue(to, array.descriptor)
  }
  to.u8(FIXED_CODES[array.of])
  for (const item of array.value) encodeFixed(to, item)
  return array.value.length
}

function encodeScalar(to: Encoder, value: AmqpValue): void {
  if (value.type === 'described') return
  const small = shortCode(value)
  to.u8(small ?? FIXED_CODES[value.type])
  if (small === undefined) encodeFixed(to, value)
  else to.u8(Number(value.value) & 0xff)
}

/** The bytes that follow a code of FIXED_CODES. */
function encodeFixed(to: Encoder, value: AmqpValue): void {
  switch (value.type) {
    case 'null':
      break
    case 'boolean':
      to.u8(value.value ? 1 : 0)
      break
    case 'ulong':
    case 'long':
    case 'timestamp':
      to.u64(value.value)
      break
    case 'string':
    case 'symbol':
      encodeSized(to, Buffer.from(value.value, value.type === 'string' ? 'utf8' : 'latin1'))
      break
    case 'binary':
      encodeSized(to, value.value)
      break
    case 'uuid':
    case 'decimal32':
    case 'decimal64':
    case 'decimal128':
      to.raw(value.value)
      break
    case 'list':
    case 'map':
    case 'array':
      encodeWide(to, value)
      break
    case 'described':
      encodeValue(to, value)
      break
    default:
      encodeNumber(to, value.type, value.value)
      break
  }
}

function encodeNumber(to: Encoder, type: NumberType, value: number): void {
  switch (type) {
    case 'ubyte':
    case 'byte':
      to.u8(value & 0xff)
      break
    case 'ushort':
    case 'short':
      to.u16(value & 0xffff)
      break
    case 'float':
      to.float(value)
      break
    case 'double':
      to.double(value)
      break
    default:
      to.u32(value >>> 0)
      break
  }
}

function encodeSized(to: Encoder, bytes: Buffer): void {
  to.u32(bytes.length)
  to.raw(bytes)
}

function encodeWide(to: Encoder, value: Compound): void {
  const at = to.reserve(8)
  const count = encodeContent(to, value)
  to.patch32(at, to.length - at - 4)
  to.patch32(at + 4, count)
}

/** The one-byte forms of int and long. */
function shortCode(value: AmqpValue): number | undefined {
  if (value.type === 'int' && value.value >= -128 && value.value < 128) return 0x54
  if (value.type === 'long' && value.value >= -128n && value.value < 128n) return 0x55
  return undefined
}

/** The constructor of each type whose content has full width. */
const FIXED_CODES = {
  null: 0x40,
  boolean: 0x56,
  ubyte: 0x50,
  ushort: 0x60,
  uint: 0x70,
  ulong: 0x80,
  byte: 0x51,
  short: 0x61,
  int: 0x71,
  long: 0x81,
  float: 0x72,
  double: 0x82,
  char: 0x73,
  timestamp: 0x83,
  uuid: 0x98,
  decimal32: 0x74,
  decimal64: 0x84,
  decimal128: 0x94,
  binary: 0xb0,
  string: 0xb1,
  symbol: 0xb3,
  list: 0xd0,
  map: 0xd1,
  array: 0xf0,
} as const
