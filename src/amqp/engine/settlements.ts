/**
 * Deliveries of strangers that were taken and must be settled: consecutive ones are told with one disposition.
 */
import type { Disposition } from '../codec/performatives.ts'

export class Settlements {
  #ranges: { first: number; last: number }[] = []

  add(deliveryId: number): void {
    const range = this.#ranges.at(-1)
    if (range !== undefined && (range.last + 1) >>> 0 === deliveryId) range.last = deliveryId
    else this.#ranges.push({ first: deliveryId, last: deliveryId })
  }

  /** The dispositions owed now. */
  take(): Disposition[] {
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
