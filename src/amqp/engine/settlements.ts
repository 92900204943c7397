/**
 * Deliveries of strangers that were taken and must be settled: consecutive ones are told with one disposition.
 */
import type { Disposition } from '../codec/performatives.ts'

const NONE: readonly Disposition[] = []

export class Settlements {
  #ranges: { first: number; last: number }[] = []

  add(deliveryId: number): void {
    const range = this.#ranges.at(-1)
    if (range !== undefined && (range.last + 1) >>> 0 === deliveryId) range.last = deliveryId
    else this.#ranges.push({ first: deliveryId, last: deliveryId })
  }

  /** The dispositions owed now. */
  take(): readonly Disposition[] {
    if (this.#ranges.length === 0) return NONE
    const ranges = this.#ranges
    this.#ranges = []
    return ranges.map(({ first, last }) => ({
      kind: 'disposition',
      role: 'receiver',
      first,
      last,
      settled: true,
      state: 'accepted',
    }))
  }
}
