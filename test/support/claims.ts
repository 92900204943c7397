/** Claims and blocks in short. */
import { type Cidr, parseCidr } from '../../src/core/cidr.ts'
import { type IpAddress, parseAddress } from '../../src/core/ip.ts'
import type { Claim } from '../../src/globalnet/block-precedence.ts'

export function cidr(text: string): Cidr {
  const found = parseCidr(text)
  if (found === undefined) throw new Error(`${text} is no block`)
  return found
}

export function address(text: string): IpAddress {
  const found = parseAddress(text)
  if (found === undefined) throw new Error(`${text} is no address`)
  return found
}

export function claimOf(cluster: string, block: string, claimedAt: number): Claim {
  return { cluster, block: cidr(block), claimedAt }
}
