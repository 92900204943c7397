/**
 * Bytes of one flow that wait for window or socket, in the chunks they came in.
 */

interface Node {
  readonly chunk: Buffer
  next: Node | undefined
}

/** A linked list: what was sent is free at once, and an empty queue costs nothing. */
export class SendQueue {
  #first: Node | undefined
  #last: Node | undefined
  /** Bytes of the first chunk already taken. */
  #offset = 0
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return
    const node: Node = { chunk, next: undefined }
    if (this.#last === undefined) this.#first = node
    else this.#last.next = node
    this.#last = node
    this.#bytes += chunk.length
  }

  /** Gives the first `size` bytes, which must be there, to `take`, as views. */
  shift(size: number, take: { payload(chunk: Buffer): void }): void {
    let left = size
    while (left > 0 && this.#first !== undefined) {
      const { chunk } = this.#first
      const end = Math.min(chunk.length, this.#offset + left)
      take.payload(end - this.#offset === chunk.length ? chunk : chunk.subarray(this.#offset, end))
      left -= end - this.#offset
      this.#offset = end
      if (end === chunk.length) this.#dropFirst(this.#first)
    }
    this.#bytes -= size
  }

  clear(): void {
    this.#first = undefined
    this.#last = undefined
    this.#offset = 0
    this.#bytes = 0
  }

  #dropFirst(node: Node): void {
    this.#first = node.next
    this.#offset = 0
    if (node.next === undefined) this.#last = undefined
  }
}
