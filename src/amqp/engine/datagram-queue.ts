/**
 * Datagrams of one flow that wait for window or socket. They are worth less the older they get: when too much waits, the
 * oldest are dropped and counted.
 */
import { MAX_QUEUED_DATAGRAM_BYTES, MAX_QUEUED_DATAGRAMS } from '../limits.ts'
import type { OutputQueue, PayloadSink } from './output-queue.ts'
import type { SendWindow } from './send-window.ts'

export class DatagramQueue implements OutputQueue {
  /** Datagrams that were dropped. */
  dropped = 0
  readonly #onDrop: (bytes: number) => void
  #waiting: Buffer[] = []
  /** Where the first that waits is. */
  #head = 0
  /** Bytes of the first already taken. */
  #offset = 0
  #bytes = 0

  /** `onDrop` is told the size of each datagram that waited and was dropped. */
  constructor(onDrop: (bytes: number) => void) {
    this.#onDrop = onDrop
  }

  get bytes(): number {
    return this.#bytes
  }

  get empty(): boolean {
    return this.#head === this.#waiting.length
  }

  /** Queues one datagram, which pushes out older ones when there is no room. */
  push(datagram: Buffer): void {
    while (this.#isFullFor(datagram)) this.dropFirst()
    this.#waiting.push(datagram)
    this.#bytes += datagram.length
  }

  /** Drops the oldest. */
  dropFirst(): void {
    if (this.empty) return
    const { length } = this.#first
    this.dropped += 1
    this.#bytes -= length
    this.#shift()
    this.#onDrop(length)
  }

  next(window: SendWindow): number {
    while (!this.empty && this.#first.length > window.datagramSize) this.dropFirst()
    return this.empty || window.available <= 0 ? -1 : this.#first.length
  }

  shift(size: number, take: PayloadSink): void {
    const datagram = this.#first
    const end = this.#offset + size
    if (size > 0) take.payload(datagram.subarray(this.#offset, end))
    this.#offset = end
    this.#bytes -= size
    if (end >= datagram.length) this.#shift()
  }

  clear(): void {
    this.#waiting = []
    this.#head = 0
    this.#offset = 0
    this.#bytes = 0
  }

  get #first(): Buffer {
    return this.#waiting[this.#head] ?? NOTHING
  }

  #isFullFor({ length }: Buffer): boolean {
    if (this.#waiting.length - this.#head >= MAX_QUEUED_DATAGRAMS) return true
    return !this.empty && this.#bytes + length > MAX_QUEUED_DATAGRAM_BYTES
  }

  #shift(): void {
    this.#waiting[this.#head] = NOTHING
    this.#head += 1
    this.#offset = 0
    // Emptied places are given back before there are more of them than datagrams may wait.
    if (this.#head >= MAX_QUEUED_DATAGRAMS || this.empty) {
      this.#waiting.splice(0, this.#head)
      this.#head = 0
    }
  }
}

const NOTHING = Buffer.alloc(0)
