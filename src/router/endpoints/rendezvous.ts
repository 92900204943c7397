/**
 * Rendezvous hashing: which place a key belongs to, the same on every router that sees the same places, and moved only
 * when its place goes. Pure.
 */
import { hash32 } from '../../core/hash.ts'
import { type Candidate, isOpen } from '../balancer.ts'

/** The candidate a key belongs to, by weight, among those that were not tried; an ejected one only when there is no other. */
export function rendezvous<T extends Candidate>(
  candidates: readonly T[],
  key: string,
  tried: readonly string[],
): T | undefined {
  return highest(candidates, key, tried, false) ?? highest(candidates, key, tried, true)
}

function highest<T extends Candidate>(
  candidates: readonly T[],
  key: string,
  tried: readonly string[],
  desperate: boolean,
): T | undefined {
  let best: T | undefined
  let bestScore = Number.NEGATIVE_INFINITY
  for (const candidate of candidates) {
    if (!isOpen(candidate, tried, desperate)) continue
    const score = scoreOf(key, candidate)
    if (score < bestScore || (score === bestScore && best !== undefined && best.name < candidate.name))
      continue
    best = candidate
    bestScore = score
  }
  return best
}

/** Weighted rendezvous (Schindelhauer and Schomaker 2005): the highest of -weight / ln(u) wins in proportion to weight. */
function scoreOf(key: string, { name, weight }: Candidate): number {
  const uniform = (hash32(`${key}|${name}`) + 0.5) / 2 ** 32
  return -weight / Math.log(uniform)
}
