import { expect, test } from '@jest/globals'
import { MAX_LISTED_ROUTERS } from '../../../../src/api/limits.ts'
import type {
  RouterAdvertisement,
  TopologyMessage,
  TopologyUpdate,
} from '../../../../src/api/router-advertisement.ts'
import { silentLogger } from '../../../../src/core/log.ts'
import { AdvertisementDatabase } from '../../../../src/router/topology/advertisement-database.ts'
import {
  FORGET_MS,
  HOLD_DOWN,
  MANY_MISSING,
  MAX_AGE_MS,
  MAX_ROUTERS,
  MISSING_MS,
  REFRESH_MS,
  SWEEP_MS,
} from '../../../../src/router/topology/limits.ts'
import { type NeighbourSession, TopologyEngine } from '../../../../src/router/topology/topology-engine.ts'
import { HandClock } from '../../../support/hand-clock.ts'
import { advertisement, routerId, TopologyWorld, Wire } from '../../../support/topology-world.ts'

const SELF = routerId(0)

/** Router 0 with scripted neighbours. */
function engine(
  verify?: (one: RouterAdvertisement) => boolean,
  sign?: (one: RouterAdvertisement) => RouterAdvertisement,
) {
  const clock = new HandClock()
  const deps = {
    clock,
    random: () => 0.5,
    logger: silentLogger,
    ...(verify === undefined ? {} : { verify }),
    ...(sign === undefined ? {} : { sign }),
  }
  const made = new TopologyEngine(deps, { router: SELF, name: 'zero', cluster: 'c0' })
  made.start()
  const neighbour = (number: number): { session: NeighbourSession; wire: Wire } => {
    const wire = new Wire()
    const session = made.connect({ router: routerId(number), cluster: `c${number}`, cost: 1 }, wire)
    session.receive({ type: 'topology-digest', part: 0, last: true, routers: [] })
    clock.advance(100)
    wire.letters.splice(0)
    return { session, wire }
  }
  return { clock, engine: made, neighbour }
}

const update = (...said: readonly RouterAdvertisement[]): TopologyUpdate => ({
  type: 'topology',
  advertisements: said.map((one) => ({ age: 0, advertisement: one })),
  changes: [],
})

/** Routers and sequences that messages tell of. */
const told = (messages: readonly TopologyMessage[]) =>
  messages.flatMap((message) =>
    message.type === 'topology'
      ? [
          ...message.advertisements.map(({ advertisement: { router, sequence } }) => [
            Number.parseInt(router, 16),
            sequence,
          ]),
          ...message.changes.map(({ router, to }) => [Number.parseInt(router, 16), to]),
        ]
      : [],
  )

test('news go to all neighbours but the one they came from, and once', () => {
  const { clock, neighbour } = engine()
  const [one, two, three] = [neighbour(1), neighbour(2), neighbour(3)]
  clock.advance(1_000)
  for (const { wire } of [one, two, three]) wire.letters.splice(0)
  one.session.receive(update(advertisement(9, [1])))
  two.session.receive(update(advertisement(9, [1])))
  clock.advance(1_000)
  expect([one, two, three].map(({ wire }) => told(wire.messages))).toEqual([[], [], [[9, 1]]])
})

test('a neighbour is not sent what its digest says that it has', () => {
  const { clock, engine: made, neighbour } = engine()
  neighbour(1).session.receive(update(advertisement(8, []), advertisement(9, [], { sequence: 4 })))
  const wire = new Wire()
  const session = made.connect({ router: routerId(2), cluster: 'c2', cost: 1 }, wire)
  session.receive({
    type: 'topology-digest',
    part: 0,
    last: true,
    routers: [
      [routerId(8), 1],
      [routerId(9), 3],
      [SELF, 1],
    ],
  })
  clock.advance(1_000)
  expect(told(wire.messages).map(([router]) => router)).not.toContain(8)
  expect(told(wire.messages)).toContainEqual([9, 4])
})

test('a change is sent as what changed to those who have its base', () => {
  const { clock, neighbour } = engine()
  const [one, two] = [neighbour(1), neighbour(2)]
  const first = advertisement(9, [1, 2, 3, 4])
  one.session.receive(update(first))
  clock.advance(1_000)
  two.wire.letters.splice(0)
  one.session.receive(update({ ...first, sequence: 2, neighbours: first.neighbours.slice(1) }))
  clock.advance(1_000)
  expect(two.wire.messages).toEqual([
    {
      type: 'topology',
      advertisements: [],
      changes: [
        { router: routerId(9), age: 0, from: 1, to: 2, draining: false, upserts: [], removes: [routerId(1)] },
      ],
    },
  ])
})

