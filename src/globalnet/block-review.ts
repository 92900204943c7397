/**
 * What a cluster does about its own claim, whenever it learns of others or is told another range. Pure.
 */
import { type Cidr, containsBlock, formatCidr, overlaps } from '../core/cidr.ts'
import { chooseBlock } from './block-choice.ts'
import { nextClaimTime } from './block-claims.ts'
import { byPrecedence, type Claim, StandingClaims } from './block-precedence.ts'
import type { QuietBlock } from './block-quiet.ts'
import { type Shortage, shortageOf } from './block-shortage.ts'
import { timeOf } from './listing.ts'

/** What the GlobalNetwork resource says. */
export interface BlockSettings {
  readonly range: Cidr
  /** Of the cluster's block. */
  readonly prefix: number
  /** A block of that prefix inside the range that the user would like to have. */
  readonly wanted?: Cidr
}

export interface ReviewInput {
  readonly cluster: string
  /** The claim that is recorded, and perhaps known to others. */
  readonly own: Claim | undefined
  /** Of other clusters, as readClaims has them. */
  readonly others: readonly Claim[]
  readonly quiet: readonly QuietBlock[]
  /** Undefined when the cluster is to have no global addresses. */
  readonly settings: BlockSettings | undefined
  /** Milliseconds since 1970. */
  readonly now: number
}

/** Why a claim is given up. */
export const RenumberReason = {
  /** An earlier claim overlaps it. */
  lost: 'Lost',
  outOfRange: 'OutOfRange',
  sizeChanged: 'SizeChanged',
  /** The block that the user wants has become free, or the user wants it now. */
  wanted: 'WantedBlock',
} as const
export type RenumberReason = (typeof RenumberReason)[keyof typeof RenumberReason]

/** A claim that must or should be given up. */
export interface GivenUp {
  readonly claim: Claim
  readonly reason: RenumberReason
  /** Whose claim it lost to. */
  readonly to?: Claim
  readonly message: string
}

export type Review =
  /** No claim; `released` is the one that there was. */
  | { readonly kind: 'none'; readonly released?: Claim }
  /** Nothing changes. `unmet` says what of the settings cannot be had. */
  | { readonly kind: 'keep'; readonly claim: Claim; readonly unmet?: string }
  /** The first claim. */
  | { readonly kind: 'claim'; readonly claim: Claim; readonly unmet?: string }
  /** Another claim; every address changes. */
  | { readonly kind: 'renumber'; readonly claim: Claim; readonly givenUp: GivenUp; readonly unmet?: string }
  /** No claim, for no block is free. */
  | { readonly kind: 'exhausted'; readonly shortage: Shortage; readonly givenUp?: GivenUp }

/** Whether the cluster keeps its claim, makes another, or can have none. */
export function reviewClaim(input: ReviewInput): Review {
  const { own, settings } = input
  if (settings === undefined) return own === undefined ? { kind: 'none' } : { kind: 'none', released: own }
  const situation = {
    ...input,
    settings,
    others: input.others.filter(({ cluster }) => cluster !== input.cluster),
  }
  const givenUp = own && faultOf(own, situation)
  if (own !== undefined && givenUp === undefined)
    return { kind: 'keep', claim: own, ...unmetBy(own, situation) }
  const block = freeBlock(situation)
  if (block === undefined) return withoutBlock(situation, givenUp)
  const known = own === undefined ? situation.others : [own, ...situation.others]
  const claim = { cluster: input.cluster, block, claimedAt: nextClaimTime(input.now, known) }
  const unmet = unmetBy(claim, situation)
  return givenUp === undefined
    ? { kind: 'claim', claim, ...unmet }
    : { kind: 'renumber', claim, givenUp, ...unmet }
}

interface Situation extends ReviewInput {
  readonly settings: BlockSettings
}

