/**
 * The first datagrams of an association, kept while it may still have to be sent to another place.
 */
import type { Allowance } from './allowance.ts'
import { FIRST_DATAGRAMS, FIRST_DATAGRAMS_BYTES } from './limits.ts'

const NONE: readonly Buffer[] = []

/** Keeps datagrams within its own bounds and a budget that all associations share, until `release`. */
export class FirstDatagrams {
  readonly #budget: Allowance
  #kept: Buffer[] | undefined = []
  #bytes = 0
  #full = false

  constructor(budget: Allowance) {
    this.#budget = budget
  }

  /** In the order they came; none once released. */
  get kept(): readonly Buffer[] {
    return this.#kept ?? NONE
  }

  /** True until `release`. */
  get open(): boolean {
    return this.#kept !== undefined
  }

  /** Keeps it if there is room, and says so; later ones are not kept either then, for they would overtake it. */
  keep(datagram: Buffer): boolean {
    if (this.#kept === undefined || this.#full) return false
    const bytes = this.#bytes + datagram.length
    const fits = this.#kept.length < FIRST_DATAGRAMS && bytes <= FIRST_DATAGRAMS_BYTES
    this.#full = !fits || !this.#budget.take(datagram.length)
    if (this.#full) return false
    this.#kept.push(datagram)
    this.#bytes = bytes
    return true
  }

  /** Forgets them. */
  release(): void {
    for (const { length } of this.kept) this.#budget.give(length)
    this.#kept = undefined
  }
}
