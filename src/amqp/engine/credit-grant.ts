/**
 * What a stranger may send on a flow: AMQP's link credit, counted in messages of bounded size (AMQP 1.0 section 2.6.7).
 */
import { AmqpError, Condition } from '../errors.ts'
import { MAX_MESSAGE_SIZE } from '../limits.ts'
import { beyondGrant, type Grant, type ReceiveWindow } from './receive-window.ts'
import type { WindowPool } from './window-pool.ts'

export class CreditGrant implements ReceiveWindow {
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
    return this.#credit < 0 ? beyondGrant('transfer without credit') : undefined
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

  /** A stranger's messages count until they were handed on: relays have none. */
  passed(): false {
    return false
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
