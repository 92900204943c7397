/**
 * One neighbour over all sessions with it: it is there while there is one, and as near as the best of them.
 */
import { RoundTripStep } from './round-trip-step.ts'

/** A session with a neighbour, as far as its place in the graph is concerned. */
export interface SessionTerms {
  readonly cost: number
  readonly roundTrip: RoundTripStep
}

export class Adjacency {
  readonly #sessions = new Set<SessionTerms>()

  get isUp(): boolean {
    return this.#sessions.size > 0
  }

  get cost(): number {
    return Math.min(...[...this.#sessions].map(({ cost }) => cost))
  }

  /** A step, milliseconds. */
  get roundTripMs(): number {
    return Math.min(...[...this.#sessions].map(({ roundTrip }) => roundTrip.step))
  }

  add(cost: number): SessionTerms {
    const terms = { cost, roundTrip: new RoundTripStep() }
    this.#sessions.add(terms)
    return terms
  }

  delete(terms: SessionTerms): void {
    this.#sessions.delete(terms)
  }
}
