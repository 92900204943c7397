/**
 * What rests as the status of a GlobalNetwork records it, so that a controller that starts knows it. An address is recorded
 * there before its last owner's status says that it has gone. Pure.
 */
import type { GlobalNetwork, RestingBlockStatus, RestingStatus } from '../api/globalnet.ts'
import { isDnsLabel } from '../api/names.ts'
import { formatCidr, parseCidr, sizeOf } from '../core/cidr.ts'
import { formatAddress, parseAddress } from '../core/ip.ts'
import type { RestingAddress } from './address-pool.ts'
import type { AllocationPlan, RecordedOwner } from './allocation.ts'
import { isBlockSize } from './block-claims.ts'
import type { QuietBlock } from './block-quiet.ts'
import {
  ADDRESS_QUIET_MS,
  BLOCK_QUIET_MS,
  RECORDED_QUIET_BLOCKS_MAX,
  RECORDED_RESTING_MAX,
} from './limits.ts'

export interface RestInput {
  /** Undefined: nobody has addresses just now, and all goes on resting. */
  readonly plan: AllocationPlan | undefined
  /** As it was before this plan. */
  readonly resting: readonly RestingAddress[]
  /** What statuses record. */
  readonly recorded: readonly RecordedOwner[]
  readonly now: number
}

/** What rests after a plan, and what its owner has back as long as no status says so: somebody else could get it else. */
export function restAfter({ plan, resting, recorded, now }: RestInput): readonly RestingAddress[] {
  const going = resting.filter(({ until }) => until > now)
  if (plan === undefined) return going
  const assigned = new Set([...plan.assignments.values()].flat())
  const written = new Set(recorded.flatMap(({ addresses }) => addresses))
  const back = going.filter(({ address }) => {
    const text = formatAddress(address)
    return assigned.has(text) && !written.has(text)
  })
  return back.length === 0 ? plan.resting : [...plan.resting, ...back].sort(byEnd)
}

/** The latest ones, the soonest free first. */
export function restingStatus(resting: readonly RestingAddress[]): RestingStatus[] {
  return resting.slice(-RECORDED_RESTING_MAX).map(({ address, owner, until }) => ({
    address: formatAddress(address),
    owner,
    until: new Date(until).toISOString(),
  }))
}

/**
 * What can be read of it, without what `recorded` statuses say somebody has: who wants that no more gives it up from now on. A
 * time that is too far ahead is that of another clock.
 */
export function recordedResting(
  { status = {} }: GlobalNetwork,
  recorded: readonly RecordedOwner[],
  now: number,
): RestingAddress[] {
  const owned = new Set(recorded.flatMap(({ addresses }) => addresses))
  return (status.resting ?? []).slice(0, RECORDED_RESTING_MAX).flatMap(({ address: text, owner, until }) => {
    const address = parseAddress(text)
    const end = Math.min(Date.parse(until), now + ADDRESS_QUIET_MS)
    return address === undefined || owner === '' || !(end > now) || owned.has(text)
      ? []
      : [{ address, owner, until: end }]
  })
}

/** The latest ones, the soonest free first. */
export function quietStatus(quiet: readonly QuietBlock[]): RestingBlockStatus[] {
  const recorded = quiet.map(({ block, cluster, until }) => ({ block: formatCidr(block), cluster, until }))
  return recorded
    .sort((left, right) => left.until - right.until || (keyOf(left) < keyOf(right) ? -1 : 1))
    .slice(-RECORDED_QUIET_BLOCKS_MAX)
    .map((each) => ({ ...each, until: new Date(each.until).toISOString() }))
}

/** What can be read of it. */
export function recordedQuiet({ status = {} }: GlobalNetwork, now: number): QuietBlock[] {
  const told = (status.restingBlocks ?? []).slice(0, RECORDED_QUIET_BLOCKS_MAX)
  return told.flatMap(({ block: text, cluster, until }) => {
    const block = parseCidr(text)
    const end = Math.min(Date.parse(until), now + BLOCK_QUIET_MS)
    const isReadable = block !== undefined && isBlockSize(sizeOf(block)) && isDnsLabel(cluster)
    return isReadable && end > now ? [{ block, cluster, until: end }] : []
  })
}

function keyOf({ block, cluster }: { readonly block: string; readonly cluster: string }): string {
  return `${cluster}/${block}`
}

function byEnd(left: RestingAddress, right: RestingAddress): number {
  return left.until - right.until || Number(left.address.value - right.address.value)
}
