/**
 * Moves what flows and sessions have to send into the socket: each in turn gets one frame's worth, round robin, while
 * the socket takes it, so that a bulk flow cannot starve a small one and no more is encoded than the socket can hold.
 */
import { MAX_FLUSH_BYTES, MAX_RUN_BYTES } from '../limits.ts'
import type { ConnectionCounters } from './counters.ts'
import { FlushScheduler } from './flush-scheduler.ts'
import type { Outbox } from './outbox.ts'
import type { SendBudget } from './send-budget.ts'

/** Something that has frames to send. The two fields belong to the pump: a queue without allocations. */
export interface Turn {
  queued: boolean
  next: Turn | undefined
  /** Encodes up to one turn's worth; true when there is more that could go now. */
  takeTurn(): boolean
}

export class Pump {
  readonly #outbox: Outbox
  readonly #budget: SendBudget
  readonly #counters: ConnectionCounters
  readonly #onError: (error: unknown) => void
  readonly #scheduler = new FlushScheduler(() => this.#run())
  #first: Turn | undefined
  #last: Turn | undefined

  constructor(
    outbox: Outbox,
    budget: SendBudget,
    counters: ConnectionCounters,
    onError: (error: unknown) => void,
  ) {
    this.#outbox = outbox
    this.#budget = budget
    this.#counters = counters
    this.#onError = onError
  }

  /** `turn` has something to send. */
  schedule(turn: Turn): void {
    if (turn.queued) return
    this.#append(turn)
    if (!this.#outbox.congested) this.#scheduler.request()
  }

  /** Something was put into the outbox directly. */
  request(): void {
    this.#scheduler.request()
  }

  /** The socket has drained. */
  resume(): void {
    this.#run()
  }

  /** Sends nothing more of what is queued. */
  clear(): void {
    this.#first = undefined
    this.#last = undefined
  }

  #run(): void {
    let served = 0
    do {
      served += this.#serve()
      if (this.#outbox.pending > 0) this.#counters.flushes += 1
      this.#outbox.flush()
    } while (this.#first !== undefined && !this.#outbox.congested && served < MAX_RUN_BYTES)
    this.#budget.release()
    if (this.#first !== undefined && !this.#outbox.congested) this.#scheduler.request()
  }

  /** Encodes one flush's worth, turn by turn; returns its bytes. */
  #serve(): number {
    try {
      while (this.#outbox.pending < MAX_FLUSH_BYTES) {
        const turn = this.#shift()
        if (turn === undefined) break
        this.#scheduler.served(turn)
        if (turn.takeTurn() && !turn.queued) this.#append(turn)
      }
    } catch (error) {
      this.#onError(error)
    }
    return this.#outbox.pending
  }

  #append(turn: Turn): void {
    turn.queued = true
    if (this.#last === undefined) this.#first = turn
    else this.#last.next = turn
    this.#last = turn
  }

  #shift(): Turn | undefined {
    const turn = this.#first
    if (turn === undefined) return undefined
    this.#first = turn.next
    if (turn.next === undefined) this.#last = undefined
    turn.next = undefined
    turn.queued = false
    return turn
  }
}
