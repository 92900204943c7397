/**
 * The hot path: header of a transfer frame that holds one settled delivery of one data section, written into a slab
 * at a fixed layout of 36 bytes, and the performative of any received transfer read without making objects.
 */
import { decodeError } from '../errors.ts'

/** Frame header 8, performative 20, data section's header 8. */
export const TRANSFER_HEADER_SIZE = 36

/** Header of a data section whose size takes four bytes. */
export const DATA_SECTION_HEADER_SIZE = 8

/** Bytes from the start of a performative that tell how long it is: descriptor 10, list32 header 5. */
export const PERFORMATIVE_PEEK = 16

const TRANSFER_CODE = 0x14

/** Writes the header of a transfer with `payload` bytes to follow; TRANSFER_HEADER_SIZE bytes at `at` must be there. */
export function writeTransferHeader(
  into: Buffer,
  at: number,
  channel: number,
  handle: number,
  deliveryId: number,
  payload: number,
): void {
  put32(into, at, TRANSFER_HEADER_SIZE + payload)
  put32(into, at + 4, (2 << 24) | channel)
  // 00 53 14: transfer; c0 0f 05: a list of 15 bytes and 5 fields; 70: handle, 4 bytes wide
  put32(into, at + 8, 0x005314c0)
  into[at + 12] = 15
  into[at + 13] = 5
  into[at + 14] = 0x70
  put32(into, at + 15, handle)
  into[at + 19] = 0x70
  put32(into, at + 20, deliveryId)
  // a0 00: delivery-tag of no bytes (settled: nobody refers to it); 43: message-format 0; 41: settled
  put32(into, at + 24, 0xa0004341)
  // 00 53 75 b0: a data section with a size of 4 bytes
  put32(into, at + 28, 0x005375b0)
  put32(into, at + 32, payload)
}

/** The header of a data section of `size` bytes. */
export function dataSectionHeader(size: number): Buffer {
  const header = Buffer.allocUnsafe(DATA_SECTION_HEADER_SIZE)
  put32(header, 0, 0x005375b0)
  put32(header, 4, size)
  return header
}

function put32(into: Buffer, at: number, value: number): void {
  into[at] = value >>> 24
  into[at + 1] = value >>> 16
  into[at + 2] = value >>> 8
  into[at + 3] = value
}

/** Whether the performative at `start` is a transfer; PERFORMATIVE_PEEK bytes or the whole of it must be there. */
export function isTransfer(bytes: Buffer, start: number, end: number): boolean {
  if (end - start < 3 || bytes[start] !== 0) return false
  if (bytes[start + 1] === 0x53) return bytes[start + 2] === TRANSFER_CODE
  return bytes[start + 1] === 0x80 && end - start >= 10 && bytes.readBigUInt64BE(start + 2) === 0x14n
}

/** Length of the performative at `start`, from its first PERFORMATIVE_PEEK bytes or all of it. */
export function performativeLength(bytes: Buffer, start: number, end: number): number {
  const list = start + (bytes[start + 1] === 0x53 ? 3 : 10)
  if (end - list < 1) throw decodeError('performative is cut short')
  const code = bytes[list]
  if (code === 0x45) return list + 1 - start
  if (code === 0xc0 && end - list >= 2) return list + 2 + bytes.readUInt8(list + 1) - start
  if (code === 0xd0 && end - list >= 5) return list + 5 + bytes.readUInt32BE(list + 1) - start
  throw decodeError('performative is not a list')
}

/** Reads transfer performatives; its fields are those of the one read last. */
export class TransferHead {
  handle = 0
  /** -1 when absent: a continuation. */
  deliveryId = -1
  settled = false
  more = false
  aborted = false
  #bytes: Buffer = Buffer.alloc(0)
  #at = 0
  #end = 0
  #fields = 0

  /** Reads the transfer at `start` and returns where its payload starts. */
  read(bytes: Buffer, start: number, end: number): number {
    const payload = start + performativeLength(bytes, start, end)
    if (payload > end) throw decodeError('transfer is cut short')
    this.#open(bytes, start, payload)
    this.handle = this.#uint(-1)
    if (this.handle < 0) throw decodeError('transfer without handle')
    this.deliveryId = this.#uint(-1)
    this.#skip(2)
    this.settled = this.#boolean()
    this.more = this.#boolean()
    this.#skip(3)
    this.aborted = this.#boolean()
    return payload
  }

  #open(bytes: Buffer, start: number, end: number): void {
    this.#bytes = bytes
    this.#end = end
    const list = start + (bytes[start + 1] === 0x53 ? 3 : 10)
    const code = bytes[list]
    this.#at = list + (code === 0xc0 ? 3 : code === 0xd0 ? 9 : 1)
    if (this.#at > end) throw decodeError('transfer is cut short')
    this.#fields =
      code === 0x45 ? 0 : code === 0xc0 ? bytes.readUInt8(list + 2) : bytes.readUInt32BE(list + 5)
  }

  /** The constructor of the next field; null's code when there is none. */
  #code(): number {
    if (this.#fields === 0) return 0x40
    this.#fields -= 1
    return this.#bytes.readUInt8(this.#take(1))
  }

  #take(length: number): number {
    const at = this.#at
    this.#at = at + length
    if (this.#at > this.#end) throw decodeError('transfer is cut short')
    return at
  }

  #uint(absent: number): number {
    const code = this.#code()
    if (code === 0x70) return this.#bytes.readUInt32BE(this.#take(4))
    if (code === 0x52) return this.#bytes.readUInt8(this.#take(1))
    if (code === 0x43) return 0
    if (code === 0x40) return absent
    throw decodeError('transfer: a field is not a uint')
  }

  #boolean(): boolean {
    const code = this.#code()
    if (code === 0x41) return true
    if (code === 0x42 || code === 0x40) return false
    if (code === 0x56) return this.#bytes.readUInt8(this.#take(1)) === 1
    throw decodeError('transfer: a field is not a boolean')
  }

  #skip(fields: number): void {
    for (let i = 0; i < fields; i += 1) this.#skipValue(this.#code())
  }

  /** Passes over one value by the width its constructor's upper half tells (section 1.2). */
  #skipValue(code: number): void {
    if (code === 0x00) {
      this.#skipValue(this.#bytes.readUInt8(this.#take(1)))
      this.#skipValue(this.#bytes.readUInt8(this.#take(1)))
      return
    }
    const kind = code >> 4
    if (kind < 4) throw decodeError(`unknown constructor 0x${code.toString(16)}`)
    if (kind < 0xa) this.#take(FIXED_WIDTH[kind - 4] ?? 0)
    else if (kind % 2 === 0) this.#take(this.#bytes.readUInt8(this.#take(1)))
    else this.#take(this.#bytes.readUInt32BE(this.#take(4)))
  }
}

/** Widths of constructors 0x4x to 0x9x. */
const FIXED_WIDTH = [0, 1, 2, 4, 8, 16]
