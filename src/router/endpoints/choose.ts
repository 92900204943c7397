/**
 * The choice over tiers of places, best tier first: by load, or by client where a service asks for affinity. Pure.
 */
import { type Candidate, isOpen, leastLoaded } from '../balancer.ts'
import { rendezvous } from './rendezvous.ts'

/** The candidate of the first tier that has one left: the least loaded. */
export function chooseByLoad<T extends Candidate>(
  tiers: readonly (readonly T[])[],
  tried: readonly string[],
): T | undefined {
  for (const tier of tiers) {
    const chosen = leastLoaded(tier, tried)
    if (chosen !== undefined) return chosen
  }
  return undefined
}

/**
 * The candidate for a flow of `client`: where its last one went (`last`) while that is open, also when a better tier has
 * come up meanwhile; else the one of the first tier that the client belongs to on every router.
 */
export function chooseByClient<T extends Candidate>(
  tiers: readonly (readonly T[])[],
  tried: readonly string[],
  client: string,
  last: string | undefined,
): T | undefined {
  for (const tier of tiers) {
    const kept = tier.find(({ name }) => name === last)
    if (kept !== undefined && kept.standby !== true && isOpen(kept, tried, false)) return kept
  }
  for (const tier of tiers) {
    const chosen = rendezvous(tier, client, tried)
    if (chosen !== undefined) return chosen
  }
  return undefined
}
