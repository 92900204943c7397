/**
 * What a path costs, as one number that orders paths: draining relays first, then configured cost, then round trip.
 * All sums along a path of up to MAX_HOPS routers are exact in a double.
 */
import type { Neighbour } from '../../api/router-advertisement.ts'

const ROUND_TRIP_BITS = 2 ** 22
const COST_BITS = 2 ** 26

/** Relaying through a router that drains outweighs any cost of links. */
export const DRAINING_METRIC = COST_BITS * ROUND_TRIP_BITS

/** An edge as both its ends see it: the dearer and slower view counts. */
export function metricOf([, cost, roundTripMs]: Neighbour, [, otherCost, otherMs]: Neighbour): number {
  return Math.max(cost, otherCost) * ROUND_TRIP_BITS + Math.max(roundTripMs, otherMs)
}

/** Configured cost of a path or an edge. */
export function costOf(metric: number): number {
  return Math.floor(metric / ROUND_TRIP_BITS) % COST_BITS
}

/** Sum of the round trips along a path or of an edge, milliseconds. */
export function roundTripOf(metric: number): number {
  return metric % ROUND_TRIP_BITS
}
