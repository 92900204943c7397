/**
 * Bytes of one flow that wait for window or socket, in the chunks they came in.
 */
import { SmallPieces } from '../../core/small-pieces.ts'
import type { OutputQueue, PayloadSink } from './output-queue.ts'
import type { SendWindow } from './send-window.ts'

interface Node {
  chunk: Buffer
  next: Node | undefined
}

/** A linked list: what was sent is free at once, and an empty queue costs nothing. */
export class SendQueue implements OutputQueue {
  #first: Node | undefined
  #last: Node | undefined
  /** Bytes of the first chunk already taken. */
  #offset = 0
  #bytes = 0
  #small: SmallPieces | undefined

  get bytes(): number {
    return this.#bytes
  }

  get empty(): boolean {
    return this.#bytes === 0
  }

  next({ available, messageSize }: SendWindow): number {
    const size = Math.min(this.#bytes, available, messageSize)
    return size > 0 ? size : -1
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return
    this.#bytes += chunk.length
    if (this.#last === undefined) {
      this.#first = { chunk, next: undefined }
      this.#last = this.#first
    } else this.#append(this.#last, chunk)
  }

  /** Gives the first `size` bytes, which must be there, to `take`, as views. */
  shift(size: number, take: PayloadSink): void {
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

  /** Behind others a piece may wait for long: small ones are put together. */
  #append(last: Node, chunk: Buffer): void {
    this.#small ??= new SmallPieces()
    const extended = this.#small.extend(last.chunk, chunk)
    if (extended !== undefined) {
      last.chunk = extended
      return
    }
    last.next = { chunk: this.#small.keep(chunk), next: undefined }
    this.#last = last.next
  }

  #dropFirst(node: Node): void {
    this.#first = node.next
    this.#offset = 0
    if (node.next !== undefined) return
    this.#last = undefined
    this.#small = undefined
  }
}
