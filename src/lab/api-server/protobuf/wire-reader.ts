/**
 * The protocol-buffers wire format, read: tags, varints, length-delimited fields.
 */
import { FairleadError } from '../../../core/errors.ts'

/** The bytes are not protobuf. */
export class WireError extends FairleadError {
  override readonly name = 'WireError'

  constructor(message: string) {
    super('protobuf', message)
  }
}

export type WireField =
  | { readonly number: number; readonly kind: 'varint'; readonly value: bigint }
  | { readonly number: number; readonly kind: 'bytes'; readonly value: Buffer }
  | { readonly number: number; readonly kind: 'fixed'; readonly value: Buffer }

/** The fields of one message, in order. */
export function* readFields(data: Buffer): Generator<WireField> {
  const cursor = { offset: 0 }
  while (cursor.offset < data.length) {
    const tag = Number(readVarint(data, cursor))
    yield readField(data, cursor, tag >>> 3, tag & 7)
  }
}

function readField(data: Buffer, cursor: { offset: number }, number: number, type: number): WireField {
  switch (type) {
    case 0:
      return { number, kind: 'varint', value: readVarint(data, cursor) }
    case 1:
      return { number, kind: 'fixed', value: take(data, cursor, 8) }
    case 2:
      return { number, kind: 'bytes', value: take(data, cursor, Number(readVarint(data, cursor))) }
    case 5:
      return { number, kind: 'fixed', value: take(data, cursor, 4) }
    default:
      throw new WireError(`wire type ${type} is not known`)
  }
}

function take(data: Buffer, cursor: { offset: number }, length: number): Buffer {
  const end = cursor.offset + length
  if (end > data.length) throw new WireError('unexpected EOF')
  const part = data.subarray(cursor.offset, end)
  cursor.offset = end
  return part
}

/** Longest varint, bytes. */
const MAX_VARINT = 10

function readVarint(data: Buffer, cursor: { offset: number }): bigint {
  let value = 0n
  for (let index = 0; index < MAX_VARINT; index += 1) {
    const byte = data[cursor.offset]
    if (byte === undefined) throw new WireError('unexpected EOF')
    cursor.offset += 1
    value |= BigInt(byte & 0x7f) << BigInt(7 * index)
    if (byte < 0x80) return BigInt.asUintN(64, value)
  }
  throw new WireError('varint is longer than ten bytes')
}
