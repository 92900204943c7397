import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { RouterAdvertisement } from '../../../../src/api/router-advertisement.ts'
import { byRouter } from '../../../../src/router/topology/advertisement.ts'
import { LinkGraph } from '../../../../src/router/topology/link-graph.ts'
import { DRAINING_METRIC, metricOf } from '../../../../src/router/topology/metric.ts'
import { ShortestPaths } from '../../../../src/router/topology/shortest-paths.ts'
import { referenceDistances } from '../../../support/reference-paths.ts'
import { advertisement, routerId } from '../../../support/topology-world.ts'

const SELF = routerId(0)

/** A graph with paths from router 0, fed with advertisements. */
class Paths {
  readonly graph = new LinkGraph(SELF, (from, to, before, after) =>
    this.shortest.onWeight(from, to, before, after),
  )
  readonly shortest: ShortestPaths
  readonly said = new Map<string, RouterAdvertisement>()

  constructor() {
    this.set(advertisement(0, []))
    this.shortest = new ShortestPaths(this.graph, this.graph.slotOf(SELF) ?? 0)
  }

  set(one: RouterAdvertisement): void {
    this.said.set(one.router, one)
    this.graph.set(one)
  }

  delete(router: string): void {
    this.said.delete(router)
    this.graph.delete(router)
  }

  run(): { touched: boolean; visited: number } {
    const before = this.shortest.visited
    const touched = this.shortest.run()
    this.graph.recycle()
    return { touched, visited: this.shortest.visited - before }
  }

  distances(): Map<string, number> {
    const found = [...this.said.keys()].map(
      (id) => [id, this.shortest.distanceOf(this.graph.slotOf(id) ?? -1)] as const,
    )
    return new Map(found.filter(([, distance]) => distance < Number.POSITIVE_INFINITY))
  }

  reference(): Map<string, number> {
    const edges = [...this.said.values()].flatMap((one) =>
      one.neighbours.flatMap((claim) => {
        const reverse = this.said.get(claim[0])?.neighbours.find(([id]) => id === one.router)
        return reverse === undefined
          ? []
          : [{ ends: [one.router, claim[0]] as const, metric: metricOf(claim, reverse) }]
      }),
    )
    return referenceDistances(SELF, edges, (id) =>
      this.said.get(id)?.draining === true ? DRAINING_METRIC : 0,
    )
  }
}

/** Routers in a line from router 0 on. */
function line(length: number): Paths {
  const paths = new Paths()
  for (let at = 0; at < length; at += 1) {
    paths.set(
      advertisement(
        at,
        [at - 1, at + 1].filter((other) => other >= 0 && other < length),
      ),
    )
  }
  paths.run()
  return paths
}

const SIZE = 8
const said = fc.record({
  router: fc.nat({ max: SIZE - 1 }),
  gone: fc.nat({ max: 9 }),
  draining: fc.nat({ max: 9 }),
  neighbours: fc.uniqueArray(
    fc.tuple(fc.nat({ max: SIZE - 1 }), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 3 })),
    { selector: ([id]) => id, maxLength: SIZE },
  ),
})

test('after any changes, many or one at a time, distances are those of a computation from nothing', () => {
  fc.assert(
    fc.property(fc.array(fc.array(said, { minLength: 1, maxLength: 6 }), { maxLength: 25 }), (batches) => {
      const paths = new Paths()
      for (const batch of batches) {
        for (const { router, gone, draining, neighbours } of batch) {
          const claims = neighbours
            .filter(([id]) => id !== router)
            .map(([id, cost, ms]) => [routerId(id), cost, ms] as const)
            .sort(byRouter)
          if (gone === 0 && router !== 0) paths.delete(routerId(router))
          else paths.set(advertisement(router, [], { neighbours: claims, draining: draining === 0 }))
        }
        paths.run()
        expect(paths.distances()).toEqual(paths.reference())
      }
    }),
    { numRuns: 300 },
  )
})

test('an edge that only one end advertises does not count', () => {
  const paths = line(2)
  paths.set(advertisement(0, [1, 2]))
  paths.set(advertisement(2, []))
  paths.run()
  expect([...paths.distances().keys()]).toEqual([routerId(0), routerId(1)])
})

test('an edge costs what the dearer end says', () => {
  const paths = new Paths()
  paths.set(advertisement(0, [], { neighbours: [[routerId(1), 2, 10]] }))
  paths.set(advertisement(1, [], { neighbours: [[routerId(0), 7, 5]] }))
  paths.run()
  expect(paths.distances().get(routerId(1))).toBe(metricOf([routerId(1), 7, 10], [routerId(0), 7, 10]))
})

test('a change off the shortest paths computes nothing', () => {
  const paths = line(100)
  paths.set(advertisement(40, [39, 41, 42]))
  paths.set(advertisement(42, [40, 41, 43]))
  expect(paths.run()).toEqual({ touched: true, visited: 58 })
  paths.set(
    advertisement(41, [], {
      neighbours: [
        [routerId(40), 1, 1],
        [routerId(42), 9, 9],
      ],
    }),
  )
  expect(paths.run()).toEqual({ touched: false, visited: 0 })
})

test('only what lies behind a change is computed again, each router at most twice', () => {
  const paths = line(100)
  paths.set(advertisement(89, [88]))
  expect(paths.run().visited).toBe(10)
  paths.set(advertisement(89, [88, 90]))
  expect(paths.run().visited).toBe(10)
  expect(paths.distances()).toEqual(paths.reference())
})
