/**
 * Which addresses of the cluster's block everybody has. A pure function of who wants some, what statuses record and what
 * rests: nothing that is recorded changes without need, and a controller that forgot everything comes to the same.
 */
import { type Cidr, formatCidr } from '../core/cidr.ts'
import { formatAddress, parseAddress } from '../core/ip.ts'
import { AddressPool, type RestingAddress } from './address-pool.ts'
import { type LostAddress, type RecordedAddress, restoreAddresses } from './address-records.ts'
import { ADDRESS_QUIET_MS } from './limits.ts'
import { timeOf } from './listing.ts'

/** Names what has addresses. Keys of different kinds are never the same. */
export const OwnerKey = {
  service: (namespace: string, name: string) => `service/${namespace}/${name}`,
  /** `id` is what the record of the headless Service calls it, the same for each pod of a StatefulSet of that name. */
  endpoint: (namespace: string, service: string, id: string) => `endpoint/${namespace}/${service}/${id}`,
  egress: (namespace: string, name: string) => `egress/${namespace}/${name}`,
  /** Of the cluster as a whole. */
  clusterEgress: 'egress',
} as const

export interface WantedOwner {
  readonly key: string
  readonly count: number
  /** Of its object, milliseconds since 1970: the older comes first when there are not enough. */
  readonly createdAt: number
}

/** What the status of an owner's object says, in its order. */
export interface RecordedOwner {
  readonly key: string
  readonly addresses: readonly string[]
  readonly createdAt: number
}

export interface AllocationInput {
  readonly block: Cidr
  /** Each key once. */
  readonly wanted: readonly WantedOwner[]
  /** Also of owners that are no longer wanted and still there. */
  readonly recorded: readonly RecordedOwner[]
  /** As the last plan had it. */
  readonly resting: readonly RestingAddress[]
  readonly quietMs?: number
  readonly now: number
}

export const ChangeReason = {
  new: 'New',
  /** The owner wants more, or less. */
  grown: 'Grown',
  shrunk: 'Shrunk',
  removed: 'Removed',
  /** What is recorded is no address of this block. */
  renumbered: 'Renumbered',
  /** An older owner has it. */
  conflict: 'Conflict',
  /** Somebody else gave it up not long ago. */
  resting: 'Resting',
  unreadable: 'Unreadable',
} as const
export type ChangeReason = (typeof ChangeReason)[keyof typeof ChangeReason]

/** An address that an owner gets (`to`), loses (`from`), or has in the place of another. */
export interface AddressChange {
  readonly key: string
  readonly from?: string
  readonly to?: string
  readonly reason: ChangeReason
}

export interface UnmetOwner {
  readonly key: string
  /** How many addresses it lacks. */
  readonly missing: number
  /** When the first address that rests becomes free. */
  readonly retryAt?: number
  readonly message: string
}

export interface AllocationPlan {
  /** Of every wanted owner, in the order in which its status records them. */
  readonly assignments: ReadonlyMap<string, readonly string[]>
  readonly unmet: readonly UnmetOwner[]
  readonly changes: readonly AddressChange[]
  readonly resting: readonly RestingAddress[]
  readonly capacity: { readonly total: number; readonly allocated: number }
}

/** Who has what from now on. Nothing in it depends on the order of what is given. */
export function planAllocation(input: AllocationInput): AllocationPlan {
  const { block, quietMs = ADDRESS_QUIET_MS, now } = input
  const pool = new AddressPool(block, quietMs)
  for (const each of input.resting.toSorted(byEnd)) if (each.until > now) pool.rest(each)
  const wanted = input.wanted.toSorted(byAge)
  const recorded = firstOfEach(input.recorded.toSorted(byAge))
  const lost = new Map(
    restoreAddresses(pool, keptRecords(wanted, recorded), now).map((each) => [each.record.owner, each]),
  )
  restDropped({ pool, wanted, recorded, until: now + quietMs })
  const slots = wanted.flatMap((owner) => slotsOf(owner).map((slot) => allocated(pool, slot, now)))
  return {
    assignments: assignmentsOf(wanted, slots),
    unmet: unmetOwners(pool, slots),
    changes: [...changesOf(slots, recorded, lost), ...dropped(wanted, recorded)],
    resting: pool.resting(now),
    capacity: { total: pool.total, allocated: pool.allocated },
  }
}

/** One address of an owner; in the pool each is an owner of its own. */
interface Slot {
  readonly key: string
  readonly name: string
  readonly index: number
  readonly address?: string
  readonly retryAt?: number
}

const slotName = (key: string, index: number) => `${key}#${index}`

function slotsOf({ key, count }: WantedOwner): Slot[] {
  return Array.from({ length: count }, (_, index) => ({ key, name: slotName(key, index), index }))
}

function allocated(pool: AddressPool, slot: Slot, now: number): Slot {
  const found = pool.allocate(slot.name, now)
  if (found.kind === 'allocated') return { ...slot, address: formatAddress(found.address) }
  return { ...slot, ...(found.retryAt !== undefined && { retryAt: found.retryAt }) }
}

