/** The WebSocket port against everybody who should not be there: each is refused and counted, a good link stays up. */
import { once } from 'node:events'
import { connect as tlsConnect } from 'node:tls'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { WebSocket } from 'ws'
import { Alpn } from '../../../src/api/names.ts'
import { CredentialFolder } from '../../../src/link/credential-folder.ts'
import { MAX_WEB_SOCKET_MESSAGE } from '../../../src/link/limits.ts'
import { WebSocketStream } from '../../../src/link/web-socket-stream.ts'
import { createAuthority } from '../../../src/pki/certificates.ts'
import { TestClusterset, uriOf } from '../../support/clusterset.ts'
import { eventually } from '../../support/eventually.ts'
import { sample, startNetwork, type TestNetwork } from '../../support/network.ts'
import { gone, plainSocket } from '../../support/stranger.ts'

let set: TestClusterset
let east: TestNetwork
let west: TestNetwork
let port: number

beforeAll(async () => {
  set = await TestClusterset.create()
  east = await startNetwork({ tlsDir: await set.tlsDir('east'), webSocketPort: 0 })
  port = east.network.webSocketPort ?? 0
  const endpoints = [{ host: '127.0.0.1', port, transport: 'wss' as const }]
  west = await startNetwork({
    tlsDir: await set.tlsDir('west'),
    links: [{ name: 'east', cost: 1, endpoints }],
  })
  await eventually(() => since() !== undefined)
})

afterAll(async () => {
  await west.network.stop()
  await east.network.stop()
  await set[Symbol.asyncDispose]()
})

const since = () => {
  const state = west.network.linkStatus.current()[0]?.state
  return state?.kind === 'established' ? state.since : undefined
}
const refused = (reason: string) => sample(east.metrics, `fairlead_link_refused_total{reason="${reason}"}`)

/** Runs `intrude`, then expects one more refusal of the kind, nothing left half open, and the good link untouched. */
async function expectRefusal(reason: string, intrude: () => Promise<unknown>): Promise<void> {
  const before = await refused(reason)
  const established = since()
  await intrude()
  await eventually(async () => expect(await refused(reason)).toBe(before + 1))
  await eventually(async () => expect(await sample(east.metrics, 'fairlead_link_upgrades')).toBe(0))
  await eventually(async () => expect(await sample(east.metrics, 'fairlead_link_handshakes')).toBe(0))
  expect(since()).toBe(established)
}

/** The status that an upgrade was answered with, or why it failed. */
async function refusedUpgrade(path: string, protocols: readonly string[]): Promise<unknown> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols)
  return await new Promise((resolve) => {
    socket.on('error', resolve)
    socket.once('unexpected-response', (request, response) => {
      resolve(response.statusCode)
      request.destroy()
    })
  })
}

async function opened(): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/amqp`, ['amqp'])
  socket.on('error', () => {})
  await once(socket, 'open')
  return socket
}

async function closed(socket: WebSocket): Promise<number> {
  const [code] = (await once(socket, 'close')) as [number]
  return code
}

test('an upgrade without our subprotocol is refused', async () => {
  await expectRefusal('upgrade', async () => expect(await refusedUpgrade('/amqp', ['mqtt'])).toBe(400))
  await expectRefusal('upgrade', async () => expect(await refusedUpgrade('/amqp', [])).toBe(400))
})

test('an upgrade at another path is refused', async () => {
  await expectRefusal('upgrade', async () => expect(await refusedUpgrade('/metrics', ['amqp'])).toBe(404))
})

test('an ordinary request is told to upgrade, and a health check is answered', async () => {
  const status = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status
  expect([await status('/'), await status('/healthz')]).toEqual([426, 200])
})

test('bytes that are neither HTTP nor TLS are refused', async () => {
  await expectRefusal('upgrade', async () => {
    const socket = await plainSocket(port)
    socket.resume().write('AMQP\u0000\u0001\u0000\u0000')
    await gone(socket)
  })
})

test('endless headers are refused', async () => {
  await expectRefusal('upgrade', async () => {
    const socket = await plainSocket(port)
    socket.resume().write(`GET /amqp HTTP/1.1\r\nX: ${'x'.repeat(64 * 1024)}`)
    await gone(socket)
  })
})

test('a connection that never says anything is given up', async () => {
  await expectRefusal('timeout', async () => gone((await plainSocket(port)).resume()))
})

test('an upgrade that trickles in is given up', async () => {
  const before = (await refused('timeout')) + (await refused('upgrade'))
  const socket = await plainSocket(port)
  socket.resume().write('GET /amqp HTTP/1.1\r\nHost: ea')
  await gone(socket)
  await eventually(async () => {
    expect((await refused('timeout')) + (await refused('upgrade'))).toBe(before + 1)
  })
})

test('a WebSocket in which no TLS begins is given up', async () => {
  await expectRefusal('timeout', async () => closed(await opened()))
})

test('a text frame ends the WebSocket', async () => {
  await expectRefusal('handshake', async () => {
    const socket = await opened()
    socket.send('hello', { binary: false, compress: false }, () => {})
    await closed(socket)
  })
})

test('a frame that is too large ends the WebSocket before it is read', async () => {
  await expectRefusal('handshake', async () => {
    const socket = await opened()
    socket.send(Buffer.alloc(MAX_WEB_SOCKET_MESSAGE + 1), { binary: true, compress: false }, () => {})
    expect([1006, 1009]).toContain(await closed(socket))
  })
})

/** TLS inside of a WebSocket with the certificate of a folder. */
async function tlsInside(dir: string, protocol: string = Alpn.control): Promise<void> {
  const { certificate, key } = await new CredentialFolder(dir).read()
  const socket = tlsConnect({
    socket: new WebSocketStream(await opened()),
    rejectUnauthorized: false,
    ALPNProtocols: [protocol],
    cert: certificate,
    key,
  })
  await gone(socket.on('error', () => {}).resume())
}

test("a stranger's certificate inside the WebSocket is refused", async () => {
  const other = await createAuthority({ commonName: 'other root', days: 1 })
  const dir = await set.folder({ uris: [uriOf('south', 'router')] }, other)
  await expectRefusal('untrusted', () => tlsInside(dir))
})

test('a controller may not open a data connection inside a WebSocket', async () => {
  const dir = await set.tlsDir('east', 'controller')
  await expectRefusal('role', () => tlsInside(dir, Alpn.data))
})
