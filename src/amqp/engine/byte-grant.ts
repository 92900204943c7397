/**
 * What a router of ours may send on a flow: bytes up to an offset that moves on as they are handed on.
 */
import { ulong } from '../codec/value.ts'
import type { AmqpError } from '../errors.ts'
import { MAX_DATAGRAM_BYTES } from '../limits.ts'
import { CONSUMED_PROPERTY, LIMIT_PROPERTY } from './peer.ts'
import { beyondGrant, type Grant, type ReceiveWindow } from './receive-window.ts'
import type { WindowPool } from './window-pool.ts'

/** More messages than can be on the way: our own routers count bytes. */
const GENEROUS_CREDIT = 0x7fff_ffff

/** Least time between two grants that a clock can tell, milliseconds. */
const CLOCK_STEP_MS = 1e-6

export class ByteGrant implements ReceiveWindow {
  readonly #pool: WindowPool
  #window: number
  /** How much of it is used: less while other flows wait behind this one. */
  #used: number
  #deliveryCount: number
  #received = 0
  #consumed = 0
  /** What the sender knows of `#consumed`. */
  #told = 0
  #limit: number
  #grantedAt: number
  #ending = false
  #released = false
  /** A datagram that begins below the limit may pass it; nobody keeps datagrams until they are acknowledged. */
  readonly #datagrams: boolean

  constructor(pool: WindowPool, deliveryCount: number, datagrams: boolean) {
    this.#datagrams = datagrams
    this.#pool = pool
    this.#window = pool.widths.initial
    this.#used = this.#window
    this.#limit = this.#window
    this.#grantedAt = pool.now
    this.#deliveryCount = deliveryCount
  }

  get outstanding(): number {
    return this.#received - this.#consumed
  }

  get owes(): boolean {
    return this.#consumed > this.#told && !this.#datagrams
  }

  message(): undefined {
    this.#deliveryCount = (this.#deliveryCount + 1) >>> 0
  }

  received(bytes: number): AmqpError | undefined {
    this.#received += bytes
    this.#pool.receive(this, bytes)
    const most = this.#datagrams ? this.#limit + MAX_DATAGRAM_BYTES : this.#limit
    return this.#received > most
      ? beyondGrant(`byte ${this.#received} sent, ${this.#limit} granted`)
      : undefined
  }

  consumed(bytes: number): boolean {
    this.#take(Math.min(bytes, this.outstanding))
    if (this.#ending) this.#releaseConsumed()
    return this.#isHalfUsed
  }

  /** When half of the window was handed on and hardly more waits, the window is what holds the sender up. */
  grant(): Grant {
    const { now } = this.#pool
    const rate = (this.#consumed - this.#told) / Math.max(now - this.#grantedAt, CLOCK_STEP_MS)
    if (this.#isHalfUsed && this.outstanding <= this.#used / 2) this.#widen(rate)
    this.#used = this.#pool.useful(this.#window, rate, now)
    this.#grantedAt = now
    this.#limit = Math.max(this.#limit, this.#consumed + this.#used)
    this.#told = this.#consumed
    return {
      deliveryCount: this.#deliveryCount,
      linkCredit: GENEROUS_CREDIT,
      properties: new Map([
        [LIMIT_PROPERTY, ulong(this.#limit)],
        [CONSUMED_PROPERTY, ulong(this.#told)],
      ]),
    }
  }

  end(isDropped: boolean): void {
    this.#ending = true
    if (isDropped) this.#take(this.outstanding)
    this.#releaseConsumed()
  }

  #take(bytes: number): void {
    this.#consumed += bytes
    this.#pool.received.remove(bytes)
  }

  /** `rate` is that of the bytes since the last grant. A window of which part is used is wide enough. */
  #widen(rate: number): void {
    if (this.#used === this.#window) this.#window += this.#pool.widen(this.#window, this.#window / rate)
  }

  /** Half of what is used of the window was handed on since the last grant. */
  get #isHalfUsed(): boolean {
    return this.#consumed + this.#used - this.#limit >= this.#used / 2
  }

  #releaseConsumed(): void {
    if (this.#released || this.#consumed < this.#received) return
    this.#released = true
    this.#pool.release(this.#window)
  }
}
