/**
 * This cluster's block over time: what is recorded, what was decided and is not recorded yet, and what rests. Only what is
 * recorded is told to others, so that a controller that is killed between the two forgets nothing that anybody knows.
 */
import type { GlobalNetwork } from '../api/globalnet.ts'
import type { Claim } from './block-precedence.ts'
import { byPrecedence } from './block-precedence.ts'
import { nextQuietBlocks, type QuietBlock } from './block-quiet.ts'
import { type Review, reviewClaim } from './block-review.ts'
import { BLOCK_QUIET_MS } from './limits.ts'
import { type NetworkSettings, recordedClaim } from './network-settings.ts'
import { recordedQuiet } from './rest-records.ts'

/** What was decided, and why, until that is recorded. */
interface Pending {
  readonly claim: Claim
  readonly review: Review
}

export class BlockKeeper {
  readonly #cluster: string
  #pending: Pending | undefined
  #others: readonly Claim[] = []
  /** Undefined until what is recorded has been read. */
  #quiet: readonly QuietBlock[] | undefined

  constructor(cluster: string) {
    this.#cluster = cluster
  }

  /** The claim that is recorded. */
  recorded(network: GlobalNetwork): Claim | undefined {
    return recordedClaim(network, this.#cluster)
  }

  /** Blocks that others gave up, as of the last review. */
  get quiet(): readonly QuietBlock[] {
    return this.#quiet ?? []
  }

  /**
   * What to do by all that is known now. `others` are the claims of other clusters; a first claim waits until `mayClaim`, for
   * it should know of them.
   */
  review(
    network: GlobalNetwork,
    settings: NetworkSettings,
    others: readonly Claim[],
    { now, mayClaim }: { readonly now: number; readonly mayClaim: boolean },
  ): Review | { readonly kind: 'waiting' } {
    this.#quiet ??= recordedQuiet(network, now)
    this.#follow(others, now)
    const recorded = this.recorded(network)
    if (this.#isRecorded(recorded)) this.#pending = undefined
    const own = this.#pending?.claim ?? recorded
    if (own === undefined && !mayClaim) return { kind: 'waiting' }
    const review = reviewClaim({ cluster: this.#cluster, own, others, quiet: this.quiet, settings, now })
    if (review.kind === 'claim' || review.kind === 'renumber') this.#pending = { claim: review.claim, review }
    return review.kind === 'keep' && this.#pending !== undefined ? this.#pending.review : review
  }

  /** The cluster has no globalnet any more. */
  forget(): void {
    this.#pending = undefined
  }

  #follow(others: readonly Claim[], now: number): void {
    const change = { before: this.#others, after: others, quiet: this.quiet, quietMs: BLOCK_QUIET_MS, now }
    this.#quiet = nextQuietBlocks(change)
    this.#others = others
  }

  #isRecorded(recorded: Claim | undefined): boolean {
    const wanted = this.#pending?.claim
    return wanted !== undefined && recorded !== undefined && byPrecedence(wanted, recorded) === 0
  }
}
