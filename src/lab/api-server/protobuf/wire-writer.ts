/**
 * The protocol-buffers wire format, written: messages as lists of encoded fields.
 */

/** One encoded field. Empty buffers stand for fields left out. */
export type Encoded = Buffer

const NOTHING = Buffer.alloc(0)

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  while (rest > 0x7f) {
    bytes.push((rest % 0x80) | 0x80)
    rest = Math.floor(rest / 0x80)
  }
  bytes.push(rest)
  return Buffer.from(bytes)
}

function tag(number: number, type: number): Buffer {
  return varint(number * 8 + type)
}

/** A length-delimited field. */
export function bytesField(number: number, value: Buffer): Encoded {
  return Buffer.concat([tag(number, 2), varint(value.length), value])
}

/** A string; left out when undefined or empty. */
export function stringField(number: number, value: string | undefined): Encoded {
  return value === undefined || value === '' ? NOTHING : bytesField(number, Buffer.from(value))
}

/** A non-negative integer; left out when undefined or 0. */
export function integerField(number: number, value: number | undefined): Encoded {
  return value === undefined || value === 0 ? NOTHING : Buffer.concat([tag(number, 0), varint(value)])
}

/** A boolean; left out when false. */
export function booleanField(number: number, value: boolean | undefined): Encoded {
  return integerField(number, value === true ? 1 : 0)
}

/** A nested message; kept even when empty. */
export function messageField(number: number, fields: readonly Encoded[]): Encoded {
  return bytesField(number, Buffer.concat(fields))
}