function faultOf(own: Claim, situation: Situation): GivenUp | undefined {
  const { range, prefix, wanted } = situation.settings
  const name = formatCidr(own.block)
  const because = (reason: RenumberReason, message: string, to?: Claim) => ({
    claim: own,
    reason,
    message: `block ${name} ${message}`,
    ...(to && { to }),
  })
  const to = rivalOf(own, situation.others)
  if (to !== undefined) return because(RenumberReason.lost, `was lost: ${describe(to)}, earlier`, to)
  if (!containsBlock(range, own.block)) {
    return because(RenumberReason.outOfRange, `is not in the range ${formatCidr(range)}`)
  }
  if (own.block.prefix !== prefix) return because(RenumberReason.sizeChanged, `is not of the size /${prefix}`)
  if (wanted === undefined || same(wanted, own.block) || obstacle(wanted, situation) !== undefined)
    return undefined
  return because(RenumberReason.wanted, `makes way for ${formatCidr(wanted)}, which was asked for`)
}

/** The standing claim that beats ours. */
function rivalOf(own: Claim, others: readonly Claim[]): Claim | undefined {
  const standing = new StandingClaims([own, ...others])
  if (standing.has(own)) return undefined
  return standing.overlapping(own.block).find((claim) => byPrecedence(claim, own) < 0)
}

/** The wanted block, else one that nobody claims, else one whose claims do not hold: they are about to be given up. */
function freeBlock(situation: Situation): Cidr | undefined {
  const { settings, cluster, others } = situation
  const { range, prefix, wanted } = settings
  if (wanted !== undefined && obstacle(wanted, situation) === undefined) return wanted
  const resting = restingFor(situation).map(({ block }) => block)
  const avoiding = (claims: readonly Claim[]) =>
    chooseBlock({ range, prefix, cluster, taken: [...claims.map(({ block }) => block), ...resting] })
  return avoiding(others) ?? avoiding(new StandingClaims(others).claims)
}

/** Nobody but its last owner may have a block that rests. */
function restingFor({ cluster, quiet, now }: Situation): QuietBlock[] {
  return quiet.filter((each) => each.until > now && each.cluster !== cluster)
}

/** What keeps us from having the block, in words. */
function obstacle(wanted: Cidr, situation: Situation): string | undefined {
  const { range, prefix } = situation.settings
  if (!containsBlock(range, wanted) || wanted.prefix !== prefix)
    return `it is no /${prefix} of ${formatCidr(range)}`
  const claim = situation.others.find(({ block }) => overlaps(block, wanted))
  if (claim !== undefined) return describe(claim)
  const resting = restingFor(situation).find(({ block }) => overlaps(block, wanted))
  if (resting === undefined) return undefined
  return `cluster ${resting.cluster} gave up ${formatCidr(resting.block)}, which rests until ${timeOf(resting.until)}`
}

function unmetBy(claim: Claim, situation: Situation): { unmet?: string } {
  const { wanted } = situation.settings
  if (wanted === undefined || same(wanted, claim.block)) return {}
  return {
    unmet: `block ${formatCidr(wanted)} cannot be had: ${obstacle(wanted, situation) ?? 'it is taken'}`,
  }
}

/** A claim that holds is kept rather than none, except where it is of no use any more. */
function withoutBlock(situation: Situation, givenUp: GivenUp | undefined): Review {
  const shortage = shortageOf({
    settings: situation.settings,
    claims: new StandingClaims(situation.others).claims,
    quiet: restingFor(situation),
  })
  if (givenUp?.reason === RenumberReason.sizeChanged) {
    return { kind: 'keep', claim: givenUp.claim, unmet: shortage.message }
  }
  return { kind: 'exhausted', shortage, ...(givenUp && { givenUp }) }
}

function same(left: Cidr, right: Cidr): boolean {
  return formatCidr(left) === formatCidr(right)
}

function describe({ cluster, block, claimedAt }: Claim): string {
  return `cluster ${cluster} claimed ${formatCidr(block)} at ${timeOf(claimedAt)}`
}
