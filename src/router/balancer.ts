/**
 * Which of several places a new flow goes to: fewest outstanding flows for each endpoint, of equals the cheapest to reach,
 * and those in turn by weight. Pure but for `take`, which counts the flow. Knows no sockets, clusters or backends.
 */

/** What is counted of one place, as flows come and go. */
export interface Load {
  /** Flows open there. */
  outstanding: number
  /** When its next turn would be, in virtual time that passes by 1 / weight with each flow; 0 when never used. */
  turn: number
}

/** A place that flows can go to. */
export interface Candidate {
  /** The same on every router: what retries and affinity know it by. */
  readonly name: string
  /** Above 0: how many flows it takes for one flow of a place of weight 1. */
  readonly weight: number
  readonly load: Load
  /** Of the way to it; absent: it does not matter. */
  readonly cost?: number
  /** Left alone for its failures while there are others. */
  readonly ejected: boolean
  /** Taken only while there is no other: it keeps no clients by affinity. */
  readonly standby?: boolean
}

/** Whether `candidate` may be chosen; the ejected only when `desperate`. */
export function isOpen(candidate: Candidate, tried: readonly string[], desperate: boolean): boolean {
  return (desperate || !candidate.ejected) && !tried.includes(candidate.name)
}

/** The best candidate that was not tried; an ejected one only when there is no other. Undefined when all were tried. */
export function leastLoaded<T extends Candidate>(
  candidates: readonly T[],
  tried: readonly string[],
): T | undefined {
  return bestOf(candidates, tried, false) ?? bestOf(candidates, tried, true)
}

/** Counts a flow at `chosen`, one of `candidates`. Its owner takes it off `load.outstanding` when the flow ends. */
export function take(candidates: readonly Candidate[], { load, weight }: Candidate): void {
  load.outstanding += 1
  load.turn = Math.max(load.turn, virtualTime(candidates)) + 1 / weight
}

/**
 * Start-time fair queueing among those with the fewest flows: a place that was idle or is new starts at the present
 * virtual time, so that it does not get all flows until it has caught up.
 */
function bestOf<T extends Candidate>(
  candidates: readonly T[],
  tried: readonly string[],
  desperate: boolean,
): T | undefined {
  const now = virtualTime(candidates)
  let best: T | undefined
  let bestFlows = Number.POSITIVE_INFINITY
  for (const candidate of candidates) {
    if (!isOpen(candidate, tried, desperate)) continue
    const flows = flowsPerEndpoint(candidate)
    if (flows > bestFlows) continue
    if (best !== undefined && flows === bestFlows && !isBetter(candidate, best, now)) continue
    best = candidate
    bestFlows = flows
  }
  return best
}

/** Of two with as many flows. */
function isBetter(one: Candidate, other: Candidate, now: number): boolean {
  const { cost = 0 } = one
  const { cost: otherCost = 0 } = other
  if (cost !== otherCost) return cost < otherCost
  return Math.max(one.load.turn, now) < Math.max(other.load.turn, now)
}

/** Whole flows: parts of one say nothing about a place with many endpoints, and turns follow the weights better. */
function flowsPerEndpoint({ load, weight }: Candidate): number {
  return Math.floor(load.outstanding / weight)
}

/** When the last flow's turn began. */
function virtualTime(candidates: readonly Candidate[]): number {
  let now = 0
  for (const { load, weight } of candidates) now = Math.max(now, load.turn - 1 / weight)
  return now
}
