/**
 * Claims to blocks as other clusters tell them: which can be used, and when a new one is made. Pure.
 */
import type { BlockClaim } from '../api/global-claim.ts'
import { isDnsLabel } from '../api/names.ts'
import { type Cidr, formatCidr, overlaps, parseCidr, sizeOf } from '../core/cidr.ts'
import { byPrecedence, type Claim } from './block-precedence.ts'
import { BLOCK_MAX_ADDRESSES, BLOCK_MIN_ADDRESSES, CLAIM_AHEAD_MS, CLAIMS_MAX } from './limits.ts'

/** A claim that is not looked at. */
export interface RefusedClaim {
  readonly cluster: string
  readonly reason: string
}

export interface ReadClaims {
  /** One for each cluster at most, in order of precedence. */
  readonly claims: readonly Claim[]
  readonly refused: readonly RefusedClaim[]
}

/**
 * What the other clusters claim of our range. Claims elsewhere are no concern of ours: nothing of ours may lead there. A
 * claim that reaches out of the range is kept, because it is in the way of others.
 *
 * A time in the future is taken as it is: it makes a claim lose, and were it cut by our clock two clusters could
 * disagree about who wins.
 */
export function readClaims(told: Iterable<BlockClaim>, range: Cidr): ReadClaims {
  const latest = new Map<string, Claim>()
  const refused: RefusedClaim[] = []
  for (const each of told) {
    const claim = readClaim(each, range)
    if ('reason' in claim) refused.push(claim)
    else if (isLater(claim, latest.get(claim.cluster))) latest.set(claim.cluster, claim)
  }
  const claims = [...latest.values()].sort(byPrecedence)
  const tooMany = claims.slice(CLAIMS_MAX)
  refused.push(...tooMany.map(({ cluster }) => ({ cluster, reason: `is not among the first ${CLAIMS_MAX}` })))
  return { claims: claims.slice(0, CLAIMS_MAX), refused }
}

function readClaim({ cluster, block: text, claimedAt }: BlockClaim, range: Cidr): Claim | RefusedClaim {
  if (typeof cluster !== 'string' || !isDnsLabel(cluster)) return { cluster: '', reason: 'has no cluster id' }
  const refuse = (reason: string) => ({ cluster, reason })
  if (!Number.isSafeInteger(claimedAt) || claimedAt <= 0) return refuse('has no time')
  const block = typeof text === 'string' ? parseCidr(text) : undefined
  if (block === undefined) return refuse('has no block such as 242.7.0.0/16')
  if (!isBlockSize(sizeOf(block))) {
    return refuse(
      `is for ${formatCidr(block)}, and a block has from ${BLOCK_MIN_ADDRESSES} to ${BLOCK_MAX_ADDRESSES} addresses`,
    )
  }
  if (!overlaps(range, block)) return refuse(`is for ${formatCidr(block)}, outside of ${formatCidr(range)}`)
  return { cluster, block, claimedAt }
}

/** Whether a block may have so many addresses. */
export function isBlockSize(addresses: bigint): boolean {
  return addresses >= BLOCK_MIN_ADDRESSES && addresses <= BLOCK_MAX_ADDRESSES
}

/** A cluster's newest claim is the one it has. */
function isLater(claim: Claim, known: Claim | undefined): boolean {
  return known === undefined || byPrecedence(known, claim) < 0
}

/**
 * The time of a new claim: after every one that is known, so that a cluster whose clock is slow takes nothing from those
 * it has heard of. Absurd times of others do not count.
 */
export function nextClaimTime(now: number, known: readonly Claim[]): number {
  const believed = known.map(({ claimedAt }) => claimedAt).filter((time) => time <= now + CLAIM_AHEAD_MS)
  return believed.reduce((latest, time) => Math.max(latest, time + 1), Math.max(1, Math.trunc(now)))
}
