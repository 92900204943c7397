/**
 * The open flows of one router: how many may be open, how many of them one client or cluster may have, and ending them all.
 */
import type { FlowError } from '../amqp/flow-transport.ts'
import { MAX_OPEN_FLOWS } from './limits.ts'

/** A flow that can be ended from outside. */
export interface EndableFlow {
  /** Resets both the socket and the channel. */
  kill(error: FlowError): void
  /** The policies of services may have changed. Absent: it is none of its business. */
  accessChanged?(): void
}

/** Holds flows from opening to end. */
export class FlowRegistry {
  /** With the owner of each. */
  readonly #flows = new Map<EndableFlow, string>()
  readonly #byOwner = new Map<string, number>()
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

  /** Those who have flows now. */
  get owners(): number {
    return this.#byOwner.size
  }

  /** Whether `owner` may have one more: it has less than `share` times what is left to the others. */
  admits(owner: string, share: number): boolean {
    return this.#countOf(owner) < share * (this.#max - this.#flows.size)
  }

  /** `owner` is who it is counted for. */
  add(flow: EndableFlow, owner: string): void {
    if (this.#flows.has(flow)) return
    this.#flows.set(flow, owner)
    this.#byOwner.set(owner, this.#countOf(owner) + 1)
  }

  delete(flow: EndableFlow): void {
    const owner = this.#flows.get(flow)
    if (owner === undefined) return
    this.#flows.delete(flow)
    const count = this.#countOf(owner) - 1
    if (count > 0) this.#byOwner.set(owner, count)
    else this.#byOwner.delete(owner)
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
    for (const flow of [...this.#flows.keys()]) flow.kill(error)
  }

  /** Has all flows look whether they may go on. */
  accessChanged(): void {
    for (const flow of [...this.#flows.keys()]) flow.accessChanged?.()
  }

  /** Ends those of some owners. */
  killOf(isConcerned: (owner: string) => boolean, error: FlowError): void {
    for (const [flow, owner] of [...this.#flows]) if (isConcerned(owner)) flow.kill(error)
  }

  #countOf(owner: string): number {
    return this.#byOwner.get(owner) ?? 0
  }
}
