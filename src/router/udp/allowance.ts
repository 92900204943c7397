/**
 * An amount that several parts share: places in tables, bytes that are kept.
 */

export class Allowance {
  readonly #max: number
  #taken = 0

  constructor(max: number) {
    this.#max = max
  }

  get taken(): number {
    return this.#taken
  }

  get full(): boolean {
    return this.#taken >= this.#max
  }

  /** Takes all of `amount`, or nothing and returns false. */
  take(amount: number): boolean {
    if (this.#taken + amount > this.#max) return false
    this.#taken += amount
    return true
  }

  /** Gives back what was taken. */
  give(amount: number): void {
    this.#taken -= amount
  }
}
