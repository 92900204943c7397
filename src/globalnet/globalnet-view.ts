/**
 * Everything that follows from the present objects: the settings, the block, who has which address. Computed whole.
 */
import type { GlobalEgressIP, GlobalIngressIP, GlobalNetwork } from '../api/globalnet.ts'
import type { Directory } from '../api/service-record.ts'
import { claimsOfOthers } from './address-owners.ts'
import type { RestingAddress } from './address-pool.ts'
import { type AllocationPlan, planAllocation, type RecordedOwner } from './allocation.ts'
import type { BlockKeeper } from './block-keeper.ts'
import type { Claim } from './block-precedence.ts'
import type { Review } from './block-review.ts'
import { readNetwork } from './network-settings.ts'
import { findOverlaps, type Overlap } from './overlap.ts'
import { ownersOf } from './owned-objects.ts'

/** Addresses of this cluster that others must not have. */
export interface LocalNetworks {
  readonly podCidrs: readonly string[]
  readonly serviceCidrs: readonly string[]
  readonly nodeAddresses: readonly string[]
}

export interface ViewInput {
  readonly network: GlobalNetwork
  readonly egress: readonly GlobalEgressIP[]
  readonly ingress: readonly GlobalIngressIP[]
  readonly directory: Directory
  readonly local: LocalNetworks
  readonly resting: readonly RestingAddress[]
  /** What was recorded when it was last looked at: the addresses of objects that are gone rest. */
  readonly before: readonly RecordedOwner[]
  readonly mayClaim: boolean
  readonly now: number
}

export type GlobalnetView =
  | { readonly kind: 'invalid'; readonly network: GlobalNetwork; readonly message: string }
  | {
      readonly kind: 'valid'
      readonly network: GlobalNetwork
      readonly review: Review | { readonly kind: 'waiting' }
      /** To be recorded, or recorded. */
      readonly claim: Claim | undefined
      /** That is recorded: addresses are given out of its block only. */
      readonly recorded: Claim | undefined
      /** Undefined while no block is recorded. */
      readonly plan: AllocationPlan | undefined
      /** What statuses record. */
      readonly owners: readonly RecordedOwner[]
      readonly overlaps: readonly Overlap[]
    }

export function globalnetView(keeper: BlockKeeper, cluster: string, input: ViewInput): GlobalnetView {
  const { network, now } = input
  const read = readNetwork(network)
  if (read.kind === 'invalid') return { kind: 'invalid', network, message: read.message }
  const others = claimsOfOthers(input.directory, cluster, read.settings.range)
  const review = keeper.review(network, read.settings, others, input)
  const claim = 'claim' in review ? review.claim : undefined
  const recorded = keeper.recorded(network)
  const isSettled = recorded !== undefined && claim !== undefined && recorded.claimedAt === claim.claimedAt
  const { wanted, recorded: owners } = ownersOf(input)
  const present = new Set(owners.map(({ key }) => key))
  const known = [...owners, ...input.before.filter(({ key }) => !present.has(key))]
  return {
    kind: 'valid',
    network,
    review,
    claim,
    recorded,
    plan: isSettled
      ? planAllocation({ block: claim.block, wanted, recorded: known, resting: input.resting, now })
      : undefined,
    owners,
    overlaps: findOverlaps({ ...input.local, range: read.settings.range, own: claim, claims: others }),
  }
}
