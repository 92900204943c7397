/** The link port against everybody who should not be there: each is refused and counted, a good link stays up. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Alpn } from '../../../src/api/names.ts'
import { MAX_PENDING_HANDSHAKES } from '../../../src/link/limits.ts'
import { PROTOCOL } from '../../../src/link/messages.ts'
import { createAuthority } from '../../../src/pki/certificates.ts'
import type { Role } from '../../../src/pki/identity.ts'
import { TestClusterset, uriOf } from '../../support/clusterset.ts'
import { eventually } from '../../support/eventually.ts'
import { linkTo, record, sample, startNetwork, stateOf, type TestNetwork } from '../../support/network.ts'
import { messageOf, signingAs } from '../../support/signed-origins.ts'
import { gone, plainSocket, scriptedPeer, tlsSocket } from '../../support/stranger.ts'

const DAY_MS = 86_400_000

let set: TestClusterset
let east: TestNetwork
let west: TestNetwork

beforeAll(async () => {
  set = await TestClusterset.create()
  east = await startNetwork({ tlsDir: await set.tlsDir('east') })
  west = await startNetwork({ tlsDir: await set.tlsDir('west'), links: [linkTo('east', east.network.port)] })
  await eventually(() => linkIsUp())
})

afterAll(async () => {
  await west.network.stop()
  await east.network.stop()
  await set[Symbol.asyncDispose]()
})

const linkIsUp = () => west.network.linkStatus.current()[0]?.state.kind === 'established'
const since = () => {
  const state = west.network.linkStatus.current()[0]?.state
  return state?.kind === 'established' ? state.since : undefined
}
const refused = (reason: string) => sample(east.metrics, `fairlead_link_refused_total{reason="${reason}"}`)
const ended = (cause: string) => sample(east.metrics, `fairlead_link_sessions_ended_total{cause="${cause}"}`)

/** Runs `intrude`, then expects one more refusal of the kind, and the good link untouched. */
async function expectRefusal(reason: string, intrude: () => Promise<void>): Promise<void> {
  const before = await refused(reason)
  const established = since()
  await intrude()
  await eventually(async () => expect(await refused(reason)).toBe(before + 1))
  expect(since()).toBe(established)
}

/** A good hello of a peer with this certificate. */
const hello = (cluster: string, role = 'router') => ({
  type: 'hello',
  id: `stranger-${cluster}`,
  cluster,
  role,
  version: 'test',
  protocol: PROTOCOL,
})

/** Connects as a router of `cluster` and sends messages; gives the condition the session was closed with. */
async function speakAs(cluster: string, messages: readonly unknown[], role: Role = 'router') {
  const peer = scriptedPeer(await tlsSocket(east.network.port, await set.tlsDir(cluster, role)))
  for (const message of messages) peer.send(message)
  return peer.closed
}

test('a client without a certificate is refused', async () => {
  await expectRefusal('no-certificate', async () => gone(await tlsSocket(east.network.port, undefined)))
})

test('a certificate of another root is refused', async () => {
  const other = await createAuthority({ commonName: 'other root', days: 1 })
  const dir = await set.folder({ uris: [uriOf('south', 'router')] }, other)
  await expectRefusal('untrusted', async () => gone(await tlsSocket(east.network.port, dir)))
})

test('an expired certificate is refused', async () => {
  const dir = await set.folder({ uris: [uriOf('south', 'router')] }, set.root, Date.now() - 2 * DAY_MS)
  await expectRefusal('expired', async () => gone(await tlsSocket(east.network.port, dir)))
})

test('a certificate of another clusterset under the same root is refused', async () => {
  const dir = await set.folder({ uris: [uriOf('south', 'router', 'other-set')] })
  await expectRefusal('clusterset', async () => gone(await tlsSocket(east.network.port, dir)))
})

test('a certificate with two identities is refused', async () => {
  const dir = await set.folder({ uris: [uriOf('south', 'router'), uriOf('north', 'router')] })
  await expectRefusal('identity', async () => gone(await tlsSocket(east.network.port, dir)))
})

test('a certificate without an identity is refused, also when a DNS name looks like one', async () => {
  const dir = await set.folder({ dnsNames: ['uri.spiffe'], commonName: uriOf('south', 'router') })
  await expectRefusal('identity', async () => gone(await tlsSocket(east.network.port, dir)))
})

test('the controller of another cluster is refused', async () => {
  const dir = await set.tlsDir('west', 'controller')
  await expectRefusal('role', async () => gone(await tlsSocket(east.network.port, dir)))
})

test('a controller may not open a data connection', async () => {
  const dir = await set.tlsDir('east', 'controller')
  await expectRefusal('role', async () => {
    await gone(await tlsSocket(east.network.port, dir, { ALPNProtocols: [Alpn.data] }))
  })
})

