import type { Duplex } from 'node:stream'
import { afterEach, expect, test } from '@jest/globals'
import type { FairleadError } from '../../../src/core/errors.ts'
import { silentLogger } from '../../../src/core/log.ts'
import { ControlSession } from '../../../src/link/control-session.ts'
import { MessageCodec } from '../../../src/link/message-codec.ts'
import { type Hello, PROTOCOL, type SessionMessage } from '../../../src/link/messages.ts'
import { duplexPair } from '../../support/duplex-pair.ts'
import { FakeClock, settle } from '../../support/fake-clock.ts'

const codec = new MessageCodec()
const HEARTBEAT = { intervalMs: 1000, deadMs: 3000 } as const

const sockets: Duplex[] = []

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
})

interface End {
  readonly session: ControlSession
  readonly ready: Hello[]
  readonly messages: SessionMessage[]
  readonly trips: number[]
  readonly closed: FairleadError[]
}

const helloOf = (cluster: string, changes: Partial<Hello> = {}): Hello => ({
  type: 'hello',
  id: `${cluster}-1`,
  cluster,
  role: 'router',
  version: 'test',
  protocol: PROTOCOL,
  ...changes,
})

function end(clock: FakeClock, socket: Duplex, side: 'dialer' | 'acceptor', hello: Hello, peer: string): End {
  const heard: Omit<End, 'session'> = { ready: [], messages: [], trips: [], closed: [] }
  sockets.push(socket)
  const session = new ControlSession(
    { clock, codec, logger: silentLogger },
    { side, hello, peer: { clusterset: 'home', cluster: peer, role: 'router' }, heartbeat: HEARTBEAT },
    {
      onReady: (theirs) => heard.ready.push(theirs),
      onMessage: (message) => heard.messages.push(message),
      onWritable: () => {},
      onRoundTrip: (ms) => heard.trips.push(ms),
      onClosed: (error) => heard.closed.push(error),
    },
    socket,
  )
  return { session, ...heard }
}

/** West dials east. */
function pair(clock: FakeClock, east: Partial<Hello> = {}): { west: End; east: End } {
  const [left, right] = duplexPair()
  return {
    west: end(clock, left, 'dialer', helloOf('west'), 'east'),
    east: end(clock, right, 'acceptor', helloOf('east', east), 'west'),
  }
}

/** Lets both ends talk until `done`; the turns are bounded, no time passes. */
async function until(done: () => boolean): Promise<void> {
  for (let turn = 0; turn < 200 && !done(); turn += 1) await settle()
  expect(done()).toBe(true)
}

test('both sides are ready once both have said hello', async () => {
  const { west, east } = pair(new FakeClock())
  await until(() => west.ready.length === 1 && east.ready.length === 1)
  expect(west.ready[0]).toEqual(helloOf('east'))
  expect(west.session.writable).toBe(true)
})

test('messages arrive in order, and the sender learns that they were taken', async () => {
  const { west, east } = pair(new FakeClock())
  await until(() => west.ready.length === 1 && east.ready.length === 1)
  let accepted = 0
  for (let id = 0; id < 10; id += 1) {
    west.session.send({ type: 'directory-request', cluster: `c${id}` }, () => (accepted += 1))
  }
  await until(() => accepted === 10)
  expect(east.messages).toEqual(
    Array.from({ length: 10 }, (_, id) => ({ type: 'directory-request', cluster: `c${id}` })),
  )
})

test('pings measure the round trip and keep the session alive', async () => {
  const clock = new FakeClock()
  const { west, east } = pair(clock)
  await until(() => west.ready.length === 1 && east.ready.length === 1)
  for (let second = 0; second < 20; second += 1) {
    const trips = west.trips.length
    await clock.advance(1000)
    await until(() => west.trips.length > trips)
  }
  expect([...west.closed, ...east.closed]).toEqual([])
})

test("the accepting side goes by the dialler's keep-alive", async () => {
  const clock = new FakeClock()
  const [left, right] = duplexPair()
  const west = end(new FakeClock(), left, 'dialer', helloOf('west', { keepAliveMs: 30_000 }), 'east')
  const east = end(clock, right, 'acceptor', helloOf('east'), 'west')
  await until(() => west.ready.length === 1 && east.ready.length === 1)
  await settle()
  left.pause()
  left.removeAllListeners('data')
  await clock.advance(29_000)
  expect(east.closed).toEqual([])
  await clock.advance(12_000)
  await until(() => east.closed.length === 1)
  expect(east.closed[0]?.message).toBe('the peer was silent for 30000 ms')
})

test('a peer that falls silent is given up after three beats', async () => {
  const clock = new FakeClock()
  const [left, right] = duplexPair()
  const west = end(clock, left, 'dialer', helloOf('west'), 'east')
  const east = end(new FakeClock(), right, 'acceptor', helloOf('east'), 'west')
  await until(() => west.ready.length === 1 && east.ready.length === 1)
  await settle()
  right.pause()
  right.removeAllListeners('data')
  await clock.advance(10_000)
  await until(() => west.closed.length === 1)
  expect(west.closed[0]?.message).toContain('silent for 3000 ms')
})

test('a peer that says no hello is given up', async () => {
  const clock = new FakeClock()
  const [left] = duplexPair()
  const west = end(clock, left, 'dialer', helloOf('west'), 'east')
  await clock.advance(10_000)
  await until(() => west.closed.length === 1)
  expect(west.closed[0]?.message).toContain('no hello')
})

test('without a common protocol version the session ends with a reason on both sides', async () => {
  const { west, east } = pair(new FakeClock(), { protocol: { min: 2, max: 3 } })
  await until(() => west.closed.length === 1 && east.closed.length === 1)
  expect([...west.closed, ...east.closed].map(({ message }) => message).join()).toContain(
    'no common protocol version',
  )
  expect([...west.ready, ...east.ready]).toEqual([])
})

test('a hello that disagrees with the certificate is a violation', async () => {
  const { west } = pair(new FakeClock(), { cluster: 'north' })
  await until(() => west.closed.length === 1)
  expect(west.closed[0]).toMatchObject({
    code: 'violation',
    message: expect.stringContaining('different owners'),
  })
})

test('a goodbye reaches the other side', async () => {
  const { west, east } = pair(new FakeClock())
  await until(() => west.ready.length === 1 && east.ready.length === 1)
  west.session.close('the router is stopping')
  await until(() => west.closed.length === 1 && east.closed.length === 1)
  expect(east.closed[0]?.message).toContain('goodbye: the router is stopping')
})

test('a reader that throws a violation ends the session and tells the peer why', async () => {
  const clock = new FakeClock()
  const { west, east } = pair(clock)
  await until(() => west.ready.length === 1 && east.ready.length === 1)
  const twice = helloOf('west')
  west.session.send(twice as unknown as SessionMessage)
  await until(() => west.closed.length === 1 && east.closed.length === 1)
  expect(east.closed[0]?.message).toContain('a second hello')
  expect(west.closed[0]?.message).toContain('amqp:not-allowed: a second hello')
})
