/**
 * The receiving half of a resumable flow: what came in order, and what of it the owner has not handed on. Bytes of a
 * data connection that is lost are no news for the next one.
 */
import type { FlowPosition } from '../../amqp/flow-transport.ts'
import type { ByteUse } from '../../core/byte-budget.ts'

export class Incoming {
  /** The far side half-closed. */
  ended = false
  readonly #countsBytes: boolean
  readonly #held: ByteUse
  #received = 0
  /** With the owner. */
  #unread = 0
  /** Of those, what came on data connections that are gone: held, and in no window. */
  #stranded = 0

  /** Datagrams have no position. */
  constructor(countsBytes: boolean, held: ByteUse) {
    this.#countsBytes = countsBytes
    this.#held = held
  }

  get position(): FlowPosition {
    return { received: this.#countsBytes ? this.#received : 0, ended: this.ended }
  }

  /** Bytes the owner holds that no data connection counts any more. */
  get stranded(): number {
    return this.#stranded
  }

  /** Bytes were given to the owner. */
  add(bytes: number): void {
    this.#received += bytes
    this.#unread += bytes
  }

  /** The owner has handed on bytes, oldest first; returns how many of them the present data connection brought. */
  consumed(bytes: number): number {
    const known = Math.min(bytes, this.#unread)
    const old = Math.min(known, this.#stranded)
    this.#unread -= known
    if (old > 0) this.#strand(this.#stranded - old)
    return known - old
  }

  /** The data connection is gone. */
  strand(): void {
    if (this.#unread > this.#stranded) this.#strand(this.#unread)
  }

  /** The flow is over: what is still with the owner is its own affair. */
  drop(): void {
    this.#unread -= this.#stranded
    if (this.#stranded > 0) this.#strand(0)
  }

  #strand(bytes: number): void {
    this.#held.add(bytes - this.#stranded)
    this.#stranded = bytes
  }
}
