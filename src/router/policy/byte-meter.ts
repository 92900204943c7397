/**
 * The bytes that the flows of one policy may move, together. Whoever moved some asks whether it may go on, and waits for
 * its turn while the policy is in debt: so a flow pauses, and none is cut.
 */
import type { Cancel, Clock } from '../../core/clock.ts'
import { BYTE_BURST_MS, BYTE_WAIT_MS, BYTES_A_TURN } from './limits.ts'
import { TokenBucket } from './token-bucket.ts'

/** A flow that pauses. */
export interface MeterWaiter {
  /** It may move bytes again, as far as this meter goes. */
  bytesAllowed(): void
}

export class ByteMeter {
  readonly #clock: Clock
  #bucket: TokenBucket | undefined
  /** In turn. */
  readonly #waiting = new Set<MeterWaiter>()
  #cancel: Cancel | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Bytes a second from now on; undefined: as many as there are. Those that wait look again. */
  set rate(perSecond: number | undefined) {
    const now = this.#clock.monotonic()
    if (perSecond === undefined) this.#bucket = undefined
    else if (this.#bucket === undefined) this.#bucket = new TokenBucket(perSecond, BYTE_BURST_MS, now)
    else this.#bucket.change(perSecond, BYTE_BURST_MS, now)
    this.#cancel?.()
    this.#cancel = undefined
    this.#arm()
  }

  /** It bounds anything. */
  get isOn(): boolean {
    return this.#bucket !== undefined
  }

  get inDebt(): boolean {
    return this.#bucket !== undefined && this.#bucket.left(this.#clock.monotonic()) <= 0
  }

  /** These were moved. */
  spend(bytes: number): void {
    this.#bucket?.spend(bytes, this.#clock.monotonic())
  }

  /** Calls `bytesAllowed` of the waiter once, when it is its turn. */
  wait(waiter: MeterWaiter): void {
    this.#waiting.add(waiter)
    this.#arm()
  }

  forget(waiter: MeterWaiter): void {
    this.#waiting.delete(waiter)
  }

  #arm(): void {
    if (this.#waiting.size === 0 || this.#cancel !== undefined) return
    const ms = this.#bucket?.msUntilAny(this.#clock.monotonic()) ?? 0
    this.#cancel = this.#clock.after(Math.max(BYTE_WAIT_MS, Math.ceil(ms)), () => this.#wake())
  }

  #wake(): void {
    this.#cancel = undefined
    let places = this.#places()
    for (const waiter of this.#waiting) {
      if (places <= 0) break
      places -= 1
      this.#waiting.delete(waiter)
      waiter.bytesAllowed()
    }
    this.#arm()
  }

  /** How many may go on now: each takes about a turn's bytes. */
  #places(): number {
    if (this.#bucket === undefined) return this.#waiting.size
    return Math.ceil(this.#bucket.left(this.#clock.monotonic()) / BYTES_A_TURN)
  }
}
