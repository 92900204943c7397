/**
 * Whose a block is when several clusters claim it. A pure function of the set of claims: who looks, in what order the
 * claims came and what was before play no part, so that all who know the same claims agree.
 */
import { type Cidr, formatCidr, lastOf, overlaps } from '../core/cidr.ts'
import type { IpAddress } from '../core/ip.ts'

/** A claim that was read. */
export interface Claim {
  readonly cluster: string
  readonly block: Cidr
  readonly claimedAt: number
}

/** Orders claims: the earlier first, then the smaller cluster id. Total, so that no two claims are alike. */
export function byPrecedence(left: Claim, right: Claim): number {
  if (left.claimedAt !== right.claimedAt) return left.claimedAt - right.claimedAt
  if (left.cluster !== right.cluster) return left.cluster < right.cluster ? -1 : 1
  const [ours, theirs] = [formatCidr(left.block), formatCidr(right.block)]
  return ours === theirs ? 0 : ours < theirs ? -1 : 1
}

/** Which of two overlapping claims holds. */
export function winner(left: Claim, right: Claim): Claim {
  return byPrecedence(left, right) <= 0 ? left : right
}

/**
 * The claims that hold: in order of precedence each that overlaps none before it that holds. One that is beaten beats
 * nobody. They are disjoint, so an address has one owner at most.
 */
export class StandingClaims {
  /** In order of precedence. */
  readonly claims: readonly Claim[]
  /** By family and first address; they are disjoint. */
  readonly #sorted: Claim[] = []

  constructor(claims: readonly Claim[]) {
    this.claims = claims.toSorted(byPrecedence).filter((claim) => this.#add(claim))
  }

  has(claim: Claim): boolean {
    const found = this.#sorted[this.#placeOf(claim.block) - 1]
    return found !== undefined && byPrecedence(found, claim) === 0
  }

  /** Whose the address is. */
  ownerOf(address: IpAddress): Claim | undefined {
    return this.overlapping({
      family: address.family,
      first: address.value,
      prefix: address.family === 4 ? 32 : 128,
    })[0]
  }

  /** Those that share an address with the block, by address. */
  overlapping(block: Cidr): Claim[] {
    const end = this.#placeOf({ ...block, first: lastOf(block) })
    const from = Math.max(0, this.#placeOf(block) - 1)
    return this.#sorted.slice(from, end).filter((claim) => overlaps(claim.block, block))
  }

  #add(claim: Claim): boolean {
    if (this.overlapping(claim.block).length > 0) return false
    this.#sorted.splice(this.#placeOf(claim.block), 0, claim)
    return true
  }

  /** How many begin at or before the block's first address. */
  #placeOf({ family, first }: Cidr): number {
    let [low, high] = [0, this.#sorted.length]
    while (low < high) {
      const middle = (low + high) >> 1
      const block = this.#sorted[middle]?.block
      const isBefore =
        block !== undefined && (block.family < family || (block.family === family && block.first <= first))
      if (isBefore) low = middle + 1
      else high = middle
    }
    return low
  }
}