test('the agent of another cluster is refused', async () => {
  const dir = await set.tlsDir('west', 'agent')
  await expectRefusal('role', async () => gone(await tlsSocket(east.network.port, dir)))
})

test('an agent may not open a data connection', async () => {
  const dir = await set.tlsDir('east', 'agent')
  await expectRefusal('role', async () => {
    await gone(await tlsSocket(east.network.port, dir, { ALPNProtocols: [Alpn.data] }))
  })
})

test('an agent is refused where there are no global addresses', async () => {
  const dir = await set.tlsDir('east', 'agent')
  await expectRefusal('role', async () => gone(await tlsSocket(east.network.port, dir)))
})

test('TLS 1.2 is refused', async () => {
  const dir = await set.tlsDir('south')
  const options = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const
  await expectRefusal('handshake', async () => gone(await tlsSocket(east.network.port, dir, options)))
})

test('an unknown protocol name is refused', async () => {
  const dir = await set.tlsDir('south')
  await expectRefusal('handshake', async () => {
    await gone(await tlsSocket(east.network.port, dir, { ALPNProtocols: ['h2'] }))
  })
})

test('bytes that are not TLS are refused', async () => {
  await expectRefusal('handshake', async () => {
    const socket = await plainSocket(east.network.port)
    socket.resume().write('GET / HTTP/1.1\r\nhost: east\r\n\r\n')
    await gone(socket)
  })
})

test('a handshake that never comes is given up', async () => {
  await expectRefusal('timeout', async () => {
    const socket = await plainSocket(east.network.port)
    await gone(socket.resume())
  })
})

test('a thousand half-open connections push out each other and nobody else', async () => {
  const before = await refused('capacity')
  const sockets = await Promise.all(Array.from({ length: 1000 }, () => plainSocket(east.network.port)))
  const south = await startNetwork({
    tlsDir: await set.tlsDir('south'),
    links: [linkTo('east', east.network.port)],
  })
  await eventually(() => south.network.linkStatus.current()[0]?.state.kind === 'established')
  await eventually(async () => {
    expect(await refused('capacity')).toBeGreaterThanOrEqual(before + 1000 - MAX_PENDING_HANDSHAKES)
  })
  expect(linkIsUp()).toBe(true)
  await south.network.stop()
  for (const socket of sockets) socket.destroy()
})

test('garbage after the handshake ends the session with a framing error', async () => {
  const before = await ended('violation')
  const socket = await tlsSocket(east.network.port, await set.tlsDir('south'))
  socket.write('GET / HTTP/1.1\r\nhost: east\r\n\r\n')
  await gone(socket)
  await eventually(async () => expect(await ended('violation')).toBe(before + 1))
})

test('a frame that claims to be huge ends the session before its bytes are waited for', async () => {
  const before = await ended('violation')
  const socket = await tlsSocket(east.network.port, await set.tlsDir('south'))
  socket.write(
    Buffer.concat([
      Buffer.from('AMQP\u0000\u0001\u0000\u0000', 'latin1'),
      Buffer.from([0x7f, 0xff, 0xff, 0xff, 2, 0, 0, 0]),
    ]),
  )
  await gone(socket)
  await eventually(async () => expect(await ended('violation')).toBe(before + 1))
})

test('a hello that disagrees with the certificate ends the session', async () => {
  expect(await speakAs('south', [hello('north')])).toBe('amqp:unauthorized-access')
  expect(await speakAs('south', [hello('south', 'controller')])).toBe('amqp:unauthorized-access')
})

test('anything before hello ends the session', async () => {
  expect(await speakAs('south', [{ type: 'ping', id: 1 }])).toBe('amqp:not-allowed')
})

test('a peer that speaks only other versions of the protocol is told so', async () => {
  const message = { ...hello('south'), protocol: { min: 7, max: 9 } }
  expect(await speakAs('south', [message])).toBe('amqp:not-allowed')
})

const origin = (cluster: string, records: unknown[]) => ({
  type: 'directory-origin',
  cluster,
  epoch: 1,
  sequence: 1,
  part: 0,
  last: true,
  records,
})

test('a router that claims to know our own records is shut out', async () => {
  const forged = origin('east', [record('forged')])
  expect(await speakAs('south', [hello('south'), forged])).toBe('amqp:unauthorized-access')
  expect(east.network.directory.current().get('east')?.records.has('demo/forged') ?? false).toBe(false)
})

/** A router with the id of one. */
const modern = (cluster: string, role = 'router') => ({ ...hello(cluster, role), id: 'f'.repeat(32) })
const advertised = (changes: object) => ({
  type: 'topology',
  advertisements: [
    {
      age: 0,
      advertisement: {
        router: 'f'.repeat(32),
        name: 'south',
        cluster: 'south',
        sequence: 1,
        draining: false,
        neighbours: [],
        ...changes,
      },
    },
  ],
  changes: [],
})