test('a change without its base is answered with a request for the whole', () => {
  const { neighbour } = engine()
  const { session, wire } = neighbour(1)
  const change = { router: routerId(9), age: 0, from: 4, to: 5, draining: false, upserts: [], removes: [] }
  session.receive({ type: 'topology', advertisements: [], changes: [change] })
  expect(wire.messages).toEqual([{ type: 'topology-request', routers: [routerId(9)] }])
  session.receive(update(advertisement(9, [], { sequence: 5 })))
  session.receive({
    type: 'topology',
    advertisements: [],
    changes: [
      { ...change, from: 5, to: 7 },
      { ...change, from: 5, to: 6 },
    ],
  })
  expect(wire.messages).toHaveLength(1)
})

test('a request is answered with the whole, even when the neighbour was thought to have it', () => {
  const { clock, neighbour } = engine()
  const [one, two] = [neighbour(1), neighbour(2)]
  one.session.receive(update(advertisement(9, [])))
  clock.advance(1_000)
  two.wire.letters.splice(0)
  two.session.receive({ type: 'topology-request', routers: [routerId(9), routerId(77)] })
  expect(told(two.wire.messages)).toEqual([[9, 1]])
})

test('who claims to know something newer of ourselves is not believed, and all hear from us what is right', () => {
  const { clock, engine: made, neighbour } = engine()
  const [one, two] = [neighbour(1), neighbour(2)]
  clock.advance(1_000)
  two.wire.letters.splice(0)
  one.session.receive(update(advertisement(0, [5], { sequence: 100, cluster: 'c0' })))
  clock.advance(1_000)
  expect(made.counts.refused).toBe(1)
  expect(told(two.wire.messages)).toEqual([[0, 101]])
  one.session.receive({ type: 'topology-digest', part: 0, last: true, routers: [[SELF, 500]] })
  clock.advance(1_000)
  expect(told(two.wire.messages).at(-1)).toEqual([0, 501])
  expect(made.view.current().routers.get(SELF)?.name).toBe('zero')
})

test('a router that we are connected with is of the cluster that its certificate says', () => {
  const { engine: made, neighbour } = engine()
  const one = neighbour(1)
  neighbour(2)
  one.session.receive(update(advertisement(2, [0], { cluster: 'elsewhere', sequence: 50 })))
  expect(made.counts.refused).toBe(1)
  expect(() =>
    one.session.receive(update(advertisement(1, [0], { cluster: 'elsewhere', sequence: 50 }))),
  ).toThrow('says it is of elsewhere')
})

test('what its origin did not sign is not taken, where there are signatures', () => {
  const { engine: made, neighbour } = engine(({ proof }) => proof === 'good')
  const one = neighbour(1)
  one.session.receive(update(advertisement(8, []), advertisement(9, [], { proof: 'good' })))
  expect(made.advertisements).toBe(2)
  expect(made.counts.refused).toBe(1)
})

test('a router stays of the cluster that it first said it was of, whatever another cluster signs', () => {
  const { engine: made, neighbour } = engine(() => true)
  const one = neighbour(1)
  one.session.receive(update(advertisement(9, [1], { cluster: 'c9', sequence: 2 })))
  one.session.receive(update(advertisement(9, [1], { cluster: 'evil', sequence: 50 })))
  expect(made.counts.refused).toBe(1)
  one.session.receive(update(advertisement(9, [1, 2], { cluster: 'c9', sequence: 3 })))
  expect(made.counts.refused).toBe(1)
})

test('what is said of ourselves is signed, and again when there is another certificate', () => {
  let certificate = 'old'
  const sign = (one: RouterAdvertisement) => ({ ...one, proof: `${certificate} ${one.sequence}` })
  const { clock, engine: made, neighbour } = engine(undefined, sign)
  const { session, wire } = neighbour(1)
  const own = () => wire.messages.flatMap((message) => (message.type === 'topology' ? proofsIn(message) : []))
  made.connect({ router: routerId(2), cluster: 'c2', cost: 1 }, new Wire())
  clock.advance(1_000)
  expect(own().at(-1)).toMatch(/^old \d+$/)
  certificate = 'new'
  made.sayAgain()
  clock.advance(1_000)
  expect(own().at(-1)).toMatch(/^new \d+$/)
  session.closed()
})

