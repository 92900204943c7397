/**
 * Small pieces of a stream that have to wait, copied one behind the other: a buffer object takes some hundred bytes,
 * so that a thousand pieces of one byte would hold a thousand times what they carry.
 */

/** Longest piece that is copied. */
const SMALL_BYTES = 512

/** Bytes of one block: little enough to come from Node's pool, which makes it cheap. */
const BLOCK_BYTES = 2048

/** Puts the pieces of one stream together. Buffers it has given out are never changed where they can be seen. */
export class SmallPieces {
  #block: Buffer | undefined
  #used = 0

  /** `last`, which was kept here before, with `piece` behind it; undefined when that cannot be. */
  extend(last: Buffer, piece: Buffer): Buffer | undefined {
    const block = this.#block
    if (block === undefined || piece.length > block.length - this.#used) return undefined
    const start = last.byteOffset - block.byteOffset
    if (last.buffer !== block.buffer || start + last.length !== this.#used) return undefined
    piece.copy(block, this.#used)
    this.#used += piece.length
    return block.subarray(start, this.#used)
  }

  /** A copy of a small piece with room behind it; a large one itself. */
  keep(piece: Buffer): Buffer {
    if (piece.length > SMALL_BYTES) return piece
    this.#block = Buffer.allocUnsafe(BLOCK_BYTES)
    this.#used = piece.copy(this.#block)
    return this.#block.subarray(0, this.#used)
  }
}
