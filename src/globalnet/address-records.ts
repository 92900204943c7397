/**
 * Takes up the addresses that statuses record, after a restart. Pure.
 */
import { parseAddress } from '../core/ip.ts'
import type { AddressPool, Reservation } from './address-pool.ts'

/** What an object's status says. */
export interface RecordedAddress {
  readonly owner: string
  /** As it is written there. */
  readonly address: string
  /** When the object was created, milliseconds since 1970: the older keeps an address that two record. */
  readonly createdAt: number
}

/** A recorded address that its owner does not keep. */
export interface LostAddress {
  readonly record: RecordedAddress
  readonly why: Exclude<Reservation, { kind: 'reserved' }> | { readonly kind: 'unreadable' }
}

/** Reserves what is recorded; what it returns has lost its address. The order of the records plays no part. */
export function restoreAddresses(
  pool: AddressPool,
  recorded: readonly RecordedAddress[],
  now: number,
): LostAddress[] {
  const lost: LostAddress[] = []
  for (const record of recorded.toSorted(byAge)) {
    const address = parseAddress(record.address)
    const why =
      address === undefined ? ({ kind: 'unreadable' } as const) : pool.reserve(record.owner, address, now)
    if (why.kind !== 'reserved') lost.push({ record, why })
  }
  return lost
}

/** A time that cannot be read is the youngest. */
function byAge(left: RecordedAddress, right: RecordedAddress): number {
  const age = ageOf(left) - ageOf(right)
  if (age !== 0) return age
  if (left.owner !== right.owner) return left.owner < right.owner ? -1 : 1
  return left.address < right.address ? -1 : left.address > right.address ? 1 : 0
}

function ageOf({ createdAt }: RecordedAddress): number {
  return Number.isNaN(createdAt) ? Number.MAX_SAFE_INTEGER : createdAt
}
