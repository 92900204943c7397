/** What each router should see: distances in the real network, by breadth-first search, for links that cost 1. */
import type { TopologyView } from '../../src/router/topology/topology-view.ts'
import type { Simulation } from './simulation.ts'

/** How many routers see anything else than the real network. */
export function wrongViews(simulation: Simulation): number {
  const neighbours = neighboursIn(simulation)
  return simulation.engines.filter((engine, place) => {
    const view = engine?.view.current()
    return view !== undefined && !isRight(view, distancesFrom(place, neighbours), simulation.ids)
  }).length
}

function neighboursIn({ links }: Simulation): Map<number, number[]> {
  const neighbours = new Map<number, number[]>()
  for (const {
    ends: [a, b],
  } of links.filter(({ up }) => up !== undefined)) {
    neighbours.set(a, [...(neighbours.get(a) ?? []), b])
    neighbours.set(b, [...(neighbours.get(b) ?? []), a])
  }
  return neighbours
}

function isRight(
  view: TopologyView,
  distances: ReadonlyMap<number, number>,
  ids: readonly string[],
): boolean {
  if (view.routers.size !== distances.size) return false
  for (const [place, distance] of distances) {
    if (view.costTo(ids[place] ?? '') !== distance) return false
  }
  return true
}

function distancesFrom(
  place: number,
  neighbours: ReadonlyMap<number, readonly number[]>,
): Map<number, number> {
  const distances = new Map([[place, 0]])
  // A Map goes on with what is added meanwhile.
  for (const [router, distance] of distances) {
    for (const next of neighbours.get(router) ?? []) {
      if (!distances.has(next)) distances.set(next, distance + 1)
    }
  }
  return distances
}
