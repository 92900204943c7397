/**
 * The flows that wait for a link, longest waiting first, and how many they may be. No cluster can make another's flows
 * leave by losing many of its own.
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
  /** What the flow held when it was last counted. */
  bytes: number
  readonly share: Share
}

/** What waits of the flows with one cluster. */
interface Share {
  readonly cluster: string
  readonly flows: Set<KeptFlow>
  bytes: number
}

export class SuspendedFlows {
  readonly #maxFlows: number
  readonly #maxBytes: number
  readonly #entries = new Map<KeptFlow, Entry>()
  readonly #shares = new Map<string, Share>()
  #bytes = 0

  constructor(maxFlows: number, maxBytes: number) {
    this.#maxFlows = maxFlows
    this.#maxBytes = maxBytes
  }

  get size(): number {
    return this.#entries.size
  }

  /** While there are too many, the longest waiting of the cluster that has the most of them; undefined when there are not. */
  get surplus(): KeptFlow | undefined {
    if (this.#bytes > this.#maxBytes) return this.#oldestOfLargest(({ bytes }) => bytes)
    if (this.size > this.#maxFlows) return this.#oldestOfLargest(({ flows }) => flows.size)
    return undefined
  }

  add(flow: KeptFlow, now: number): void {
    this.delete(flow)
    const bytes = flow.heldBytes
    const share = this.#shareOf(flow.process?.cluster ?? '')
    share.flows.add(flow)
    share.bytes += bytes
    this.#bytes += bytes
    const expiresAt = now + flow.graceMs
    this.#entries.set(flow, { since: now, expiresAt, retryAt: now, backoff: undefined, bytes, share })
  }

  /** Counts anew what it holds. */
  recount(flow: KeptFlow): void {
    const entry = this.#entries.get(flow)
    if (entry === undefined) return
    const more = flow.heldBytes - entry.bytes
    entry.bytes += more
    entry.share.bytes += more
    this.#bytes += more
  }

  get(flow: KeptFlow): Suspension | undefined {
    return this.#entries.get(flow)
  }

  delete(flow: KeptFlow): void {
    const entry = this.#entries.get(flow)
    if (entry === undefined) return
    const { bytes, share } = entry
    this.#entries.delete(flow)
    this.#bytes -= bytes
    share.bytes -= bytes
    share.flows.delete(flow)
    if (share.flows.size === 0) this.#shares.delete(share.cluster)
  }

  /** Flows may be deleted while this is walked through. */
  entries(): Iterable<[KeptFlow, Suspension]> {
    return this.#entries
  }

  #shareOf(cluster: string): Share {
    const known = this.#shares.get(cluster)
    if (known !== undefined) return known
    const share = { cluster, flows: new Set<KeptFlow>(), bytes: 0 }
    this.#shares.set(cluster, share)
    return share
  }

  #oldestOfLargest(sizeOf: (share: Share) => number): KeptFlow | undefined {
    let largest: Share | undefined
    for (const share of this.#shares.values()) {
      if (largest === undefined || sizeOf(share) > sizeOf(largest)) largest = share
    }
    return largest?.flows.values().next().value
  }
}