type Recorded = ReadonlyMap<string, RecordedOwner>

function firstOfEach(recorded: readonly RecordedOwner[]): Recorded {
  return new Map(recorded.toReversed().map((owner) => [owner.key, owner]))
}

/** What is recorded of those that still want it. */
function keptRecords(wanted: readonly WantedOwner[], recorded: Recorded): RecordedAddress[] {
  return wanted.flatMap(({ key, count, createdAt }) =>
    (recorded.get(key)?.addresses ?? [])
      .slice(0, count)
      .map((address, index) => ({ owner: slotName(key, index), address, createdAt })),
  )
}

interface DroppedInput {
  readonly pool: AddressPool
  readonly wanted: readonly WantedOwner[]
  readonly recorded: Recorded
  readonly until: number
}

/** What is recorded and wanted no more rests, from when that was first seen. */
function restDropped({ pool, wanted, recorded, until }: DroppedInput): void {
  for (const { key, index, address: text } of droppedRecords(wanted, recorded)) {
    const address = parseAddress(text)
    if (address !== undefined && !pool.isResting(address))
      pool.rest({ owner: slotName(key, index), address, until })
  }
}

interface DroppedRecord {
  readonly key: string
  readonly index: number
  readonly address: string
  readonly isWanted: boolean
}

function droppedRecords(wanted: readonly WantedOwner[], recorded: Recorded): DroppedRecord[] {
  const counts = new Map(wanted.map(({ key, count }) => [key, count]))
  return [...recorded.values()].flatMap(({ key, addresses }) => {
    const count = counts.get(key)
    const all = addresses.map((address, index) => ({ key, index, address, isWanted: count !== undefined }))
    return all.slice(count ?? 0)
  })
}

function dropped(wanted: readonly WantedOwner[], recorded: Recorded): AddressChange[] {
  return droppedRecords(wanted, recorded).map(({ key, address, isWanted }) => ({
    key,
    from: address,
    reason: isWanted ? ChangeReason.shrunk : ChangeReason.removed,
  }))
}

function assignmentsOf(wanted: readonly WantedOwner[], slots: readonly Slot[]): Map<string, string[]> {
  const assignments = new Map<string, string[]>(wanted.map(({ key }) => [key, []]))
  for (const { key, address } of slots) if (address !== undefined) assignments.get(key)?.push(address)
  return assignments
}

function unmetOwners({ block, total }: AddressPool, slots: readonly Slot[]): UnmetOwner[] {
  const lacking = Map.groupBy(
    slots.filter(({ address }) => address === undefined),
    ({ key }) => key,
  )
  return [...lacking].map(([key, { length: missing, 0: first }]) => {
    const retryAt = first?.retryAt
    const next = retryAt === undefined ? '' : `; one that rests is free again at ${timeOf(retryAt)}`
    const message = `none of the ${total} addresses of ${formatCidr(block)} is free for ${missing} that are wanted${next}`
    return { key, missing, ...(retryAt !== undefined && { retryAt }), message }
  })
}

function changesOf(
  slots: readonly Slot[],
  recorded: Recorded,
  lost: ReadonlyMap<string, LostAddress>,
): AddressChange[] {
  return slots.flatMap(({ key, name, index, address: to }) => {
    const before = recorded.get(key)?.addresses ?? []
    const from = lost.get(name)?.record.address ?? (before[index] === undefined ? undefined : to)
    if (from === to && !lost.has(name)) return []
    const reason = reasonOf(lost.get(name), before.length)
    return [{ key, ...(from !== undefined && { from }), ...(to !== undefined && { to }), reason }]
  })
}

function reasonOf(lost: LostAddress | undefined, had: number): ChangeReason {
  switch (lost?.why.kind) {
    case undefined:
      return had === 0 ? ChangeReason.new : ChangeReason.grown
    case 'outside':
      return ChangeReason.renumbered
    case 'unreadable':
      return ChangeReason.unreadable
    case 'resting':
      return ChangeReason.resting
    default:
      return ChangeReason.conflict
  }
}

/** A time that cannot be read is the youngest. */
function byAge(left: WantedOwner | RecordedOwner, right: WantedOwner | RecordedOwner): number {
  const age = ageOf(left) - ageOf(right)
  if (age !== 0) return age
  return left.key < right.key ? -1 : left.key > right.key ? 1 : 0
}

function ageOf({ createdAt }: WantedOwner | RecordedOwner): number {
  return Number.isNaN(createdAt) ? Number.MAX_SAFE_INTEGER : createdAt
}

function byEnd(left: RestingAddress, right: RestingAddress): number {
  if (left.until !== right.until) return left.until - right.until
  const [ours, theirs] = [formatAddress(left.address), formatAddress(right.address)]
  if (ours !== theirs) return ours < theirs ? -1 : 1
  return left.owner < right.owner ? -1 : 1
}
