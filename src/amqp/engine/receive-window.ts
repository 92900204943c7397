/**
 * How much the far side may send on a flow before its bytes were handed on: the counterpart of send-window.ts.
 */
import { type Properties, ulong } from '../codec/value.ts'
import { AmqpError, Condition } from '../errors.ts'
import { MAX_DATAGRAM_BYTES, MAX_MESSAGE_SIZE } from '../limits.ts'
import { CONSUMED_PROPERTY, LIMIT_PROPERTY, type Peer } from './peer.ts'
import type { WindowPool } from './window-pool.ts'

/** Credit told to our own routers, which count bytes: more messages than can be on the way. */
const GENEROUS_CREDIT = 0x7fff_ffff

/** The link part of a flow performative. */
export interface Grant {
  readonly deliveryCount: number
  readonly linkCredit: number
  /** A sender's: the receiver asked for its credit back. */
  readonly drain?: boolean
  readonly properties?: Properties | undefined
}

export interface ReceiveWindow {
  /** Bytes received and not handed on. */
  readonly outstanding: number
  /** Bytes were handed on that the sender does not know of. */
  readonly owes: boolean
  /** A message begins. */
  message(): AmqpError | undefined
  /** Bytes of it came. */
  received(bytes: number): AmqpError | undefined
  /** Bytes were handed on; true when the sender should be told. */
  consumed(bytes: number): boolean
  /** What to tell the sender now. */
  grant(): Grant
  /** Nothing more comes. What came and was not handed on will still be, unless it is dropped. */
  end(isDropped: boolean): void
}

/** The window towards `peer`, whose sender begins counting at `deliveryCount`. */
export function receiveWindowFor(
  peer: Peer,
  pool: WindowPool,
  deliveryCount: number,
  datagrams: boolean,
): ReceiveWindow {
  return peer.ours ? new ByteGrant(pool, deliveryCount, datagrams) : new CreditGrant(pool, deliveryCount)
}

class ByteGrant implements ReceiveWindow {
  readonly #pool: WindowPool
  #window: number
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
    this.#pool.received.add(bytes)
    const most = this.#datagrams ? this.#limit + MAX_DATAGRAM_BYTES : this.#limit
    return this.#received > most ? beyond(`byte ${this.#received} sent, ${this.#limit} granted`) : undefined
  }

  consumed(bytes: number): boolean {
    this.#take(Math.min(bytes, this.outstanding))
    if (this.#ending) this.#releaseConsumed()
    return this.#isHalfUsed
  }

  /** When half of the window was handed on and hardly more waits, the window is what holds the sender up. */
  grant(): Grant {
    if (this.#isHalfUsed && this.outstanding <= this.#window / 2) this.#widen()
    this.#grantedAt = this.#pool.now
    this.#limit = this.#consumed + this.#window
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

  /** By how fast the bytes since the last grant were handed on. */
  #widen(): void {
    const rate = (this.#consumed - this.#told) / (this.#pool.now - this.#grantedAt)
    this.#window += this.#pool.widen(this.#window, this.#window / rate)
  }

  /** Half of the window was handed on since the last grant. */
  get #isHalfUsed(): boolean {
    return this.#consumed + this.#window - this.#limit >= this.#window / 2
  }

  #releaseConsumed(): void {
    if (this.#released || this.#consumed < this.#received) return
    this.#released = true
    this.#pool.release(this.#window)
  }
}

class CreditGrant implements ReceiveWindow {
  /** AMQP's credit tells nothing of bytes. */
  readonly owes = false
  readonly #pool: WindowPool
  readonly #window: number
  #deliveryCount: number
  #credit = 0
  #unconsumed = 0
  #messageBytes = 0

  constructor(pool: WindowPool, deliveryCount: number) {
    this.#pool = pool
    this.#window = pool.widths.usual
    this.#deliveryCount = deliveryCount
  }

  get outstanding(): number {
    return this.#unconsumed
  }

  message(): AmqpError | undefined {
    this.#messageBytes = 0
    this.#credit -= 1
    this.#deliveryCount = (this.#deliveryCount + 1) >>> 0
    return this.#credit < 0 ? beyond('transfer without credit') : undefined
  }

  received(bytes: number): AmqpError | undefined {
    this.#unconsumed += bytes
    this.#pool.received.add(bytes)
    this.#messageBytes += bytes
    if (this.#messageBytes <= MAX_MESSAGE_SIZE) return undefined
    const text = `message of more than ${MAX_MESSAGE_SIZE} bytes`
    return new AmqpError(Condition.messageSizeExceeded, text, 'link')
  }

  consumed(bytes: number): boolean {
    this.#take(Math.min(bytes, this.#unconsumed))
    return this.#affordable() - this.#credit >= this.#most() / 2
  }

  grant(): Grant {
    this.#credit = Math.max(this.#credit, this.#affordable())
    return { deliveryCount: this.#deliveryCount, linkCredit: this.#credit }
  }

  /** A stranger's window is as wide from the beginning, for there are few of them. */
  end(isDropped: boolean): void {
    if (isDropped) this.#take(this.#unconsumed)
  }

  #take(bytes: number): void {
    this.#unconsumed -= bytes
    this.#pool.received.remove(bytes)
  }

  /** Messages of full size that fit the window. */
  #most(): number {
    return Math.max(1, Math.floor(this.#window / MAX_MESSAGE_SIZE))
  }

  #affordable(): number {
    const room = Math.floor((this.#window - this.#unconsumed) / MAX_MESSAGE_SIZE)
    return this.#unconsumed === 0 ? this.#most() : Math.max(0, room)
  }
}

function beyond(text: string): AmqpError {
  return new AmqpError(Condition.transferLimitExceeded, text, 'link')
}
