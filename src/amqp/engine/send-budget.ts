/**
 * Bytes all flows of one connection have waiting for the socket. When they reach the bound, owners that ask are told
 * to wait, and are woken a few at a time, longest waiting first, as room returns.
 */
import type { ByteUse } from '../../core/byte-budget.ts'
import { MAX_SEND_PAYLOAD } from '../limits.ts'

/** A flow whose owner was told to wait because of the connection's bound. */
export interface BudgetWaiter {
  onBudget(): void
}

export class SendBudget {
  readonly #max: number
  readonly #sending: ByteUse
  readonly #waiters = new Set<BudgetWaiter>()
  #used = 0

  /** `sending` is the account of all connections. */
  constructor(max: number, sending: ByteUse) {
    this.#max = max
    this.#sending = sending
  }

  /** Bytes waiting. */
  get used(): number {
    return this.#used
  }

  get exhausted(): boolean {
    return this.#used >= this.#max
  }

  add(bytes: number): void {
    this.#used += bytes
    this.#sending.add(bytes)
  }

  remove(bytes: number): void {
    this.#used -= bytes
    this.#sending.remove(bytes)
  }

  wait(waiter: BudgetWaiter): void {
    this.#waiters.add(waiter)
  }

  forget(waiter: BudgetWaiter): void {
    this.#waiters.delete(waiter)
  }

  /** Wakes as many as there is room for, counting one socket read each. */
  release(): void {
    if (this.#waiters.size === 0) return
    let room = Math.ceil((this.#max - this.#used) / MAX_SEND_PAYLOAD)
    for (const waiter of this.#waiters) {
      if (room <= 0) return
      room -= 1
      this.#waiters.delete(waiter)
      waiter.onBudget()
    }
  }
}
