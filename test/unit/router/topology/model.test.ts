/** Routers that lose, repeat and reorder messages, restart, part and merge see the same network in the end: the real one. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { MAX_HOPS, REFRESH_MS } from '../../../../src/router/topology/limits.ts'
import type { TopologyView } from '../../../../src/router/topology/topology-view.ts'
import { type ReferenceEdge, referenceDistances } from '../../../support/reference-paths.ts'
import { type Cable, TopologyWorld } from '../../../support/topology-world.ts'

const SIZE = 6

const place = fc.nat({ max: SIZE - 1 })
const index = fc.nat({ max: 9 })
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('connect' as const),
      a: place,
      b: place,
      cost: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cut' as const), index }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const), place }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('drain' as const), place }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('part' as const), mask: fc.nat({ max: 2 ** SIZE - 1 }) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('deliver' as const),
      index,
      end: fc.constantFrom(0 as const, 1 as const),
      at: index,
      again: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('lose' as const),
      index,
      end: fc.constantFrom(0 as const, 1 as const),
      at: index,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('trip' as const),
      index,
      end: fc.constantFrom(0 as const, 1 as const),
      ms: fc.integer({ min: 0, max: 900 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      ms: fc.constantFrom(0, 5, 60, 1_000, 20_000, 65_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('settle' as const),
      ms: fc.constantFrom(1_000, 30_000, 100_000),
    }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

function run(world: TopologyWorld, drained: Set<string>, one: Step): void {
  const cables = [...world.cables]
  const cable = 'index' in one ? cables[one.index % Math.max(1, cables.length)] : undefined
  switch (one.kind) {
    case 'connect':
      if (one.a !== one.b) world.connect(one.a, one.b, one.cost)
      break
    case 'restart':
      world.restart(one.place)
      break
    case 'drain':
      world.engine(one.place).drain()
      drained.add(world.id(one.place))
      break
    case 'part':
      for (const each of cables) if (isBetween(each, one.mask)) world.cut(each)
      break
    case 'wait':
      world.clock.advance(one.ms)
      break
    case 'settle':
      world.settle(one.ms, 1_000)
      break
    default:
      if (cable !== undefined) runOn(world, cable, one)
  }
}

function runOn(world: TopologyWorld, cable: Cable, one: Extract<Step, { index: number }>): void {
  if (one.kind === 'cut') world.cut(cable)
  else if (one.kind === 'deliver') world.deliver(cable, one.end, one.at, one.again)
  else if (one.kind === 'lose') world.lose(cable, one.end, one.at)
  else cable.sessions[one.end].roundTrip(one.ms)
}

function isBetween({ ends: [a, b] }: Cable, mask: number): boolean {
  return ((mask >> a) & 1) !== ((mask >> b) & 1)
}

/** The network as it is: of several cables between two routers the cheapest counts. */
function realEdges(world: TopologyWorld): ReferenceEdge[] {
  return [...world.cables].map(({ ends: [a, b], cost }) => ({
    ends: [world.id(a), world.id(b)] as const,
    metric: cost,
  }))
}

function costs(view: TopologyView): Map<string, number> {
  const routes = [...view.routers.keys()].map((id) => view.routeTo(id))
  return new Map([
    [view.self, 0],
    ...routes.flatMap((route) => (route === undefined ? [] : [[route.router.id, route.cost] as const])),
  ])
}

/** A path leads over edges of the view, from the view's own router to its end, and passes nobody twice. */
function expectSound(view: TopologyView): void {
  const edges = new Set(view.links().map(({ routers: [a, b] }) => [a, b].sort().join()))
  for (const id of view.routers.keys()) {
    for (const path of view.routeTo(id)?.paths ?? []) {
      expect(path.length).toBeLessThanOrEqual(MAX_HOPS)
      expect(new Set([view.self, ...path]).size).toBe(path.length + 1)
      expect(path.at(-1)).toBe(id)
      const hops = path.map((to, at) => [at === 0 ? view.self : (path[at - 1] ?? ''), to].sort().join())
      expect(hops.filter((hop) => !edges.has(hop))).toEqual([])
    }
  }
}

test('all routers see the real network in the end, whatever was lost, repeated, reordered, restarted, parted and merged', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 80 }), (steps) => {
      const world = new TopologyWorld(SIZE)
      const drained = new Set<string>()
      for (const one of steps) {
        run(world, drained, one)
        for (const engine of world.engines) expectSound(engine.view.current())
      }
      world.settle(2 * REFRESH_MS, 10_000)
      const edges = realEdges(world)
      for (const { view } of world.engines) {
        const seen = view.current()
        const real = referenceDistances(seen.self, edges)
        expect([...seen.routers.keys()].sort()).toEqual([...real.keys()].sort())
        for (const [id, { draining }] of seen.routers) expect(draining).toBe(drained.has(id))
        if (drained.size === 0) expect(costs(seen)).toEqual(real)
        expectSound(seen)
      }
      world.stop()
    }),
    { numRuns: 150 },
  )
})

test('without faults all routers see each change at once, but for a link that comes and goes', () => {
  const cut = fc.record({ kind: fc.constant('cut' as const), index })
  const connect = fc.record({
    kind: fc.constant('connect' as const),
    a: place,
    b: place,
    cost: fc.constant(1),
  })
  fc.assert(
    fc.property(fc.array(fc.oneof(cut, connect, connect), { maxLength: 25 }), (steps) => {
      const world = new TopologyWorld(SIZE)
      for (const one of steps) {
        world.settle(100_000, 10_000)
        run(world, new Set(), one)
        world.settle(1_000, 10)
        for (const { view } of world.engines) {
          expect(costs(view.current())).toEqual(referenceDistances(view.current().self, realEdges(world)))
        }
      }
      world.stop()
    }),
    { numRuns: 60 },
  )
})
