/**
 * Which clusters a router can reach, told to the controller of its own cluster over their session. The whole list each
 * time: it is short, and what was told before needs not be remembered.
 */
import type { Cancel } from '../core/clock.ts'
import { Condition, ViolationError } from './errors.ts'
import { MAX_DIGEST_ENTRIES, MAX_ORIGINS } from './limits.ts'
import type { Reach } from './messages.ts'

/** What a router knows of the ways to other clusters. */
export interface ReachSource {
  /** Clusters that a flow can be opened to now, sorted. */
  reachable(): readonly string[]
  /** Calls `listener` whenever `reachable` may have changed. Returns the way to stop. */
  onChange(listener: () => void): Cancel
}

/** The sending side of a session. */
export interface ReachChannel {
  send(message: Reach, onAccepted?: () => void): void
}

/** Sends the list when it changes. One list is on its way at a time: a slow controller is told of the last change only. */
export class ReachReport {
  readonly #channel: ReachChannel
  readonly #source: ReachSource
  #told: readonly string[] | undefined
  #sending = false
  #unfollow: Cancel = () => {}

  constructor(channel: ReachChannel, source: ReachSource) {
    this.#channel = channel
    this.#source = source
  }

  /** Tells what is reachable now, and follows it. */
  start(): void {
    this.#unfollow = this.#source.onChange(() => this.#report())
    this.#report()
  }

  stop(): void {
    this.#unfollow()
  }

  #report(): void {
    if (this.#sending) return
    const clusters = this.#source.reachable().slice(0, MAX_ORIGINS)
    if (this.#told !== undefined && sameList(clusters, this.#told)) return
    this.#told = clusters
    this.#sending = true
    for (let at = 0; at === 0 || at < clusters.length; at += MAX_DIGEST_ENTRIES) {
      const last = at + MAX_DIGEST_ENTRIES >= clusters.length
      const message: Reach = { type: 'reach', last, clusters: clusters.slice(at, at + MAX_DIGEST_ENTRIES) }
      this.#channel.send(message, last ? () => this.#accepted() : undefined)
    }
  }

  #accepted(): void {
    this.#sending = false
    this.#report()
  }
}

function sameList(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((item, index) => item === right[index])
}

/** Puts the parts of a list together. */
export class ReachAssembly {
  #clusters = new Set<string>()

  /** Takes a part; returns the whole when it was the last. Throws ViolationError when it grows too long. */
  add({ clusters, last }: Reach): ReadonlySet<string> | undefined {
    for (const cluster of clusters) this.#clusters.add(cluster)
    if (this.#clusters.size > MAX_ORIGINS) {
      throw new ViolationError(Condition.resourceLimit, `more than ${MAX_ORIGINS} clusters to reach`)
    }
    if (!last) return undefined
    const whole = this.#clusters
    this.#clusters = new Set()
    return whole
  }
}
