/**
 * How wide the receive windows of one connection may be: each begins small and is widened while its reader keeps up, and
 * beyond the usual width only when the way is long, so that fast readers are fast and readers that stop cost little.
 */
import type { ByteBudget, ByteUse } from '../../core/byte-budget.ts'
import {
  FAST_ENOUGH,
  LONG_PATH_MS,
  NEAR_MS,
  ROUND_TRIP_INTERVAL_MS,
  SHARED_MARGIN,
  SHARED_WINDOW_BYTES,
} from '../limits.ts'
import { FlowMix } from './flow-mix.ts'
import type { RoundTrip } from './round-trip.ts'

/** Bytes. */
export interface WindowWidths {
  /** Of every window from its beginning; told to the peer in our open. */
  readonly initial: number
  /** Of a window whose reader keeps up. */
  readonly usual: number
  /** Of one that a long way uses up. */
  readonly most: number
}

/** Shared by all flows of a connection. */
export class WindowPool {
  readonly widths: WindowWidths
  /** Bytes that came and were not handed on. */
  readonly received: ByteUse
  readonly #mix = new FlowMix()
  readonly #budget: ByteBudget
  readonly #roundTrip: RoundTrip
  /** Bytes by which the windows are wider than at first. */
  #widened = 0

  /** All widening is promised out of `budget`. */
  constructor(widths: WindowWidths, budget: ByteBudget, roundTrip: RoundTrip) {
    this.widths = widths
    this.received = budget.use('received')
    this.#budget = budget
    this.#roundTrip = roundTrip
  }

  /** Monotonic milliseconds. */
  get now(): number {
    return this.#roundTrip.now
  }

  /**
   * By how much a window of `bytes` that was used up in `usedUpMs` may be widened: twice as wide, or not at all. One connection
   * gets no more than it leaves to the others, so the first of them cannot take everything.
   */
  widen(bytes: number, usedUpMs: number): number {
    const { usual, most } = this.widths
    const width = bytes < usual || !this.#isLimitedByWay(bytes, usedUpMs) ? usual : most
    const more = Math.max(0, Math.min(bytes, width - bytes))
    if (this.#widened + more > this.#budget.left - more || !this.#budget.take(more)) return 0
    this.#widened += more
    return more
  }

  /** Bytes of the flow whose window is `window` came. */
  receive(window: object, bytes: number): void {
    this.received.add(bytes)
    this.#mix.received(window)
  }

  /** What to use now of a window of `bytes`: all, or while others wait behind it what `rate` bytes a millisecond need. */
  useful(bytes: number, rate: number, now: number): number {
    const isShared = this.#mix.isShared(now)
    const { leastMs } = this.#roundTrip
    if (!isShared || leastMs === undefined) return bytes
    const needed = Math.floor(SHARED_MARGIN * rate * (leastMs - NEAR_MS))
    return Math.min(bytes, Math.max(SHARED_WINDOW_BYTES, needed))
  }

  /** A window of `bytes` is used no more. */
  release(bytes: number): void {
    const more = bytes - this.widths.initial
    this.#widened -= more
    this.#budget.give(more)
  }

  /** Within two round trips a window is used up only when it holds its sender up, or nearly does. */
  #isLimitedByWay(bytes: number, usedUpMs: number): boolean {
    this.#roundTrip.ask(ROUND_TRIP_INTERVAL_MS.busy)
    const { leastMs } = this.#roundTrip
    const isLong = leastMs !== undefined && leastMs >= LONG_PATH_MS && usedUpMs <= 2 * leastMs
    return isLong && bytes < usedUpMs * FAST_ENOUGH
  }
}
