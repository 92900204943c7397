import type { Duplex } from 'node:stream'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { silentLogger } from '../../../src/core/log.ts'
import { Snapshot } from '../../../src/core/snapshot.ts'
import { ControlSession } from '../../../src/link/control-session.ts'
import { Farewells } from '../../../src/link/farewells.ts'
import { FAREWELL_MS, MAX_FAREWELL_BYTES, MAX_FAREWELLS } from '../../../src/link/limits.ts'
import { MessageCodec } from '../../../src/link/message-codec.ts'
import { type Hello, PROTOCOL, type SessionMessage } from '../../../src/link/messages.ts'
import type { AdmittedPeer } from '../../../src/link/peer-chain.ts'
import type { SignedStatement } from '../../../src/pki/trust-statement.ts'
import { duplexPair } from '../../support/duplex-pair.ts'
import { FakeClock, settle } from '../../support/fake-clock.ts'

const codec = new MessageCodec()
const heartbeat = { intervalMs: 1000, deadMs: 60_000 } as const
const STATEMENT: SignedStatement = {
  statement: '{"version":3}',
  signatures: [{ root: 'a'.repeat(64), value: 'b' }],
}
const west: AdmittedPeer = { clusterset: 'home', cluster: 'west', role: 'router', since: 1 }

let clock: FakeClock
let newest: Snapshot<SignedStatement | undefined>
let stated: boolean
let farewells: Farewells
const sockets: Duplex[] = []

beforeEach(() => {
  clock = new FakeClock()
  newest = new Snapshot<SignedStatement | undefined>(STATEMENT)
  stated = true
  const trust = { newest, isStated: () => stated, whyParted: () => 'cluster west was revoked' }
  farewells = new Farewells(
    { clock, codec, logger: silentLogger, trust },
    { hello: helloOf('east'), heartbeat },
  )
})

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
})

function helloOf(cluster: string): Hello {
  return { type: 'hello', id: `${cluster}-1`, cluster, role: 'router', version: 'test', protocol: PROTOCOL }
}

function pair(): [Duplex, Duplex] {
  const both = duplexPair()
  for (const socket of both) sockets.push(socket.on('error', () => {}))
  return both
}

/** West, which does not know yet, at the other end. */
function dialling(socket: Duplex) {
  const heard: SessionMessage[] = []
  const closed: string[] = []
  const session = new ControlSession(
    { clock, codec, logger: silentLogger },
    { side: 'dialer', hello: helloOf('west'), heartbeat, peer: { ...west, cluster: 'east' } },
    {
      onReady: () => session.send({ type: 'directory-digest', last: true, origins: [] }),
      onMessage: (message) => heard.push(message),
      onWritable: () => {},
      onRoundTrip: () => {},
      onClosed: ({ message }) => closed.push(message),
    },
    socket,
  )
  return { heard, closed }
}

async function until(done: () => boolean): Promise<void> {
  for (let turn = 0; turn < 200 && !done(); turn += 1) await settle()
  expect(done()).toBe(true)
}

const say = (peer = west, socket = pair()[0]) => farewells.say(socket, peer, 'acceptor')

test('a peer that was revoked is told the statement and nothing else, and then sent away', async () => {
  const [mine, theirs] = pair()
  expect(say(west, mine)).toBe(true)
  const { heard, closed } = dialling(theirs)
  await until(() => closed.length === 1)
  expect(heard).toEqual([{ type: 'trust', ...STATEMENT }])
  expect(closed[0]).toBe('the peer closed the session with fairlead:revoked: cluster west was revoked')
})

test('nothing is said that no statement says, and nothing to others than routers', () => {
  expect(say({ ...west, role: 'controller' })).toBe(false)
  stated = false
  expect(say()).toBe(false)
  stated = true
  newest.set(undefined)
  expect(say()).toBe(false)
})

test('a peer that does not speak is cut off in time', async () => {
  const [mine] = pair()
  say(west, mine)
  await clock.advance(FAREWELL_MS - 1)
  expect(mine.destroyed).toBe(false)
  await clock.advance(1)
  expect(mine.destroyed).toBe(true)
})

test('of one cluster so many are told in that time and no more, however soon they go; others still are', async () => {
  const told = Array.from({ length: MAX_FAREWELLS + 2 }, () => {
    const [mine] = pair()
    const isTold = say(west, mine)
    mine.destroy()
    return isTold
  })
  expect(told.filter(Boolean)).toHaveLength(MAX_FAREWELLS)
  expect(say({ ...west, cluster: 'south' })).toBe(true)
  await clock.advance(FAREWELL_MS)
  expect(say()).toBe(true)
})

test('of a peer that goes on talking no more is read', async () => {
  const [mine, theirs] = pair()
  say(west, mine)
  let written = 0
  // Frames that are in order, and say nothing.
  const empty = Buffer.from('0000000802000000', 'hex')
  theirs.write(Buffer.from('414d515000010000', 'hex'))
  const flood = Buffer.concat(Array.from({ length: 4096 }, () => empty))
  for (; written < 4 * MAX_FAREWELL_BYTES; written += flood.length) theirs.write(flood)
  await until(() => mine.isPaused())
  await clock.advance(FAREWELL_MS)
  expect(mine.destroyed).toBe(true)
})

test('whoever is being told is cut off when we stop, and nobody is told any more', async () => {
  const [mine] = pair()
  say(west, mine)
  farewells.stop()
  expect(mine.destroyed).toBe(true)
  expect(say()).toBe(false)
})
