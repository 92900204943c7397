/**
 * The flows that wait for a link, longest waiting first, and how many they may be.
 */
import type { Backoff } from '../../core/backoff.ts'
import type { KeptFlow } from './flow-keeping.ts'

/** How long a flow waits, and when it may be tried again. Monotonic milliseconds. */
export interface Suspension {
  readonly since: number
  readonly expiresAt: number
  retryAt: number
  /** Made with the first attempt that failed. */
  backoff: Backoff | undefined
}

interface Entry extends Suspension {
  /** What the flow held when it came in. */
  readonly bytes: number
}

export class SuspendedFlows {
  readonly #maxFlows: number
  readonly #maxBytes: number
  readonly #entries = new Map<KeptFlow, Entry>()
  #bytes = 0

  constructor(maxFlows: number, maxBytes: number) {
    this.#maxFlows = maxFlows
    this.#maxBytes = maxBytes
  }

  get size(): number {
    return this.#entries.size
  }

  /** The longest waiting flow while there are too many; undefined when there are not. */
  get surplus(): KeptFlow | undefined {
    if (this.#entries.size <= this.#maxFlows && this.#bytes <= this.#maxBytes) return undefined
    return this.#entries.keys().next().value
  }

  add(flow: KeptFlow, now: number): void {
    this.delete(flow)
    const bytes = flow.heldBytes
    this.#bytes += bytes
    const expiresAt = now + flow.graceMs
    this.#entries.set(flow, { since: now, expiresAt, retryAt: now, backoff: undefined, bytes })
  }

  get(flow: KeptFlow): Suspension | undefined {
    return this.#entries.get(flow)
  }

  delete(flow: KeptFlow): boolean {
    this.#bytes -= this.#entries.get(flow)?.bytes ?? 0
    return this.#entries.delete(flow)
  }

  /** Flows may be deleted while this is walked through. */
  entries(): Iterable<[KeptFlow, Suspension]> {
    return this.#entries
  }
}
