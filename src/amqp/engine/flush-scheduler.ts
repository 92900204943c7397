/**
 * Chooses when to flush: with one busy flow at the end of the present callback (lowest latency), with several at the
 * end of the event loop's turn (one write for all of them). Which of the two is learned from what is sent.
 */

/** Turns with at most one busy flow after which flushes are eager again. */
const CALM_TURNS = 32

export class FlushScheduler {
  readonly #flush: () => void
  #requested = false
  #eager = true
  #watching = false
  /** The flow served in this turn of the event loop, and whether there was another. */
  #only: object | undefined
  #several = false
  #calm = 0

  constructor(flush: () => void) {
    this.#flush = flush
  }

  /** Calls `flush` soon, once however often this is asked. */
  request(): void {
    if (this.#requested) return
    this.#requested = true
    if (this.#eager) process.nextTick(this.#run)
    else setImmediate(this.#run)
  }

  /** `flow` had something to send in this flush. */
  served(flow: object): void {
    if (this.#only === undefined) this.#only = flow
    else if (this.#only !== flow) this.#several = true
  }

  readonly #run = (): void => {
    this.#requested = false
    this.#flush()
    if (!this.#eager) this.#endTurn()
    else if (!this.#watching) {
      this.#watching = true
      setImmediate(this.#endTurn)
    }
  }

  readonly #endTurn = (): void => {
    this.#watching = false
    this.#calm = this.#several ? 0 : this.#calm + 1
    if (this.#several) this.#eager = false
    else if (this.#calm >= CALM_TURNS) this.#eager = true
    this.#several = false
    this.#only = undefined
  }
}
