/**
 * Tells senders what was handed on and no grant has told yet: one coarse timer for all flows of a connection, armed
 * only while some flow owes an acknowledgement, so that idle flows cost nothing and senders can let go of what they keep.
 */
import type { Cancel, Clock } from '../../core/clock.ts'
import { ACK_DELAY_MS } from '../limits.ts'

/** A flow that owes its sender an acknowledgement. */
export interface AckDebtor {
  /** Tell it now, unless that was done meanwhile. */
  onAckDue(): void
}

export class AckTimer {
  readonly #clock: Clock
  #debtors = new Set<AckDebtor>()
  /** Swapped with `#debtors` at each look. */
  #spare = new Set<AckDebtor>()
  #armed: Cancel | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** `debtor` is told within ACK_DELAY_MS. */
  owe(debtor: AckDebtor): void {
    this.#debtors.add(debtor)
    this.#armed ??= this.#clock.after(ACK_DELAY_MS, this.#look)
  }

  /** `debtor` is over. */
  forget(debtor: AckDebtor): void {
    this.#debtors.delete(debtor)
  }

  stop(): void {
    this.#armed?.()
    this.#armed = undefined
    this.#debtors.clear()
  }

  readonly #look = (): void => {
    this.#armed = undefined
    const due = this.#debtors
    this.#debtors = this.#spare
    this.#spare = due
    for (const debtor of due) debtor.onAckDue()
    due.clear()
  }
}
