/**
 * Blocks that were given up and rest for a while, because others may still send there. Pure.
 */

import type { Cidr } from '../core/cidr.ts'
import { formatCidr } from '../core/cidr.ts'
import type { Claim } from './block-precedence.ts'
import { QUIET_BLOCKS_MAX } from './limits.ts'

export interface QuietBlock {
  readonly block: Cidr
  /** Who had it, and may have it back at any time. */
  readonly cluster: string
  /** When anybody may have it, milliseconds since 1970. */
  readonly until: number
}

export interface ClaimsChange {
  readonly before: readonly Claim[]
  readonly after: readonly Claim[]
  readonly quiet: readonly QuietBlock[]
  readonly quietMs: number
  readonly now: number
}

/** What rests after a change of the known claims: what rested and is not over or claimed again, and what was given up. */
export function nextQuietBlocks({ before, after, quiet, quietMs, now }: ClaimsChange): QuietBlock[] {
  const kept = new Set(after.map(keyOf))
  const released = before
    .filter((claim) => !kept.has(keyOf(claim)))
    .map(({ cluster, block }) => ({ cluster, block, until: now + quietMs }))
  const latest = new Map<string, QuietBlock>()
  for (const each of [...quiet, ...released]) {
    const known = latest.get(keyOf(each))
    if (each.until > now && !kept.has(keyOf(each)) && (known === undefined || known.until < each.until))
      latest.set(keyOf(each), each)
  }
  return [...latest.values()].sort((left, right) => right.until - left.until).slice(0, QUIET_BLOCKS_MAX)
}

function keyOf({ cluster, block }: Pick<QuietBlock, 'cluster' | 'block'>): string {
  return `${cluster}/${formatCidr(block)}`
}
