/**
 * Clusters that claim blocks by the rules of src/globalnet and tell each other over a network that loses, doubles,
 * reorders and divides. Time is a number; each cluster has a clock of its own.
 */

import type { RestingBlockStatus } from '../../src/api/globalnet.ts'
import { type Cidr, formatCidr } from '../../src/core/cidr.ts'
import { readClaims } from '../../src/globalnet/block-claims.ts'
import type { Claim } from '../../src/globalnet/block-precedence.ts'
import { nextQuietBlocks, type QuietBlock } from '../../src/globalnet/block-quiet.ts'
import { type BlockSettings, type Review, reviewClaim } from '../../src/globalnet/block-review.ts'
import { quietStatus, recordedQuiet } from '../../src/globalnet/rest-records.ts'
import { cidr } from './claims.ts'

export const QUIET_MS = 10_000
export const WORLD_RANGE: Cidr = cidr('242.0.0.0/27')

/** What the directory says of one origin: a later version replaces an earlier one. */
interface Told {
  readonly version: number
  readonly claim: Claim | undefined
}

interface Message {
  readonly to: number
  readonly origin: string
  readonly told: Told
}

export class ClaimingCluster {
  readonly id: string
  settings: BlockSettings
  /** Is to have a block. */
  joined = false
  /** Its processes run. */
  running = true
  /** Recorded in its own API. */
  own: Claim | undefined
  readonly #clockOffset: number
  #version = 0
  /** What it knows of the others. */
  #view = new Map<string, Told>()
  #quiet: QuietBlock[] = []
  /** The quiet blocks that its API has. */
  #recordedQuiet: readonly RestingBlockStatus[] = []

  constructor(id: string, prefix: number, clockOffset: number) {
    this.id = id
    this.settings = { range: WORLD_RANGE, prefix }
    this.#clockOffset = clockOffset
  }

  /** Claims of others, as they are used: through their texts. */
  get others(): readonly Claim[] {
    const told = [...this.#view.values()].flatMap(({ claim }) => (claim === undefined ? [] : [claim]))
    return readClaims(
      told.map((claim) => ({ ...claim, block: formatCidr(claim.block) })),
      WORLD_RANGE,
    ).claims
  }

  /** Everything it would tell. */
  get told(): ReadonlyMap<string, Told> {
    return new Map([...this.#view, [this.id, { version: this.#version, claim: this.own }]])
  }

  /** By its own clock. */
  now(time: number): number {
    return time + this.#clockOffset
  }

  hear(origin: string, told: Told, time: number): boolean {
    if (!this.running || origin === this.id || (this.#view.get(origin)?.version ?? 0) >= told.version)
      return false
    const before = this.others
    this.#view.set(origin, told)
    const now = this.now(time)
    this.#quiet = nextQuietBlocks({ before, after: this.others, quiet: this.#quiet, quietMs: QUIET_MS, now })
    return true
  }

  /** Looks at its claim and does what is to be done; `changed` when others should hear of it. */
  review(time: number): { readonly review: Review; readonly changed: boolean } {
    const review = reviewClaim({
      cluster: this.id,
      own: this.own,
      others: this.others,
      quiet: this.#quiet,
      settings: this.joined ? this.settings : undefined,
      now: this.now(time),
    })
    const next = 'claim' in review ? review.claim : undefined
    this.#recordedQuiet = quietStatus(this.#quiet)
    const changed = next !== this.own
    if (changed) this.#record(next)
    return { review, changed }
  }

  /** A new process that knows what the API has, and nobody. */
  restart(time: number): void {
    this.running = true
    this.#view = new Map()
    const network = { metadata: {}, status: { restingBlocks: [...this.#recordedQuiet] } }
    this.#quiet = recordedQuiet(network, this.now(time))
  }

  /** The API was lost too. */
  loseEverything(time: number): void {
    this.#recordedQuiet = []
    this.restart(time)
    this.#record(undefined)
  }

  #record(claim: Claim | undefined): void {
    this.own = claim
    this.#version += 1
  }
}

export class ClaimWorld {
  readonly clusters: readonly ClaimingCluster[]
  time = 1_800_000_000_000
  #messages: Message[] = []
  /** Part of the network that each is in. */
  #parts: number[]

  constructor(clusters: readonly ClaimingCluster[]) {
    this.clusters = clusters
    this.#parts = clusters.map(() => 0)
  }

  get inFlight(): number {
    return this.#messages.length
  }

  divide(parts: readonly number[]): void {
    this.#parts = this.clusters.map((_, index) => parts[index] ?? 0)
  }

  /** Tells everybody what one of them knows. */
  tell(from: number): void {
    const sender = this.clusters[from]
    if (sender?.running !== true) return
    for (const to of this.clusters.keys()) {
      if (to === from || this.#parts[to] !== this.#parts[from]) continue
      for (const [origin, told] of sender.told) this.#messages.push({ to, origin, told })
    }
  }

  /** One of the messages on their way arrives; it may arrive again. */
  deliver(pick: number, again: boolean): void {
    const index = pick % Math.max(1, this.#messages.length)
    const message = this.#messages[index]
    if (message === undefined) return
    if (!again) this.#messages.splice(index, 1)
    this.clusters[message.to]?.hear(message.origin, message.told, this.time)
  }

  lose(pick: number): void {
    this.#messages.splice(pick % Math.max(1, this.#messages.length), 1)
  }

  /**
   * Everybody hears everything and acts on it, until there is nothing new and nothing changes, also after what was given
   * up has rested. Returns the rounds that it took.
   */
  settle(order: readonly number[]): number {
    this.divide([])
    let unchanged = 0
    for (let round = 1; round <= 100; round++) {
      this.time += QUIET_MS + 1
      for (const from of this.clusters.keys()) this.tell(from)
      const heard = this.#messages.map(({ to, origin, told }) =>
        this.clusters[to]?.hear(origin, told, this.time),
      )
      this.#messages = []
      const acting = order.map((index) => this.clusters[index]).filter((cluster) => cluster?.running)
      const changed = acting.map((cluster) => cluster?.review(this.time).changed)
      unchanged = heard.includes(true) || changed.includes(true) ? 0 : unchanged + 1
      if (unchanged === 2) return round
    }
    throw new Error('does not settle')
  }
}
