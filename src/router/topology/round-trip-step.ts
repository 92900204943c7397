/**
 * A measured round trip as one of a few steps, so that noise changes no route: smoothed, and left only when it is well outside.
 */

/** The steps, milliseconds: a round trip belongs to the first that is not below it. */
const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000]

/** Weight of a new sample. */
const NEWEST = 0.25

/** How far beyond the edge of its step a round trip must be to leave it. */
const MARGIN = 1.25

/** The round trip of one session. Begins with the lowest step: what is not measured yet is taken for near. */
export class RoundTripStep {
  #smoothed: number | undefined
  #index = 0

  /** Milliseconds. */
  get step(): number {
    return STEPS[this.#index] ?? 0
  }

  /** Takes a measurement; says whether the step is another now. */
  add(ms: number): boolean {
    this.#smoothed = this.#smoothed === undefined ? ms : this.#smoothed + NEWEST * (ms - this.#smoothed)
    if (!this.#isOutside(this.#smoothed)) return false
    this.#index = indexOf(this.#smoothed)
    return true
  }

  #isOutside(ms: number): boolean {
    if (indexOf(ms) > this.#index) return ms > this.step * MARGIN
    return indexOf(ms) < this.#index && ms < (STEPS[this.#index - 1] ?? 0) / MARGIN
  }
}

function indexOf(ms: number): number {
  const index = STEPS.findIndex((step) => ms <= step)
  return index === -1 ? STEPS.length - 1 : index
}
