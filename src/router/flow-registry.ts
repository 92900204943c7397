/**
 * The open flows of one router: how many may be open, and ending them all.
 */
import type { FlowError } from '../amqp/flow-transport.ts'
import { MAX_OPEN_FLOWS } from './limits.ts'

/** A flow that can be ended from outside. */
export interface EndableFlow {
  /** Resets both the socket and the channel. */
  kill(error: FlowError): void
}

/** Holds flows from opening to end. */
export class FlowRegistry {
  readonly #flows = new Set<EndableFlow>()
  readonly #max: number
  #waiters: (() => void)[] = []

  constructor(max = MAX_OPEN_FLOWS) {
    this.#max = max
  }

  get size(): number {
    return this.#flows.size
  }

  get full(): boolean {
    return this.#flows.size >= this.#max
  }

  add(flow: EndableFlow): void {
    this.#flows.add(flow)
  }

  delete(flow: EndableFlow): void {
    this.#flows.delete(flow)
    if (this.#flows.size > 0 || this.#waiters.length === 0) return
    const waiters = this.#waiters
    this.#waiters = []
    for (const wake of waiters) wake()
  }

  /** Resolves when no flow is open. The caller bounds the wait. */
  async whenEmpty(): Promise<void> {
    if (this.#flows.size === 0) return
    await new Promise<void>((resolve) => this.#waiters.push(resolve))
  }

  killAll(error: FlowError): void {
    for (const flow of [...this.#flows]) flow.kill(error)
  }
}
