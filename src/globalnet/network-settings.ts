/**
 * What the GlobalNetwork resource says, and which claim its status records. Pure.
 */
import { GLOBAL_DEFAULTS, type GlobalNetwork, MAX_EGRESS_ADDRESSES } from '../api/globalnet.ts'
import { type Cidr, containsBlock, formatCidr, parseCidr, sizeOf } from '../core/cidr.ts'
import { bitsOf } from '../core/ip.ts'
import { isBlockSize } from './block-claims.ts'
import type { Claim } from './block-precedence.ts'
import type { BlockSettings } from './block-review.ts'
import { BLOCK_MAX_ADDRESSES, BLOCK_MIN_ADDRESSES } from './limits.ts'

export interface NetworkSettings extends BlockSettings {
  /** Source addresses of all that has none of its own. */
  readonly egressAddresses: number
}

export type ReadNetwork =
  | { readonly kind: 'valid'; readonly settings: NetworkSettings }
  /** `message` is for the user. */
  | { readonly kind: 'invalid'; readonly message: string }

/** The spec with its defaults. A wanted block decides how large it is. */
export function readNetwork({ spec = {} }: GlobalNetwork): ReadNetwork {
  const { range: rangeText = GLOBAL_DEFAULTS.range, egressAddresses = GLOBAL_DEFAULTS.egressAddresses } = spec
  const invalid = (message: string) => ({ kind: 'invalid', message }) as const
  const range = parseCidr(rangeText)
  if (range === undefined) return invalid(`spec.range is no block such as ${GLOBAL_DEFAULTS.range}`)
  // The data path (ADR 17) carries nothing else, and peers refuse such a claim.
  if (range.family !== 4) return invalid('spec.range is IPv6, and global addresses are IPv4 only')
  if (!Number.isInteger(egressAddresses) || egressAddresses < 0 || egressAddresses > MAX_EGRESS_ADDRESSES) {
    return invalid(`spec.egressAddresses is no whole number from 0 to ${MAX_EGRESS_ADDRESSES}`)
  }
  const wanted = spec.block === undefined ? undefined : parseCidr(spec.block)
  if (spec.block !== undefined && (wanted === undefined || !isUsable(wanted, range))) {
    return invalid(`spec.block is no block of ${SIZES} addresses in ${formatCidr(range)}`)
  }
  const size = spec.blockSize ?? (wanted === undefined ? GLOBAL_DEFAULTS.blockSize : Number(sizeOf(wanted)))
  const prefix = prefixOf(size, range)
  if (prefix === undefined) return invalid(`spec.blockSize is no power of two of ${SIZES}`)
  if (wanted !== undefined && wanted.prefix !== prefix) {
    return invalid(`spec.block has ${sizeOf(wanted)} addresses, and spec.blockSize is ${size}`)
  }
  if (prefix < range.prefix) return invalid(`spec.blockSize is more than ${formatCidr(range)} has`)
  return { kind: 'valid', settings: { range, prefix, egressAddresses, ...(wanted && { wanted }) } }
}

const SIZES = `from ${BLOCK_MIN_ADDRESSES} to ${BLOCK_MAX_ADDRESSES}`

function isUsable(block: Cidr, range: Cidr): boolean {
  return containsBlock(range, block) && isBlockSize(sizeOf(block))
}

function prefixOf(addresses: number, { family }: Cidr): number | undefined {
  const bits = Number.isInteger(addresses) ? Math.log2(addresses) : Number.NaN
  return Number.isInteger(bits) && isBlockSize(BigInt(addresses)) ? bitsOf(family) - bits : undefined
}

/** The claim that the status records; undefined when there is none that can be read. */
export function recordedClaim({ status = {} }: GlobalNetwork, cluster: string): Claim | undefined {
  const block = parseCidr(status.block ?? '')
  const claimedAt = Date.parse(status.claimedAt ?? '')
  return block === undefined || Number.isNaN(claimedAt) || claimedAt <= 0
    ? undefined
    : { cluster, block, claimedAt }
}
