/**
 * Whose a global address is on this node, when several objects say that it is theirs. Pure.
 */
import { type Cidr, containsAddress } from '../core/cidr.ts'
import { parseAddress } from '../core/ip.ts'
import type { NatGlobal } from './nat-plan.ts'

/** An object that claims a global address. */
export interface GlobalClaimant {
  /** Kind, namespace and name. */
  readonly name: string
  /** When it was made, as the API tells it. */
  readonly since: string
  readonly address: string
  readonly globals: readonly NatGlobal[]
}

/** The oldest of each address, by address. An address outside of the ranges is nobody's to give. */
export function claimantsOf(
  claimants: readonly GlobalClaimant[],
  ranges: readonly Cidr[],
  problems: string[],
): GlobalClaimant[] {
  const owners = new Map<string, GlobalClaimant>()
  for (const claimant of claimants.toSorted(byAge)) {
    const owner = owners.get(claimant.address)
    if (!isGlobal(claimant.address, ranges)) {
      // Without a range nothing is global yet: that is no fault of the object.
      if (ranges.length > 0) problems.push(`${claimant.name}: ${claimant.address} is no global address`)
    } else if (owner === undefined) owners.set(claimant.address, claimant)
    else problems.push(`${claimant.name}: ${claimant.address} belongs to ${owner.name}, which is older`)
  }
  return [...owners.values()].sort((left, right) => (left.address < right.address ? -1 : 1))
}

function byAge(left: GlobalClaimant, right: GlobalClaimant): number {
  return `${left.since} ${left.name}` < `${right.since} ${right.name}` ? -1 : 1
}

function isGlobal(text: string, ranges: readonly Cidr[]): boolean {
  const address = parseAddress(text)
  return address !== undefined && ranges.some((range) => containsAddress(range, address))
}
