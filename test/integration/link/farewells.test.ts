/** What revoked peers are told, over real TLS, by whom it is believed, and what it is not good for. */
import { createServer, type Server } from 'node:tls'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { systemClock } from '../../../src/core/clock.ts'
import { silentLogger } from '../../../src/core/log.ts'
import { ControlSession } from '../../../src/link/control-session.ts'
import { CredentialFolder } from '../../../src/link/credential-folder.ts'
import { Condition, LinkLostError } from '../../../src/link/errors.ts'
import { MessageCodec } from '../../../src/link/message-codec.ts'
import { type Hello, PROTOCOL } from '../../../src/link/messages.ts'
import { serverOptions } from '../../../src/link/tls-options.ts'
import { createAuthority, type KeyPair } from '../../../src/pki/certificates.ts'
import { type SignedStatement, signStatement } from '../../../src/pki/trust-statement.ts'
import { TestClusterset } from '../../support/clusterset.ts'
import { eventually } from '../../support/eventually.ts'
import { linkTo, sample, startNetwork, stateOf, type TestNetwork } from '../../support/network.ts'
import { credentialsIn, messageOf, signingWith } from '../../support/signed-origins.ts'
import { gone, scriptedPeer, tlsSocket } from '../../support/stranger.ts'

const heartbeat = { intervalMs: 1000, deadMs: 3000 } as const

let set: TestClusterset
let stranger: KeyPair

beforeAll(async () => {
  set = await TestClusterset.create()
  stranger = await createAuthority({ commonName: 'test root', days: 1 })
})

afterAll(() => set[Symbol.asyncDispose]())

const helloOf = (cluster: string): Hello => ({
  type: 'hello',
  id: `${cluster}-liar`,
  cluster,
  role: 'router',
  version: 'test',
  protocol: PROTOCOL,
})

const linkOf = ({ network }: TestNetwork) => network.linkStatus.current()[0]?.state
const west = () => [{ cluster: 'west', at: Date.now() + 60_000 }]
const roots = () => [set.root.certPem]

/** A member that tells whoever dials it that it was revoked. */
async function serveLies(statement: SignedStatement | undefined) {
  const tls = await credentialsIn(await set.tlsDir('east'))
  let dialled = 0
  const options = serverOptions({ ...tls, certificate: tls.certificate, key: tls.key })
  const server: Server = createServer(options, (socket) => {
    dialled += 1
    const peer = { clusterset: 'test-set', cluster: 'west', role: 'router' } as const
    const refuse = () =>
      session.fail(new LinkLostError('cluster west was revoked by trust statement 9'), Condition.revoked)
    const session = new ControlSession(
      { clock: systemClock, codec: new MessageCodec(), logger: silentLogger },
      { side: 'acceptor', hello: helloOf('east'), heartbeat, peer },
      {
        onReady: () =>
          statement === undefined ? refuse() : session.send({ type: 'trust', ...statement }, refuse),
        onMessage: () => {},
        onWritable: () => {},
        onRoundTrip: () => {},
        onClosed: () => {},
      },
      socket.on('error', () => {}),
    )
  })
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return {
    port,
    dialled: () => dialled,
    [Symbol.asyncDispose]: async () => void server.close(),
  }
}

test.each([
  ['the mere word', () => undefined],
  [
    'a statement of another root',
    () => signStatement({ clusterset: 'test-set', version: 9, roots: roots(), revoked: west() }, [stranger]),
  ],
  [
    'a statement of another clusterset',
    () => signStatement({ clusterset: 'other', version: 9, roots: roots(), revoked: west() }, [set.root]),
  ],
  [
    'a changed statement',
    () => ({ ...set.statement(9, west()), statement: set.statement(8, west()).statement }),
  ],
])(
  'by %s of a member no healthy cluster gives up',
  async (_what, statement) => {
    await using liar = await serveLies(statement())
    const tlsDir = await set.memberDir('west', await set.authority('west'))
    const healthy = await startNetwork({ tlsDir, links: [linkTo('east', liar.port)] })
    const states = new Set<string>()
    healthy.network.linkStatus.subscribe((links) => links.forEach(({ state }) => void states.add(state.kind)))
    await eventually(() => expect(liar.dialled()).toBeGreaterThan(6), { within: 30_000 })
    expect(states).toEqual(new Set(['dialling', 'waiting']))
    expect(JSON.stringify(linkOf(healthy))).toContain('fairlead:revoked')
    await healthy.network.stop()
  },
  60_000,
)

test('a revoked peer that goes on as if nothing was is not heard', async () => {
  const eastDir = await set.memberDir('east', await set.authority('east'))
  await new CredentialFolder(eastDir).keepTrust(
    JSON.stringify(set.statement(1, [{ cluster: 'west', at: Date.now() }])),
  )
  const east = await startNetwork({ tlsDir: eastDir })
  const westDir = await set.tlsDir('west')
  const sign = await signingWith(westDir)
  const socket = await tlsSocket(east.network.port, westDir)
  const peer = scriptedPeer(socket)
  peer.send(helloOf('west'))
  peer.send({ type: 'directory-digest', last: true, origins: [] })
  peer.send(messageOf(sign(stateOf('west', 1, 1, ['web']))))
  expect(await peer.closed).toBe('fairlead:revoked')
  await gone(socket)
  expect([...east.network.directory.current().keys()]).toEqual([])
  expect(await sample(east.metrics, 'fairlead_link_refused_total{reason="revoked"}')).toBe(1)
  expect(await sample(east.metrics, 'fairlead_link_sessions')).toBe(0)
  await east.network.stop()
}, 30_000)
