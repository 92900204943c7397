/**
 * Appends AMQP primitives to a buffer that grows and is used again, always in their shortest encoding.
 */

const INITIAL_SIZE = 1024

/** Bytes a compound's header grows by when size and count do not fit one byte each. */
const WIDE_EXTRA = 6

/** Characters up to which a text is written without leaving JavaScript. */
const SHORT_TEXT = 64

/** Short constructor codes of the compounds; the wide form is 0x10 higher. */
export const CompoundCode = { list: 0xc0, map: 0xc1, array: 0xe0 } as const

/** A cursor that writes; `reset` starts anew in the same memory. */
export class Encoder {
  #buffer: Buffer = Buffer.allocUnsafe(INITIAL_SIZE)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** A view of what was encoded, valid until the next reset. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  /** Starts anew, leaving `reserved` bytes at the front for a frame header. */
  reset(reserved = 0): void {
    this.#length = reserved
  }

  /** Forgets what was written after `length`. */
  truncate(length: number): void {
    this.#length = length
  }

  // `reserve` may put another buffer in place, so it comes before the buffer is named.

  u8(value: number): void {
    const at = this.reserve(1)
    this.#buffer[at] = value
  }

  u16(value: number): void {
    const at = this.reserve(2)
    this.#buffer.writeUInt16BE(value, at)
  }

  u32(value: number): void {
    const at = this.reserve(4)
    this.#buffer.writeUInt32BE(value, at)
  }

  u64(value: bigint): void {
    const at = this.reserve(8)
    this.#buffer.writeBigUInt64BE(BigInt.asUintN(64, value), at)
  }

  float(value: number): void {
    const at = this.reserve(4)
    this.#buffer.writeFloatBE(value, at)
  }

  double(value: number): void {
    const at = this.reserve(8)
    this.#buffer.writeDoubleBE(value, at)
  }

  raw(bytes: Buffer): void {
    const at = this.reserve(bytes.length)
    bytes.copy(this.#buffer, at)
  }

  /** Overwrites four bytes at `at`. */
  patch32(at: number, value: number): void {
    this.#buffer.writeUInt32BE(value, at)
  }

  null(): void {
    this.u8(0x40)
  }

  boolean(value: boolean): void {
    this.u8(value ? 0x41 : 0x42)
  }

  ubyte(value: number): void {
    this.u8(0x50)
    this.u8(value)
  }

  ushort(value: number): void {
    this.u8(0x60)
    this.u16(value)
  }

  uint(value: number): void {
    if (value === 0) this.u8(0x43)
    else if (value < 256) this.#small(0x52, value)
    else {
      this.u8(0x70)
      this.u32(value)
    }
  }

  ulong(value: number | bigint): void {
    if (value === 0 || value === 0n) this.u8(0x44)
    else if (value < 256) this.#small(0x53, Number(value))
    else {
      this.u8(0x80)
      this.u64(BigInt(value))
    }
  }

  string(value: string): void {
    this.#text(0xa1, value, 'utf8')
  }

  symbol(value: string): void {
    this.#text(0xa3, value, 'latin1')
  }

  binary(value: Buffer): void {
    this.#size(0xa0, value.length)
    this.raw(value)
  }

  /** Starts a list, map or array whose size is not known yet; give the result to `endCompound`. */
  beginCompound(): number {
    return this.reserve(3)
  }

  /** Fills in the header at `start`, moving the content when the short form is too small. */
  endCompound(start: number, code: number, count: number): void {
    const content = this.#length - start - 3
    if (content + 1 < 256 && count < 256) {
      this.#buffer[start] = code
      this.#buffer[start + 1] = content + 1
      this.#buffer[start + 2] = count
      return
    }
    this.reserve(WIDE_EXTRA)
    this.#buffer.copyWithin(start + 3 + WIDE_EXTRA, start + 3, start + 3 + content)
    this.#buffer[start] = code + 0x10
    this.#buffer.writeUInt32BE(content + 4, start + 1)
    this.#buffer.writeUInt32BE(count, start + 5)
  }

  /** Makes room for `bytes` more and returns where they start. */
  reserve(bytes: number): number {
    const at = this.#length
    this.#length = at + bytes
    if (this.#length > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#length, this.#buffer.length * 2))
      this.#buffer.copy(larger, 0, 0, at)
      this.#buffer = larger
    }
    return at
  }

  #small(code: number, value: number): void {
    this.u8(code)
    this.u8(value)
  }

  #size(shortCode: number, size: number): void {
    if (size < 256) this.#small(shortCode, size)
    else {
      this.u8(shortCode + 0x10)
      this.u32(size)
    }
  }

  #text(shortCode: number, value: string, encoding: 'utf8' | 'latin1'): void {
    if (value.length <= SHORT_TEXT && this.#shortAscii(shortCode, value)) return
    const size = Buffer.byteLength(value, encoding)
    this.#size(shortCode, size)
    const at = this.reserve(size)
    this.#buffer.write(value, at, encoding)
  }

  /** Short texts are faster written here than by a call out of JavaScript; false when `value` is not ASCII. */
  #shortAscii(shortCode: number, value: string): boolean {
    const { length } = value
    const start = this.reserve(2 + length)
    const buffer = this.#buffer
    for (let index = 0; index < length; index += 1) {
      const code = value.charCodeAt(index)
      if (code > 0x7f) {
        this.#length = start
        return false
      }
      buffer[start + 2 + index] = code
    }
    buffer[start] = shortCode
    buffer[start + 1] = length
    return true
  }
}
