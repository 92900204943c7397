/**
 * Why a cluster gets no block, said so that somebody can do something about it. Pure.
 */
import { type Cidr, formatCidr, overlaps, sizeOf } from '../core/cidr.ts'
import { countBlocks } from './block-choice.ts'
import type { Claim } from './block-precedence.ts'
import type { QuietBlock } from './block-quiet.ts'
import { listed, timeOf } from './listing.ts'

export interface Shortage {
  /** How many blocks of the wanted size the range has. */
  readonly blocks: bigint
  /** Claims that hold and have part of the range. */
  readonly holders: readonly Claim[]
  /** Blocks in the range that rest. */
  readonly quiet: readonly QuietBlock[]
  /** When the first of them ends. */
  readonly retryAt?: number
  readonly message: string
}

export interface ShortageInput {
  readonly settings: { readonly range: Cidr; readonly prefix: number }
  readonly claims: readonly Claim[]
  readonly quiet: readonly QuietBlock[]
}

/** For a range in which no block is free. */
export function shortageOf({ settings: { range, prefix }, claims, quiet }: ShortageInput): Shortage {
  const blocks = countBlocks(range, prefix)
  const holders = claims.filter(({ block }) => overlaps(range, block))
  const resting = quiet.filter(({ block }) => overlaps(range, block))
  const retryAt = resting.reduce((first, { until }) => Math.min(first, until), Number.POSITIVE_INFINITY)
  const taken = [
    ...named('held', holders),
    ...named('resting after', resting),
    ...(resting.length > 0 ? [`the first is free at ${timeOf(retryAt)}`] : []),
  ]
  return {
    blocks,
    holders,
    quiet: resting,
    ...(resting.length > 0 && { retryAt }),
    message: `${headOf(range, prefix, blocks)}${taken.length > 0 ? `: ${taken.join('; ')}` : ''}; ${REMEDY}`,
  }
}

const REMEDY = 'make the range larger or the blocks smaller, in every cluster'

function headOf(range: Cidr, prefix: number, blocks: bigint): string {
  const where = `blocks of ${sizeOf({ ...range, prefix })} addresses in ${formatCidr(range)}`
  return blocks === 0n ? `there are no ${where}` : `none of the ${blocks} ${where} is free`
}

function named(what: string, list: readonly { readonly cluster: string; readonly block: Cidr }[]): string[] {
  if (list.length === 0) return []
  return [`${what}: ${listed(list.map(({ cluster, block }) => `${formatCidr(block)} (${cluster})`))}`]
}
