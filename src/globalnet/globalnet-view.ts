/**
 * Everything that follows from the present objects: the settings, the block, who has which address. Computed whole.
 */
import type { GlobalEgressIP, GlobalIngressIP, GlobalNetwork } from '../api/globalnet.ts'
import type { Directory } from '../api/service-record.ts'
import type { Cidr } from '../core/cidr.ts'
import { claimsOfOthers } from './address-owners.ts'
import type { RestingAddress } from './address-pool.ts'
import { type AllocationPlan, planAllocation, type RecordedOwner } from './allocation.ts'
import type { BlockKeeper } from './block-keeper.ts'
import type { Claim } from './block-precedence.ts'
import type { QuietBlock } from './block-quiet.ts'
import type { Review } from './block-review.ts'
import { readNetwork } from './network-settings.ts'
import { findOverlaps, type Overlap } from './overlap.ts'
import { type Owners, ownersOf } from './owned-objects.ts'
import { restAfter } from './rest-records.ts'

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
  /** Of what is exported no more: what they have rests, and they are deleted when that is recorded. */
  readonly doomed: readonly GlobalIngressIP[]
  readonly directory: Directory
  readonly local: LocalNetworks
  readonly resting: readonly RestingAddress[]
  /** What was recorded when it was last looked at: the addresses of objects that are gone rest. */
  readonly before: readonly RecordedOwner[]
  readonly mayClaim: boolean
  readonly now: number
}

interface Recorded {
  readonly network: GlobalNetwork
  /** The claim that is recorded: addresses are given out of its block only. */
  readonly recorded: Claim | undefined
  /** Undefined while no block is recorded, or it is about to be another. */
  readonly plan: AllocationPlan | undefined
  /** What statuses record. */
  readonly owners: readonly RecordedOwner[]
  /** To be recorded, or recorded. */
  readonly resting: readonly RestingAddress[]
}

export type GlobalnetView = Recorded &
  (
    | { readonly kind: 'invalid'; readonly message: string }
    | {
        readonly kind: 'valid'
        readonly range: Cidr
        readonly review: Review | { readonly kind: 'waiting' }
        /** To be recorded, or recorded. */
        readonly claim: Claim | undefined
        readonly overlaps: readonly Overlap[]
        /** Blocks that others gave up. */
        readonly quiet: readonly QuietBlock[]
      }
  )

/** A spec that cannot be used changes nothing: what is recorded stands. */
export function globalnetView(keeper: BlockKeeper, cluster: string, input: ViewInput): GlobalnetView {
  const { network, now } = input
  const recorded = keeper.recorded(network)
  const owners = ownersOf(input)
  const planned = (claim: Claim | undefined) => {
    const plan = claim && planAllocation({ block: claim.block, ...withGone(owners, input), now })
    const resting = restAfter({ plan, resting: input.resting, recorded: owners.recorded, now })
    return { network, recorded, owners: owners.recorded, plan, resting }
  }
  const read = readNetwork(network)
  if (read.kind === 'invalid') return { ...planned(recorded), kind: 'invalid', message: read.message }
  const others = claimsOfOthers(input.directory, cluster, read.settings.range)
  const review = keeper.review(network, read.settings, others, input)
  const claim = 'claim' in review ? review.claim : undefined
  const isSettled = claim !== undefined && recorded?.claimedAt === claim.claimedAt
  return {
    ...planned(isSettled ? claim : undefined),
    kind: 'valid',
    range: read.settings.range,
    review,
    claim,
    quiet: keeper.quiet,
    overlaps: findOverlaps({ ...input.local, range: read.settings.range, own: claim, claims: others }),
  }
}

/** The addresses of objects that are gone since they were last looked at rest, too. */
function withGone({ wanted, recorded }: Owners, { before, resting }: ViewInput) {
  const present = new Set(recorded.map(({ key }) => key))
  return { wanted, recorded: [...recorded, ...before.filter(({ key }) => !present.has(key))], resting }
}
