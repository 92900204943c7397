import { expect, test } from '@jest/globals'
import { MAX_HOPS } from '../../../../src/amqp/limits.ts'
import type { RouterAdvertisement } from '../../../../src/api/router-advertisement.ts'
import { MAX_EQUAL_PATHS } from '../../../../src/router/topology/limits.ts'
import { PathComputer } from '../../../../src/router/topology/path-computer.ts'
import type { TopologyView } from '../../../../src/router/topology/topology-view.ts'
import { HandClock } from '../../../support/hand-clock.ts'
import { advertisement, routerId, viewOf } from '../../../support/topology-world.ts'

const pathsTo = (view: TopologyView, router: number) =>
  view.routeTo(routerId(router))?.paths.map((path) => path.map((id) => Number.parseInt(id, 16)))

/** 0 to 9 by way of each of `relays`. */
function fan(relays: readonly number[], changes: Partial<RouterAdvertisement> = {}) {
  return [
    advertisement(0, relays),
    advertisement(9, relays),
    ...relays.map((relay) => advertisement(relay, [0, 9], relay === 1 ? changes : {})),
  ]
}

test('a router alone sees itself and no way anywhere', () => {
  const view = viewOf(advertisement(0, []))
  expect([...view.routers.values()]).toEqual([
    { id: routerId(0), name: 'router-0', cluster: 'c0', draining: false },
  ])
  expect(view.routeTo(routerId(0))).toBeUndefined()
  expect(view.routersOf('c0')).toEqual([])
})

test('paths name all routers after our own, the destination last', () => {
  const view = viewOf(advertisement(0, [1]), advertisement(1, [0, 2]), advertisement(2, [1]))
  expect(pathsTo(view, 2)).toEqual([[1, 2]])
  expect(view.routeTo(routerId(2))).toMatchObject({ cost: 2, roundTripMs: 2, overDraining: false })
  expect(view.links()).toHaveLength(2)
})

test('all paths of equal cost are kept, up to a bound', () => {
  expect(pathsTo(viewOf(...fan([1, 2])), 9)).toEqual([
    [1, 9],
    [2, 9],
  ])
  expect(pathsTo(viewOf(...fan([1, 2, 3, 4, 5, 6])), 9)).toHaveLength(MAX_EQUAL_PATHS)
})

test('among more paths than are kept, those that share the least are kept', () => {
  const relays = [11, 12, 13, 14]
  const view = viewOf(
    advertisement(0, [1, 2]),
    advertisement(1, [0, ...relays]),
    advertisement(2, [0, 21]),
    ...relays.map((relay) => advertisement(relay, [1, 9])),
    advertisement(21, [2, 9]),
    advertisement(9, [...relays, 21]),
  )
  expect(pathsTo(view, 9)?.map(([, relay]) => relay)).toEqual([11, 12, 13, 14])
  const mirrored = viewOf(
    advertisement(0, [...relays, 21]),
    ...relays.map((relay) => advertisement(relay, [0, 1])),
    advertisement(21, [0, 2]),
    advertisement(1, [9, ...relays]),
    advertisement(2, [9, 21]),
    advertisement(9, [1, 2]),
  )
  expect(pathsTo(mirrored, 9)?.map(([, relay]) => relay)).toEqual([1, 2, 1, 1])
})

test('of equal cost, the lower round trip wins', () => {
  const slow = {
    neighbours: [
      [routerId(0), 1, 50],
      [routerId(9), 1, 1],
    ] as const,
  }
  const view = viewOf(...fan([1, 2], slow))
  expect(pathsTo(view, 9)).toEqual([[2, 9]])
})

test('cost outweighs any round trip', () => {
  const dear = {
    neighbours: [
      [routerId(0), 2, 1],
      [routerId(9), 1, 1],
    ] as const,
  }
  const slow = fan([1, 2], dear).map((one) =>
    one.router === routerId(2)
      ? {
          ...one,
          neighbours: [
            [routerId(0), 1, 10_000],
            [routerId(9), 1, 10_000],
          ] as const,
        }
      : one,
  )
  expect(pathsTo(viewOf(...slow), 9)).toEqual([[2, 9]])
})

test('a router that drains relays for nobody as long as there is another way', () => {
  expect(pathsTo(viewOf(...fan([1, 2], { draining: true })), 9)).toEqual([[2, 9]])
  const only = viewOf(...fan([1], { draining: true }))
  expect(pathsTo(only, 9)).toEqual([[1, 9]])
  expect(only.routeTo(routerId(9))).toMatchObject({ cost: 2, overDraining: true })
})

test('our own draining does not keep our own flows from leaving', () => {
  const [own, ...others] = fan([1, 2])
  if (own === undefined) throw new Error('no router')
  expect(viewOf({ ...own, draining: true }, ...others).routeTo(routerId(9))?.overDraining).toBe(false)
})

test('flows to a cluster may go to all its routers, the nearest first, and to one that drains only when it is the last', () => {
  const of = (draining: readonly number[]) =>
    viewOf(
      advertisement(0, [1, 2]),
      ...[1, 2, 3].map((id) =>
        advertisement(id, id === 1 ? [0, 3] : id === 2 ? [0] : [1], {
          cluster: 'east',
          draining: draining.includes(id),
        }),
      ),
    )
      .routersOf('east')
      .map(({ router }) => Number.parseInt(router.id, 16))
  expect(of([])).toEqual([1, 2, 3])
  expect(of([1])).toEqual([2, 3])
  expect(of([1, 2, 3])).toEqual([1, 2, 3])
  expect(viewOf(...fan([1])).routersOf('nowhere')).toEqual([])
})

test('a path is never longer than a flow can follow', () => {
  const length = MAX_HOPS + 2
  const line = Array.from({ length }, (_, at) =>
    advertisement(
      at,
      [at - 1, at + 1].filter((other) => other >= 0 && other < length),
    ),
  )
  const view = viewOf(...line)
  expect(view.routeTo(routerId(MAX_HOPS))?.paths[0]).toHaveLength(MAX_HOPS)
  expect(view.routeTo(routerId(MAX_HOPS + 1))).toBeUndefined()
  expect(view.routers.size).toBe(length)
})

test('a view stays as it was when the network changes', () => {
  const clock = new HandClock()
  const paths = new PathComputer(clock, advertisement(0, []))
  for (const one of fan([1, 2])) paths.set(one)
  clock.advance(1_000)
  const before = paths.view.current()
  paths.set(advertisement(0, [2], { sequence: 2 }))
  paths.delete(routerId(1))
  clock.advance(1_000)
  expect(pathsTo(before, 9)).toEqual([
    [1, 9],
    [2, 9],
  ])
  expect(pathsTo(paths.view.current(), 9)).toEqual([[2, 9]])
})
