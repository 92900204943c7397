/** Two connections back to back follow random scripts; whatever happens, bytes and endings must be as written. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { FlowAcceptor } from '../../../src/amqp/flow-transport.ts'
import { ACK_DELAY_MS } from '../../../src/amqp/limits.ts'
import { ByteBudget } from '../../../src/core/byte-budget.ts'
import { Actor, connectionPair, REQUEST, type Script, until } from '../../support/connection-pair.ts'
import { FakeClock } from '../../support/fake-clock.ts'

interface FlowScript {
  readonly opener: 'west' | 'east'
  readonly near: Script
  readonly far: Script
  /** Turns of the event loop before the acceptor accepts. */
  readonly acceptAfter: number
}

const script = (finish: Script['finish'][]): fc.Arbitrary<Script> =>
  fc.record({
    writes: fc.array(fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 150_000 })), {
      maxLength: 8,
    }),
    finish: fc.constantFrom(...finish),
    delay: fc.nat(4),
    passes: fc.boolean(),
  })

const flowScript: fc.Arbitrary<FlowScript> = fc.record({
  opener: fc.constantFrom('west', 'east'),
  near: script(['end', 'end', 'reset']),
  far: script(['end', 'end-last', 'reset']),
  acceptAfter: fc.nat(6),
})

const settings = fc.record({
  windowBytes: fc.constantFrom(1000, 70_000, 1024 * 1024),
  maxFrameSize: fc.constantFrom(512, 16_384, 131_072),
  incomingWindow: fc.constantFrom(4, 65_536),
  initialOutgoingId: fc.constantFrom(0, 0xffff_fffd),
  maxBufferedBytes: fc.constantFrom(50_000, 8 * 1024 * 1024),
})

interface Ends {
  near: Actor
  far: Actor | undefined
}

async function play(
  flows: readonly FlowScript[],
  config: Record<string, number>,
  cuts: readonly number[],
  strangers: boolean,
  lossAfter: number | undefined,
): Promise<void> {
  const ends: Ends[] = []
  const acceptor: FlowAcceptor = (request, channel) => {
    const index = request.port - 1
    const flow = flows[index]
    const end = ends[index]
    if (flow === undefined || end === undefined) throw new Error('unknown flow')
    const actor = new Actor(channel, flow.far, index * 2 + 1, index * 2)
    end.far = actor
    actor.consumedByPeer = () => end.near.consumed
    end.near.consumedByPeer = () => actor.consumed
    void later(flow.acceptAfter, () => {
      channel.accept()
      if (!actor.done) actor.go()
    })
    return actor
  }
  const clock = new FakeClock()
  const buffers = new ByteBudget(1024 ** 3)
  let turn = 0
  const cut = (): number => cuts[turn++ % cuts.length] ?? 1
  const pair = connectionPair({
    cut,
    strangers,
    acceptWest: acceptor,
    acceptEast: acceptor,
    clock,
    westBuffers: buffers,
    eastBuffers: buffers,
    west: { ...config, idleTimeoutMs: 0 },
    east: { ...config, idleTimeoutMs: 0 },
  })
  flows.forEach((flow, index) => {
    const make = () =>
      pair[flow.opener].open({ ...REQUEST, port: index + 1 }, (channel) => {
        const near = new Actor(channel, flow.near, index * 2, index * 2 + 1)
        ends[index] = { near, far: undefined }
        return near
      })
    make()
    ends[index]?.near.go()
  })
  const loss = lossAfter === undefined ? undefined : later(lossAfter, pair.cut)
  const done = () => ends.every(({ near, far }) => near.done && far?.done !== false)
  const time = passTime(clock, done)
  await until(done)
  await time
  await until(
    () => pair.west.openFlows + pair.east.openFlows + pair.west.bufferedBytes + pair.east.bufferedBytes === 0,
  )
  await loss
  if (loss !== undefined) {
    await until(() => pair.closed.west !== undefined && pair.closed.east !== undefined)
    expect([buffers.held, buffers.taken]).toEqual([0, 0])
    return
  }
  flows.forEach((flow, index) => {
    check(flow, ends[index])
  })
  expect([pair.closed.west, pair.closed.east]).toEqual([undefined, undefined])
  expect([buffers.held, buffers.taken]).toEqual([0, 0])
  await close(pair)
}

async function close(pair: ReturnType<typeof connectionPair>): Promise<void> {
  pair.west.close()
  await until(() => pair.closed.east !== undefined)
  expect([pair.closed.west?.origin, pair.closed.east?.origin]).toEqual(['owner', 'peer'])
}

/** Without resets everything arrives and both ends see the end; with one, neither end lives on. */
function check(flow: FlowScript, ends: Ends | undefined): void {
  if (flow.near.finish === 'reset' || flow.far.finish === 'reset') return
  expect(ends?.near.resetBy ?? ends?.far?.resetBy).toBeUndefined()
  expect([ends?.near.closed, ends?.far?.closed]).toEqual([true, true])
  expect(ends?.far?.received).toBe(flow.near.writes.reduce((sum, size) => sum + size, 0))
  expect(ends?.near.received).toBe(flow.far.writes.reduce((sum, size) => sum + size, 0))
  expect(ends?.near.accepted).toBe(true)
}

/** Acknowledgements become due while flows go on, until `done`. */
async function passTime(clock: FakeClock, done: () => boolean): Promise<void> {
  while (!done()) await clock.advance(ACK_DELAY_MS)
}

async function later(turns: number, action: () => void): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve))
  action()
}

test.each([
  ['between our own routers', false],
  ['by AMQP credit alone', true],
])(
  '%s flows deliver exactly the bytes written, whatever is cut, delayed, closed, reset or lost',
  async (_name, strangers) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(flowScript, { minLength: 1, maxLength: 6 }),
        settings,
        fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 100_000 })), {
          maxLength: 4,
        }),
        // One large cut in every round keeps the number of turns bounded.
        fc.option(fc.nat(60), { nil: undefined, freq: 2 }),
        (flows, config, cuts, lossAfter) => play(flows, config, [...cuts, 60_000], strangers, lossAfter),
      ),
      { numRuns: Number(process.env['FAIRLEAD_FUZZ_RUNS'] ?? 60) },
    )
  },
  60_000,
)
