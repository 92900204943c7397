/**
 * The bytes of a stream that were written and not acknowledged: first those already sent, then those that wait. Small
 * pieces are put together, and no view of them is made unless they are sent again.
 */
import type { ByteUse } from '../../core/byte-budget.ts'
import { PIECE_BLOCK_BYTES, SMALL_PIECE_BYTES } from './limits.ts'
import type { Retention } from './retention.ts'

/** Bytes `from` up to `to` of a buffer. */
interface Piece {
  readonly buffer: Buffer
  from: number
  to: number
  next: Piece | undefined
}

export class RetainedBytes implements Retention {
  readonly dropped = 0
  readonly #held: ByteUse
  #acked = 0
  #sent = 0
  #written = 0
  #first: Piece | undefined
  #last: Piece | undefined
  /** While something waits: the piece in which it begins, and where. */
  #unsent: Piece | undefined
  #unsentFrom = 0
  /** The block of the last piece, with room behind it. */
  #block: Buffer | undefined

  constructor(held: ByteUse) {
    this.#held = held
  }

  get acked(): number {
    return this.#acked
  }

  get sent(): number {
    return this.#sent
  }

  get bytes(): number {
    return this.#written - this.#acked
  }

  get waiting(): number {
    return this.#written - this.#sent
  }

  push(chunk: Buffer, isSent: boolean): void {
    const size = chunk.length
    if (size === 0) return
    this.#held.add(size)
    this.#written += size
    if (isSent) this.#sent = this.#written
    const last = this.#last
    if (last === undefined) this.#first = this.#last = pieceOf(chunk, size)
    else if (last.buffer === this.#block && size <= PIECE_BLOCK_BYTES - last.to) {
      last.buffer.set(chunk, last.to)
      last.to += size
    } else this.#last = last.next = size <= SMALL_PIECE_BYTES ? this.#copied(chunk) : pieceOf(chunk, size)
  }

  ack(bytes: number): boolean {
    if (this.#acked + bytes > this.#sent) return false
    this.#drop(bytes)
    return true
  }

  restart(received: number): void {
    this.#drop(received - this.#acked)
    this.#sent = received
    this.#unsent = this.#first
    this.#unsentFrom = this.#first?.from ?? 0
  }

  take(max: number): Buffer {
    const piece = this.#unsent
    if (piece === undefined) return Buffer.alloc(0)
    const from = this.#unsentFrom
    const to = Math.min(piece.to, from + max)
    this.#sent += to - from
    this.#unsentFrom = to
    if (to === piece.to) {
      this.#unsent = piece.next
      this.#unsentFrom = piece.next?.from ?? 0
    }
    return piece.buffer.subarray(from, to)
  }

  clear(): void {
    this.#drop(this.bytes)
    this.#sent = this.#written
  }

  #copied(chunk: Buffer): Piece {
    this.#block = Buffer.allocUnsafe(PIECE_BLOCK_BYTES)
    this.#block.set(chunk)
    return pieceOf(this.#block, chunk.length)
  }

  #drop(bytes: number): void {
    this.#held.remove(bytes)
    this.#acked += bytes
    let left = bytes
    let piece = this.#first
    while (left > 0 && piece !== undefined) {
      const size = piece.to - piece.from
      if (left < size) {
        piece.from += left
        break
      }
      left -= size
      piece = piece.next
    }
    this.#first = piece
    if (piece === undefined) this.#emptied()
  }

  #emptied(): void {
    this.#last = undefined
    this.#unsent = undefined
    this.#block = undefined
  }
}

function pieceOf(buffer: Buffer, to: number): Piece {
  return { buffer, from: 0, to, next: undefined }
}
