/**
 * What a router of ours may send on a flow: bytes up to an offset that moves on as they are handed on, or passed on by a relay:
 * these need no room here any more, though they are acknowledged only when the far end has handed them on.
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
  /** Bytes that are out of this window: handed on, or passed on. */
  #passed = 0
  /** `#passed` at the last grant. */
  #opened = 0
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
    this.#consumed += Math.min(bytes, this.outstanding)
    if (this.#consumed > this.#passed) return this.#pass(this.#consumed)
    // Passed on before. A sender that has all it may keep under way waits for just this.
    return this.#consumed - this.#told >= this.#used / 2
  }

  passed(bytes: number): boolean {
    return this.#pass(Math.min(this.#passed + bytes, this.#received))
  }

  /** When half of the window was used up and hardly more lies in it, the window is what holds the sender up. */
  grant(): Grant {
    const { now } = this.#pool
    const rate = (this.#passed - this.#opened) / Math.max(now - this.#grantedAt, CLOCK_STEP_MS)
    if (this.#isHalfUsed && this.#received - this.#passed <= this.#used / 2) this.#widen(rate)
    this.#used = this.#pool.useful(this.#window, rate, now)
    this.#grantedAt = now
    this.#limit = Math.max(this.#limit, this.#passed + this.#used)
    this.#opened = this.#passed
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
    if (isDropped) this.#consumed = this.#received
    this.#pass(Math.max(this.#passed, this.#consumed))
  }

  /** Up to this offset nothing lies in the window. */
  #pass(offset: number): boolean {
    this.#pool.received.remove(offset - this.#passed)
    this.#passed = offset
    if (this.#ending) this.#releasePassed()
    return this.#isHalfUsed
  }

  /** `rate` is that of the bytes that left it since the last grant. A window of which part is used is wide enough. */
  #widen(rate: number): void {
    if (this.#used === this.#window) this.#window += this.#pool.widen(this.#window, this.#window / rate)
  }

  /** Half of what is used of the window was left since the last grant. */
  get #isHalfUsed(): boolean {
    return this.#passed + this.#used - this.#limit >= this.#used / 2
  }

  #releasePassed(): void {
    if (this.#released || this.#passed < this.#received) return
    this.#released = true
    this.#pool.release(this.#window)
  }
}
