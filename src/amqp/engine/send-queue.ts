/**
 * Bytes of one flow that wait for window or socket, in the chunks they came in.
 */

/** Chunks used up before the array is cut. */
const COMPACT_AFTER = 64

export class SendQueue {
  #chunks: Buffer[] = []
  #head = 0
  /** Bytes of the first chunk already taken. */
  #offset = 0
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
  }

  /** Gives the first `size` bytes, which must be there, to `take`, as views. */
  shift(size: number, take: { payload(chunk: Buffer): void }): void {
    let left = size
    while (left > 0) {
      const chunk = this.#chunks[this.#head]
      if (chunk === undefined) break
      const used = Math.min(left, chunk.length - this.#offset)
      take.payload(used === chunk.length ? chunk : chunk.subarray(this.#offset, this.#offset + used))
      this.#advance(chunk, used)
      left -= used
    }
    this.#bytes -= size
  }

  clear(): void {
    this.#chunks = []
    this.#head = 0
    this.#offset = 0
    this.#bytes = 0
  }

  #advance(chunk: Buffer, used: number): void {
    this.#offset += used
    if (this.#offset < chunk.length) return
    this.#offset = 0
    this.#head += 1
    if (this.#head === this.#chunks.length) {
      this.#chunks.length = 0
      this.#head = 0
    } else if (this.#head === COMPACT_AFTER) {
      this.#chunks.splice(0, this.#head)
      this.#head = 0
    }
  }
}