const proofsIn = ({ advertisements, changes }: TopologyUpdate) =>
  [...advertisements.map(({ advertisement: { proof } }) => proof), ...changes.map(({ proof }) => proof)].map(
    (proof) => proof ?? 'none',
  )

test('what no honest router sends ends the session', () => {
  const { neighbour } = engine()
  const { session } = neighbour(1)
  const change = { router: routerId(9), age: 0, from: 5, to: 5, draining: false, upserts: [], removes: [] }
  expect(() => session.receive(update(advertisement(9, [9])))).toThrow('its own neighbour')
  expect(() => session.receive(update(advertisement(9, [2, 1])))).toThrow('not in order')
  expect(() => session.receive(update(advertisement(9, [2, 2])))).toThrow('not in order')
  expect(() => session.receive({ type: 'topology', advertisements: [], changes: [change] })).toThrow(
    'goes back',
  )
})

test('a digest without end ends the session', () => {
  const { neighbour } = engine()
  const { session } = neighbour(1)
  const routers = Array.from({ length: MAX_LISTED_ROUTERS }, (_, id) => [routerId(id + 100), 1] as const)
  const send = () => {
    for (let part = 0; part * MAX_LISTED_ROUTERS <= MAX_ROUTERS; part += 1) {
      session.receive({ type: 'topology-digest', part, last: false, routers })
    }
  }
  expect(send).toThrow('too many routers')
})

test('a neighbour that takes nothing now gets the newest later, not every step', () => {
  const { clock, neighbour } = engine()
  const [one, two] = [neighbour(1), neighbour(2)]
  clock.advance(1_000)
  two.wire.letters.splice(0)
  two.wire.writable = false
  for (let sequence = 1; sequence <= 50; sequence += 1) {
    one.session.receive(update(advertisement(9, [], { sequence })))
    clock.advance(100)
  }
  expect(two.wire.messages).toEqual([])
  two.wire.writable = true
  two.session.writable()
  expect(told(two.wire.messages)).toEqual([[9, 50]])
})

test('what was on its way on a session that ended is sent on the other', () => {
  const { clock, engine: made, neighbour } = engine()
  const one = neighbour(1)
  const first = new Wire()
  const second = new Wire()
  const terms = { router: routerId(2), cluster: 'c2', cost: 1 }
  const sessions = [made.connect(terms, first), made.connect(terms, second)]
  for (const session of sessions)
    session.receive({ type: 'topology-digest', part: 0, last: true, routers: [] })
  clock.advance(1_000)
  for (const wire of [first, second]) for (const { onAccepted } of wire.letters.splice(0)) onAccepted?.()
  one.session.receive(update(advertisement(9, [])))
  clock.advance(1_000)
  expect([told(first.messages), told(second.messages)]).toEqual([[[9, 1]], []])
  sessions[0]?.closed()
  expect(told(second.messages)).toEqual([[9, 1]])
})

test('two sessions with one router are one neighbour, as cheap as the cheaper', () => {
  const { clock, engine: made, neighbour } = engine()
  const { wire } = neighbour(1)
  const dear = made.connect({ router: routerId(2), cluster: 'c2', cost: 9 }, new Wire())
  const cheap = made.connect({ router: routerId(2), cluster: 'c2', cost: 2 }, new Wire())
  const said = () => {
    clock.advance(1_000)
    const messages = wire.letters.splice(0).map(({ message }) => message)
    return messages.flatMap((message) =>
      message.type === 'topology'
        ? message.changes.flatMap(({ upserts, removes }) => [...upserts, ...removes])
        : [],
    )
  }
  expect(said()).toEqual([[routerId(2), 2, 1]])
  cheap.closed()
  expect(said()).toEqual([[routerId(2), 9, 1]])
  dear.closed()
  expect(said()).toEqual([routerId(2)])
})

test('a router that is gone is forgotten after a while, and its neighbours are not', () => {
  const world = new TopologyWorld(3)
  world.connect(0, 1)
  const cable = world.connect(1, 2)
  world.settle(1_000)
  expect(world.engine(0).advertisements).toBe(3)
  world.cut(cable)
  world.settle(1_000)
  expect([...world.engine(0).view.current().routers.keys()]).toEqual([world.id(0), world.id(1)])
  expect(world.engine(0).advertisements).toBe(3)
  world.settle(FORGET_MS + 2 * SWEEP_MS, 1_000)
  expect(world.engines.map(({ advertisements }) => advertisements)).toEqual([2, 2, 1])
})

test('what is made anew in time is never forgotten', () => {
  const world = new TopologyWorld(3)
  world.connect(0, 1)
  world.connect(1, 2)
  world.settle(3 * MAX_AGE_MS, 10_000)
  expect(world.engine(0).view.current().routers.size).toBe(3)
})