test('a controller, and whoever has not the id of a router, may not speak of the topology', async () => {
  const digest = { type: 'topology-digest', part: 0, last: true, routers: [] }
  const controller = await speakAs('east', [modern('east', 'controller'), digest], 'controller')
  expect(controller).toBe('amqp:unauthorized-access')
  expect(await speakAs('south', [hello('south'), digest])).toBe('amqp:unauthorized-access')
})

test('only a router of our own cluster may say that our records are outdone', async () => {
  const outdone = { type: 'outdone', epoch: 2 ** 50 }
  expect(await speakAs('south', [modern('south'), outdone])).toBe('amqp:unauthorized-access')
  const controller = await speakAs('east', [modern('east', 'controller'), outdone], 'controller')
  expect(controller).toBe('amqp:unauthorized-access')
  expect(east.network.outdone.current()).toBe(0)
})

test('a router that says it is of another cluster than its certificate is shut out', async () => {
  const forged = advertised({ cluster: 'north' })
  expect(await speakAs('south', [modern('south'), forged])).toBe('amqp:unauthorized-access')
})

test('an advertisement that no honest router passes on ends the session', async () => {
  const own = advertised({ neighbours: [['f'.repeat(32), 1, 1]] })
  expect(await speakAs('south', [modern('south'), own])).toBe('amqp:invalid-field')
  const free = advertised({ neighbours: [['e'.repeat(32), 0, 1]] })
  expect(await speakAs('south', [modern('south'), free])).toBe('amqp:invalid-field')
})

test('a digest without end ends the session', async () => {
  const routers = Array.from({ length: 700 }, (_, at) => [at.toString(16).padStart(32, '0'), 1])
  const parts = Array.from({ length: 30 }, (_, part) => ({
    type: 'topology-digest',
    part,
    last: false,
    routers,
  }))
  expect(await speakAs('south', [modern('south'), ...parts])).toBe('amqp:resource-limit-exceeded')
})

test('nobody tells a router which clusters can be reached', async () => {
  const reach = { type: 'reach', last: true, clusters: ['north'] }
  expect(await speakAs('south', [hello('south'), reach])).toBe('amqp:unauthorized-access')
  const controller = await speakAs('east', [hello('east', 'controller'), reach], 'controller')
  expect(controller).toBe('amqp:unauthorized-access')
})

test('neither controllers nor routers speak of source ports', async () => {
  const sources = { type: 'sources', version: 1, upserts: [[32_768, 32_831, '242.0.0.1']], removes: [] }
  for (const message of [sources, { type: 'sources-applied', version: 0 }]) {
    expect(await speakAs('south', [modern('south'), message])).toBe('amqp:unauthorized-access')
    const replica = { ...modern('east'), id: 'e'.repeat(32) }
    expect(await speakAs('east', [replica, message])).toBe('amqp:unauthorized-access')
    const controller = await speakAs('east', [modern('east', 'controller'), message], 'controller')
    expect(controller).toBe('amqp:unauthorized-access')
  }
})

test('a router of our own cluster may relay our records, for it is a replica of us', async () => {
  const peer = scriptedPeer(await tlsSocket(east.network.port, await set.tlsDir('east')))
  peer.send({ ...hello('east'), id: 'another' })
  const sign = await signingAs(set, 'east')
  peer.send(messageOf(sign(stateOf('east', 1, 1, ['own']))))
  await eventually(() => east.network.directory.current().get('east')?.records.has('demo/own') === true)
})

test('our own controller may not speak for another cluster', async () => {
  const forged = origin('west', [record('forged')])
  const closed = await speakAs('east', [hello('east', 'controller'), forged], 'controller')
  expect(closed).toBe('amqp:unauthorized-access')
})

test('a record that breaks the schema ends the session', async () => {
  const bad = origin('south', [{ ...record('bad'), ports: [{ name: '', protocol: 'TCP', port: 70_000 }] }])
  expect(await speakAs('south', [hello('south'), bad])).toBe('amqp:invalid-field')
})

test('parts out of order end the session', async () => {
  const second = { ...origin('south', []), part: 1 }
  expect(await speakAs('south', [hello('south'), second])).toBe('amqp:not-allowed')
})

test('a message longer than a message may be ends the session', async () => {
  const long = { type: 'goodbye', reason: 'x'.repeat(70_000) }
  expect(await speakAs('south', [hello('south'), long])).toBe('amqp:connection:framing-error')
})

test('after all that the good link still carries records', async () => {
  const sign = await signingAs(set, 'north')
  const peer = scriptedPeer(await tlsSocket(east.network.port, await set.tlsDir('north')))
  peer.send(hello('north'))
  peer.send(messageOf(sign(stateOf('north', 1, 1, ['fine']))))
  await eventually(() => west.network.directory.current().get('north')?.records.has('demo/fine') === true)
})
