/**
 * Whose a global address is, by the claims in a directory.
 */
import type { AddressOwners, OwnsAddress } from '../api/global-owner.ts'
import type { BlockFact, Directory } from '../api/service-record.ts'
import { type Cidr, parseCidr } from '../core/cidr.ts'
import { parseAddress } from '../core/ip.ts'
import { readClaims } from './block-claims.ts'
import { type Claim, StandingClaims } from './block-precedence.ts'

type Told = readonly (readonly [cluster: string, fact: BlockFact])[]

/** All addresses there are: which range is right is for each cluster to say of its own block. */
const EVERYWHERE: readonly Cidr[] = ['0.0.0.0/0', '::/0'].flatMap((text) => parseCidr(text) ?? [])

/**
 * It is asked for every flow, with the same directory most often, and with the same claims nearly always: records change
 * far more often than claims. A directory that changes is another one.
 */
export function addressOwners(): AddressOwners {
  let last: Directory | undefined
  let known: Told = []
  let owns: OwnsAddress = () => false
  return (directory) => {
    if (directory === last) return owns
    last = directory
    const told = claimsIn(directory)
    if (isSame(told, known)) return owns
    known = told
    owns = ownersAmong(told)
    return owns
  }
}

/** Whether a claim of the cluster has been heard. */
export function hasClaim(directory: Directory, cluster: string): boolean {
  return directory.get(cluster)?.facts?.globalnet !== undefined
}

/** What the other clusters of a directory claim in a range. */
export function claimsOfOthers(directory: Directory, self: string, range: Cidr): readonly Claim[] {
  return claimsAmong(
    claimsIn(directory).filter(([cluster]) => cluster !== self),
    range,
  )
}

function claimsIn(directory: Directory): Told {
  return [...directory].flatMap(([cluster, { facts }]) =>
    facts?.globalnet === undefined ? [] : [[cluster, facts.globalnet] as const],
  )
}

function isSame(told: Told, known: Told): boolean {
  if (told.length !== known.length) return false
  return told.every(([cluster, fact], at) => known[at]?.[0] === cluster && known[at][1] === fact)
}

function ownersAmong(told: Told): OwnsAddress {
  const standing = new StandingClaims(EVERYWHERE.flatMap((range) => claimsAmong(told, range)))
  return (cluster, text) => {
    const address = parseAddress(text)
    return address !== undefined && standing.ownerOf(address)?.cluster === cluster
  }
}

function claimsAmong(told: Told, range: Cidr): readonly Claim[] {
  const claims = told.map(([cluster, fact]) => ({ cluster, ...fact }))
  return readClaims(claims, range).claims
}
