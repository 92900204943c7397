/** Shortest paths by the book, against which the incremental ones are compared. */

export interface ReferenceEdge {
  readonly ends: readonly [string, string]
  readonly metric: number
}

/** Distances from `source`; `penalty` is added when leaving a router other than the source. */
export function referenceDistances(
  source: string,
  edges: readonly ReferenceEdge[],
  penalty: (router: string) => number = () => 0,
): Map<string, number> {
  const distances = new Map([[source, 0]])
  const weights = edges.flatMap(({ ends: [a, b], metric }) => [
    { from: a, to: b, weight: metric + (a === source ? 0 : penalty(a)) },
    { from: b, to: a, weight: metric + (b === source ? 0 : penalty(b)) },
  ])
  // Bellman and Ford: as often as any path can be long.
  for (let changed = true; changed; ) {
    changed = false
    for (const { from, to, weight } of weights) {
      const start = distances.get(from)
      if (start === undefined || start + weight >= (distances.get(to) ?? Number.POSITIVE_INFINITY)) continue
      distances.set(to, start + weight)
      changed = true
    }
  }
  return distances
}
