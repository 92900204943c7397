/**
 * Which clusters flows can be opened to, and which were lost only a moment ago: their links are being dialled again.
 */
import type { Cancel, Clock } from '../../core/clock.ts'
import { RECENTLY_REACHABLE_MS } from '../limits.ts'
import type { PeerTransports } from '../network/peers.ts'

export interface ReachabilityDeps {
  readonly peers: PeerTransports
  readonly clock: Clock
  /** Told whenever `now` or `recently` has changed. */
  readonly onChange: () => void
}

/** Follows the transports from `start` to `stop`. */
export class Reachability {
  readonly #deps: ReachabilityDeps
  #now: ReadonlySet<string>
  /** Clusters lost within the bound, each with the timer that ends it. */
  readonly #lost = new Map<string, Cancel>()
  #unsubscribe: Cancel | undefined

  constructor(deps: ReachabilityDeps) {
    this.#deps = deps
    this.#now = new Set(deps.peers.reachable())
  }

  /** Clusters that have a transport; another set after each change. */
  get now(): ReadonlySet<string> {
    return this.#now
  }

  /** Whether a cluster has a transport or had one not long ago. */
  recently(cluster: string): boolean {
    return this.#now.has(cluster) || this.#lost.has(cluster)
  }

  start(): void {
    this.#unsubscribe ??= this.#deps.peers.onChange(() => this.#update())
    this.#update()
  }

  stop(): void {
    this.#unsubscribe?.()
    this.#unsubscribe = undefined
    for (const cancel of this.#lost.values()) cancel()
    this.#lost.clear()
  }

  #update(): void {
    const before = this.#now
    const now = new Set(this.#deps.peers.reachable())
    if (now.size === before.size && [...now].every((cluster) => before.has(cluster))) return
    this.#now = now
    for (const cluster of now) this.#found(cluster)
    for (const cluster of before) if (!now.has(cluster)) this.#lose(cluster)
    this.#deps.onChange()
  }

  #found(cluster: string): void {
    this.#lost.get(cluster)?.()
    this.#lost.delete(cluster)
  }

  #lose(cluster: string): void {
    const forget = this.#deps.clock.after(RECENTLY_REACHABLE_MS, () => {
      this.#lost.delete(cluster)
      this.#deps.onChange()
    })
    this.#lost.set(cluster, forget)
  }
}
