/**
 * Which of the slots that routers tell can be in force. Routers are our own, and yet what they tell is checked: one slot
 * that nft refuses would hold up all others. Pure.
 */
import type { SourceSlot, SourceTable } from '../api/global-source.ts'
import { SOURCE_PORTS } from '../api/names.ts'
import { containsAddress } from '../core/cidr.ts'
import { parseAddress } from '../core/ip.ts'
import type { NatBase } from './nat-input.ts'
import { SLOTS_MAX, SLOTS_PER_ROUTER_MAX } from './nat-limits.ts'
import type { NatInput } from './nat-plan.ts'

export interface SlottedInput {
  readonly input: NatInput
  /** What of the table is in the input: the very lists that were told, where all of a list is. */
  readonly sources: SourceTable
  readonly problems: readonly string[]
}

/**
 * The input with the slots of routers that are there: the address of one that is gone may be anybody's, whose connections
 * are not to be renamed.
 */
export function addSlots(base: NatBase, told: SourceTable): SlottedInput {
  const problems: string[] = []
  const present = new Set(base.routers.all)
  const sources = new Map<string, readonly SourceSlot[]>()
  let room = SLOTS_MAX
  for (const [router, slots] of told) {
    if (!present.has(router)) continue
    const usable = usableSlots(router, slots, base, problems).slice(0, room)
    room -= usable.length
    sources.set(router, usable.length === slots.length ? slots : usable)
  }
  if (room === 0) problems.push(`more than ${SLOTS_MAX} slots: the others are left out`)
  const list = [...sources].flatMap(([router, slots]) => slots.map((slot) => ({ router, ...slot })))
  return { input: { ...base, sources: list }, sources, problems }
}

/** In order; of two that overlap the first. */
function usableSlots(
  router: string,
  slots: readonly SourceSlot[],
  { ranges }: NatBase,
  problems: string[],
): SourceSlot[] {
  let end = SOURCE_PORTS.first - 1
  const ordered = slots.toSorted((left, right) => left.first - right.first)
  if (ordered.length > SLOTS_PER_ROUTER_MAX)
    problems.push(`router ${router}: more than ${SLOTS_PER_ROUTER_MAX} slots`)
  return ordered.slice(0, SLOTS_PER_ROUTER_MAX).filter((slot) => {
    const isUsable = slot.first > end && isRun(slot) && isGlobal(slot.address, ranges)
    if (isUsable) end = slot.last
    else
      problems.push(
        `router ${router}: its slot ${slot.first}-${slot.last} for ${slot.address} cannot be used`,
      )
    return isUsable
  })
}

function isRun({ first, last }: SourceSlot): boolean {
  return Number.isInteger(first) && Number.isInteger(last) && first <= last && last <= SOURCE_PORTS.last
}

function isGlobal(text: string, ranges: NatBase['ranges']): boolean {
  const address = parseAddress(text)
  return address !== undefined && ranges.some((range) => containsAddress(range, address))
}