test('routers that one neighbour forgot and another did not are there again at once when the network merges', () => {
  const { clock, engine: made, neighbour } = engine()
  const [one, two] = [neighbour(1), neighbour(2)]
  one.session.receive(update(advertisement(1, [0, 5]), advertisement(5, [1, 6]), advertisement(6, [5])))
  clock.advance(1_000)
  one.session.receive(update(advertisement(1, [0], { sequence: 2 })))
  clock.advance(SWEEP_MS)
  two.wire.letters.splice(0)
  one.session.receive(update(advertisement(1, [0, 5], { sequence: 3 })))
  clock.advance(1_000)
  expect(
    told(two.wire.messages)
      .map(([router]) => router)
      .sort(),
  ).toEqual([1, 5, 6])
  expect(made.view.current().routers.size).toBe(4)
})

test('what a router forgot while a neighbour was kept out is there again as soon as it is let in', () => {
  const world = new TopologyWorld(5)
  for (const leaf of [1, 2, 3]) world.connect(0, leaf)
  let cable = world.connect(0, 4)
  for (let times = 0; times < 25; times += 1) {
    world.settle(2_000)
    world.cut(cable)
    cable = world.connect(0, 4)
  }
  world.settle(HOLD_DOWN.max + MISSING_MS + 2_000)
  expect(world.engines.map(({ view }) => view.current().routers.size)).toEqual(Array(5).fill(5))
})

test('a router that others name and nobody tells of is asked for once, many by comparing all', () => {
  const { clock, neighbour } = engine()
  const { session, wire } = neighbour(1)
  session.receive(update(advertisement(1, [0, 7, 8])))
  clock.advance(MISSING_MS)
  const requests = () =>
    wire.letters.splice(0).flatMap(({ message }) => (message.type === 'topology' ? [] : [message]))
  expect(requests()).toEqual([{ type: 'topology-request', routers: [routerId(7), routerId(8)] }])
  clock.advance(10 * MISSING_MS)
  expect(requests()).toEqual([])
  const many = Array.from({ length: MANY_MISSING + 1 }, (_, at) => at + 100)
  session.receive(update(advertisement(1, [0, ...many], { sequence: 2 })))
  clock.advance(MISSING_MS)
  expect(requests()).toMatchObject([{ type: 'topology-digest', part: 0, last: true }])
})

test('now and then all is compared anew with each neighbour', () => {
  const { clock, neighbour } = engine()
  const { wire } = neighbour(1)
  clock.advance(REFRESH_MS)
  expect(wire.messages.map(({ type }) => type)).toContain('topology-digest')
  expect(told(wire.messages).length).toBeGreaterThan(0)
})

test('no more routers and links are kept than the bounds say, and a router out of reach makes room', () => {
  const database = new AdvertisementDatabase({ routers: 3, neighbourEntries: 5 })
  expect(database.put(advertisement(1, [2, 3]), 0, 0)).toBe('stored')
  expect(database.put(advertisement(2, [1, 3]), 0, 0)).toBe('stored')
  expect(database.put(advertisement(3, [1, 2]), 0, 0)).toBe('full')
  expect(database.put(advertisement(3, []), 0, 0)).toBe('stored')
  expect(database.put(advertisement(4, []), 0, 0)).toBe('full')
  expect(database.evictable()).toBeUndefined()
  const entry = database.get(routerId(2))
  if (entry !== undefined) entry.unreachableSince = 0
  database.delete(database.evictable() ?? '')
  expect(database.put(advertisement(4, [1, 2]), 0, 0)).toBe('stored')
})

test('an older advertisement, and one that is too old to be true, is stale', () => {
  const database = new AdvertisementDatabase()
  const now = 10 * MAX_AGE_MS
  expect(database.put(advertisement(1, [], { sequence: 5 }), now, now)).toBe('stored')
  expect(database.put(advertisement(1, [2], { sequence: 5 }), now, now)).toBe('stale')
  expect(database.put(advertisement(1, [2], { sequence: 4 }), now, now)).toBe('stale')
  expect(database.put(advertisement(2, []), now - MAX_AGE_MS - 1, now)).toBe('stale')
})

test('a router that stops leaves no timer behind', () => {
  const world = new TopologyWorld(3)
  world.connect(0, 1)
  world.connect(1, 2)
  world.settle(1_000)
  world.stop()
  expect(world.clock.pending).toBe(0)
})
