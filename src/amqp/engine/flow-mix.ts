/**
 * Whether several flows of a connection receive at the same time: then what one of them has on the way is what the
 * others' bytes wait for.
 */
import { SHARED_FOR_MS } from '../limits.ts'

export class FlowMix {
  #last: object | undefined
  /** How often bytes were of another flow than those before. */
  #turns = 0
  #turnsSeen = 0
  #sharedUntil = Number.NEGATIVE_INFINITY

  /** Bytes of `flow` came. */
  received(flow: object): void {
    if (flow === this.#last) return
    this.#last = flow
    this.#turns += 1
  }

  /** At `now`, monotonic milliseconds. One turn may be the end of one flow and the beginning of the next. */
  isShared(now: number): boolean {
    if (this.#turns - this.#turnsSeen > 1) this.#sharedUntil = now + SHARED_FOR_MS
    this.#turnsSeen = this.#turns
    return now < this.#sharedUntil
  }
}
