/** Two raw flows joined by a relay: what an end sees is what the other end did, and nothing is acknowledged before its time. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { SpliceWorld } from '../../../support/splice-world.ts'

type Step =
  | { readonly what: 'write' | 'read'; readonly side: 'west' | 'east'; readonly bytes: number }
  | { readonly what: 'end'; readonly side: 'west' | 'east' }
  | { readonly what: 'deliver'; readonly at: number }

const side = fc.constantFrom('west' as const, 'east' as const)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ what: fc.constant('write' as const), side, bytes: fc.nat(90) }) },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('read' as const), side, bytes: fc.nat(90) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('end' as const), side }) },
  { weight: 8, arbitrary: fc.record({ what: fc.constant('deliver' as const), at: fc.nat(3) }) },
)
const windows = fc.record({ west: fc.integer({ min: 1, max: 64 }), east: fc.integer({ min: 1, max: 64 }) })

function take(world: SpliceWorld, what: Step): void {
  switch (what.what) {
    case 'write':
      world[what.side].writeIfOpen(what.bytes)
      break
    case 'read':
      world[what.side].read(what.bytes)
      break
    case 'end':
      world[what.side].end()
      break
    case 'deliver':
      world.deliver(what.at)
  }
}

/** What must hold at every moment. */
function check(world: SpliceWorld, most: number): void {
  const { west, east } = world
  expect(west.acked).toBeLessThanOrEqual(east.received - east.unread)
  expect(east.acked).toBeLessThanOrEqual(west.received - west.unread)
  expect(world.waiting).toBeGreaterThanOrEqual(0)
  expect(world.waiting).toBeLessThanOrEqual(most)
}

function finish(world: SpliceWorld): void {
  for (let round = 0; round < 500; round++) {
    world.settle()
    for (const owner of [world.west, world.east]) {
      owner.read(10_000)
      owner.end()
    }
  }
}

test('whatever happens in whatever order, both ends get all bytes and both ends of the stream, and no more is held than windows allow', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), windows, (steps, widths) => {
      const world = new SpliceWorld({ windows: widths })
      for (const what of steps) {
        take(world, what)
        check(world, widths.west + widths.east)
      }
      finish(world)
      const { west, east } = world
      expect([west.outcome, east.outcome]).toEqual(['closed', 'closed'])
      expect([east.received, west.received]).toEqual([west.written, east.written])
      expect([west.acked, east.acked]).toEqual([west.written, east.written])
      expect([world.waiting, world.over]).toEqual([0, 1])
      expect([world.passed.onward.bytes, world.passed.back.bytes]).toEqual([west.written, east.written])
    }),
    { numRuns: 300 },
  )
})

test('a loss of either line at any moment reaches the other end as one, and nothing is left', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.nat(1), (steps, lost) => {
      const world = new SpliceWorld()
      world.settle()
      for (const what of steps) if (what.what !== 'end') take(world, what)
      world.lines[lost]?.west.lose()
      world.lines[lost]?.east.lose()
      world.settle()
      const told = expect.objectContaining({ condition: 'fairlead:link-lost' })
      expect([world.west.outcome, world.east.outcome]).toEqual([told, told])
      expect([world.waiting, world.over]).toEqual([0, 1])
    }),
    { numRuns: 200 },
  )
})

test('the window of the next hop opens that of this one before the far end has acknowledged anything', () => {
  const world = new SpliceWorld({ windows: { west: 10, east: 1000 } })
  world.settle()
  for (let round = 0; round < 50; round++) {
    world.west.writeIfOpen(20)
    world.settle()
  }
  expect([world.east.received, world.west.acked, world.waiting]).toEqual([1000, 0, 0])
})

test('a reader that stops stops its sender once the windows of both hops are full', () => {
  const world = new SpliceWorld({ windows: { west: 60, east: 30 } })
  world.settle()
  for (let round = 0; round < 50; round++) {
    world.west.writeIfOpen(10)
    world.settle()
  }
  expect([world.east.received, world.waiting]).toEqual([30, 60])
  world.east.read(1000)
  world.settle()
  expect(world.west.acked).toBe(30)
})

test('the half-close of one end is not acknowledged before the other has it', () => {
  const world = new SpliceWorld()
  const [first, second] = world.lines
  world.settle()
  world.east.end()
  world.settle()
  world.west.end()
  while (first.deliverAll()) {}
  second.west.lose()
  second.east.lose()
  world.settle()
  expect(world.east.farEnded).toBe(false)
  expect(world.west.outcome).toEqual(expect.objectContaining({ condition: 'fairlead:link-lost' }))
})

test('a reset passes with what it says, from either side', () => {
  for (const from of ['west', 'east'] as const) {
    const world = new SpliceWorld()
    world.settle()
    world[from].reset()
    world.settle()
    const other = from === 'west' ? world.east : world.west
    expect(other.outcome).toEqual({ condition: 'fairlead:reset', description: 'by the owner' })
    expect(world.over).toBe(1)
  }
})

test('a position that the acceptor tells reaches the opener', () => {
  const world = new SpliceWorld()
  const told: unknown[] = []
  world.west.onAccept = (position?: unknown) => void told.push(position)
  world.settle()
  world.east.channel?.accept({ received: 77, ended: false })
  world.settle()
  expect(told).toEqual([{ received: 77, ended: false }])
})

test('an end that has stopped is not told as lost, for nobody can resume with it', () => {
  const world = new SpliceWorld()
  const [, second] = world.lines
  world.settle()
  second.west.peerStopped = true
  second.west.lose()
  world.settle()
  expect(world.west.outcome).toEqual(expect.objectContaining({ condition: 'fairlead:stopped' }))
})

test('a relay that ends it says to both that the link is lost', () => {
  const world = new SpliceWorld()
  world.settle()
  const error = { condition: 'fairlead:link-lost', description: 'the relay has stopped' }
  world.splice?.kill(error)
  world.settle()
  expect([world.west.outcome, world.east.outcome, world.over]).toEqual([error, error, 1])
})

test('datagrams are handed on with their boundaries, and the window opens as they are', () => {
  const world = new SpliceWorld({ protocol: 'UDP', windows: { west: 100, east: 1000 } })
  world.settle()
  const sizes: number[] = []
  world.east.onData = (datagram: Buffer) => void sizes.push(datagram.length)
  for (const size of [10, 1, 89, 50, 50]) {
    world.west.write(size)
    world.settle()
  }
  expect(sizes).toEqual([10, 1, 89, 50, 50])
})
