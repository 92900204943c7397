/**
 * One direction of a slow connection: what is sent arrives later, in order. It knows sizes and times only, no sockets.
 * A lost segment is what TCP makes of it: it and all behind it arrive when it was sent again.
 */
import type { Clock } from '../../core/clock.ts'
import { isQuiet, type PathShape } from './path-shape.ts'

/** Payload of a full segment on Ethernet, bytes. */
const SEGMENT = 1_448

/** Least time-out before TCP sends again, on top of the round trip. Milliseconds. */
const LEAST_RETRANSMIT = 200

/** A segment that was lost so often is let through. */
const MAX_LOSSES = 6

export interface DelayLineDeps {
  readonly clock: Pick<Clock, 'monotonic' | 'after'>
  /** From 0 up to 1. */
  readonly random: () => number
}

interface Parcel {
  readonly at: number
  readonly bytes: number
  readonly arrive: () => void
}

export class DelayLine {
  readonly #deps: DelayLineDeps
  readonly #shape: () => PathShape
  readonly #parcels: Parcel[] = []
  #onTheWay = 0
  /** Nothing arrives before this. */
  #clearAt = 0

  /** `shape` is asked for each piece that is sent. */
  constructor(deps: DelayLineDeps, shape: () => PathShape) {
    this.#deps = deps
    this.#shape = shape
  }

  /** Bytes that were sent and have not arrived. */
  get onTheWay(): number {
    return this.#onTheWay
  }

  /** `arrive` is called when `bytes` have made their way; 0 stands for an end or a reset. */
  send(bytes: number, arrive: () => void): void {
    const shape = this.#shape()
    if (isQuiet(shape) && this.#parcels.length === 0) {
      arrive()
      return
    }
    const at = this.#deps.clock.monotonic() + this.#flight(shape) + this.#stall(shape, bytes)
    this.#clearAt = Math.max(this.#clearAt, at)
    this.#onTheWay += bytes
    this.#parcels.push({ at: this.#clearAt, bytes, arrive })
    if (this.#parcels.length === 1) this.#wait()
  }

  #flight({ delayMs, jitterMs }: PathShape): number {
    return Math.max(0, delayMs + jitterMs * (2 * this.#deps.random() - 1))
  }

  /** The longest time that one of its segments waits to be sent again. */
  #stall(shape: PathShape, bytes: number): number {
    if (shape.lossPercent === 0) return 0
    let longest = 0
    for (let sent = 0; sent === 0 || sent < bytes; sent += SEGMENT) {
      longest = Math.max(longest, this.#retransmission(shape))
    }
    return longest
  }

  /** Each time-out is twice the one before. */
  #retransmission({ delayMs, jitterMs, lossPercent }: PathShape): number {
    let timeout = 2 * (delayMs + jitterMs) + LEAST_RETRANSMIT
    let waited = 0
    for (let losses = 0; losses < MAX_LOSSES && this.#deps.random() * 100 < lossPercent; losses += 1) {
      waited += timeout
      timeout *= 2
    }
    return waited
  }

  #wait(): void {
    const [first] = this.#parcels
    if (first === undefined) return
    this.#deps.clock.after(Math.max(0, first.at - this.#deps.clock.monotonic()), () => this.#deliver())
  }

  #deliver(): void {
    const now = this.#deps.clock.monotonic()
    let due = 0
    for (const { at, bytes, arrive } of this.#parcels) {
      if (at > now) break
      due += 1
      this.#onTheWay -= bytes
      arrive()
    }
    this.#parcels.splice(0, due)
    this.#wait()
  }
}
