/** The redemption port against everybody who may come to it: who is let in, who is told why not, and who learns nothing. */
import { connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { SYSTEM_NAMESPACE } from '../../../src/api/names.ts'
import { Resource } from '../../../src/api/resources.ts'
import { newCode } from '../../../src/trust/join/invite-code.ts'
import { MAX_CONNECTIONS } from '../../../src/trust/join/limits.ts'
import { eventually } from '../../support/eventually.ts'
import { FoundingCluster, type PortReply, post, redeem, requestFor } from '../../support/join-world.ts'
import { sample } from '../../support/network.ts'

const MINUTE_MS = 60_000

let east: FoundingCluster
beforeAll(async () => {
  east = await FoundingCluster.start(2)
}, 30_000)
afterAll(() => east?.[Symbol.asyncDispose]())

const outcomes = (outcome: string) => sample(east.metrics, `fairlead_redemptions_total{outcome="${outcome}"}`)

test('who has the code becomes a member, and the invite says so', async () => {
  const code = await east.invite('good', { cost: 7 })
  const { status, value } = await redeem(east.port(), code, await requestFor('good'))
  expect(status).toBe(200)
  expect(value).toMatchObject({
    certificate: expect.stringContaining('BEGIN CERTIFICATE'),
    roots: [east.root.certPem],
    founder: 'east',
    endpoints: [{ host: 'east.example', port: 5671 }],
    cost: 7,
  })
  expect(await east.members()).toContain('good')
  await eventually(async () =>
    expect((await east.status('good')).conditions).toMatchObject([
      { type: 'Ready', status: 'False', reason: 'UsedUp' },
      { type: 'Redeemed', status: 'True', message: 'by good' },
    ]),
  )
  expect(east.events).toContainEqual(expect.objectContaining({ about: 'good', reason: 'Redeemed' }))
})

test('a used invite is out of the Secret, and its code was never in the Invite', async () => {
  const code = await east.invite('hidden')
  const invite = await east.api.client.get(Resource.invite, { namespace: SYSTEM_NAMESPACE, name: 'hidden' })
  expect(JSON.stringify(invite)).not.toContain(code)
  await redeem(east.port(), code, await requestFor('hidden'))
  const ref = { namespace: SYSTEM_NAMESPACE, name: 'fairlead-invites' }
  await eventually(async () =>
    expect(
      Object.keys((await east.api.client.get<never>(Resource.secret, ref))?.['data'] ?? {}),
    ).not.toContain('hidden'),
  )
})

test('whoever lost the answer gets the same one with the same key, and is counted once', async () => {
  const code = await east.invite('lost')
  const request = await requestFor('lost')
  const first = await redeem(east.port(), code, request)
  const again = await redeem(east.port(1), code, request)
  expect(again).toEqual(first)
  expect((await east.status('lost')).redeemed).toBe(1)
})

/** Somebody who knows the code and is not let in: what is prepared, and who comes. */
const REFUSED: readonly (readonly [
  what: string,
  reason: string,
  come: () => Promise<{ status: number; value: object }>,
])[] = [
  [
    'a code that another cluster used',
    'UsedUp',
    async () => {
      const code = await east.invite('used')
      await redeem(east.port(), code, await requestFor('used-one'))
      return redeem(east.port(), code, await requestFor('used-two'))
    },
  ],
  [
    'a code that was replayed with another key',
    'UsedUp',
    async () => {
      const code = await east.invite('replayed')
      await redeem(east.port(), code, await requestFor('replayed'))
      return redeem(east.port(), code, await requestFor('replayed'))
    },
  ],
  [
    'an expired code',
    'Expired',
    async () => {
      const code = await east.invite('expired', { ttl: '1m' })
      east.clock.move(MINUTE_MS)
      return redeem(east.port(), code, await requestFor('expired'))
    },
  ],
  [
    'an expired code of somebody who was let in before',
    'Expired',
    async () => {
      const code = await east.invite('late', { ttl: '1m' })
      const request = await requestFor('late')
      await redeem(east.port(), code, request)
      east.clock.move(MINUTE_MS)
      return redeem(east.port(), code, request)
    },
  ],
  [
    'a code for another cluster',
    'OtherCluster',
    async () =>
      redeem(east.port(), await east.invite('named', { clusterId: 'west' }), await requestFor('north')),
  ],
  [
    'a request for another clusterset',
    'OtherClusterset',
    async () => redeem(east.port(), await east.invite('elsewhere'), await requestFor('west', 'other')),
  ],
  [
    'the id of the founder',
    'ClusterIdTaken',
    async () => redeem(east.port(), await east.invite('own'), await requestFor('east')),
  ],
  [
    'the id of a member',
    'ClusterIdTaken',
    async () => {
      await redeem(east.port(), await east.invite('first'), await requestFor('twice'))
      return redeem(east.port(), await east.invite('second'), await requestFor('twice'))
    },
  ],
  [
    'a request that is none',
    'BadRequest',
    async () => redeem(east.port(), await east.invite('broken'), 'let me in'),
  ],
  [
    'a request that names no cluster',
    'BadRequest',
    async () =>
      redeem(
        east.port(),
        await east.invite('nameless'),
        '-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n',
      ),
  ],
]

test.each(REFUSED)('%s is told: %s', async (_what, reason, come) => {
  const before = await outcomes(reason)
  const { status, value } = await come()
  expect({ status, value }).toMatchObject({ status: 403, value: { reason } })
  expect(await outcomes(reason)).toBe(before + 1)
  expect(east.events).toContainEqual(expect.objectContaining({ type: 'Warning', reason }))
})

test('an invite that somebody could not use stays good', async () => {
  const code = await east.invite('still-good')
  expect((await redeem(east.port(), code, await requestFor('east'))).status).toBe(403)
  expect((await redeem(east.port(), code, await requestFor('still-good'))).status).toBe(200)
})

test('of many that come at once with one code exactly one is let in, whichever replica they come to', async () => {
  const code = await east.invite('raced')
  const requests = await Promise.all(Array.from({ length: 8 }, (_, n) => requestFor(`raced-${n}`)))
  const answers = await Promise.all(requests.map((each, n) => redeem(east.port(n % 2), code, each)))
  expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(7).fill(403)])
  expect((await east.status('raced')).redeemed).toBe(1)
  expect((await east.members()).filter((cluster) => cluster.startsWith('raced-'))).toHaveLength(1)
})

test('an invite for three lets in three of eight that come at once', async () => {
  const code = await east.invite('three', { redemptions: 3 })
  const requests = await Promise.all(Array.from({ length: 8 }, (_, n) => requestFor(`three-${n}`)))
  const answers = await Promise.all(requests.map((each, n) => redeem(east.port(n % 2), code, each)))
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(3)
  expect((await east.members()).filter((cluster) => cluster.startsWith('three-'))).toHaveLength(3)
})

test('of two invites that bring one id at once, one does, and the other stays good for another id', async () => {
  const codes = [await east.invite('twin-a'), await east.invite('twin-b')]
  const requests = await Promise.all(codes.map(() => requestFor('twin')))
  const answers = await Promise.all(codes.map((code, n) => redeem(east.port(n), code, requests[n] ?? '')))
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 403])
  const loser = codes[answers.findIndex(({ status }) => status === 403)] ?? ''
  expect((await redeem(east.port(), loser, await requestFor('not-twin'))).status).toBe(200)
})

test('a revoked cluster comes back by a new invite, and not by an old one', async () => {
  const old = await east.invite('old', { redemptions: 2 })
  const request = await requestFor('shady')
  expect((await redeem(east.port(), old, request)).status).toBe(200)
  await east.revoke({ cluster: 'shady', at: new Date(east.clock.now()).toISOString() })
  for (const again of [request, await requestFor('shady')])
    expect(await redeem(east.port(), old, again)).toMatchObject({ status: 403, value: { reason: 'Revoked' } })
  const fresh = await east.invite('fresh')
  expect((await redeem(east.port(), fresh, await requestFor('shady'))).status).toBe(200)
  await east.revoke()
})

/** Requests of people who know no code. Each must be answered like the first. */
const STRANGERS: readonly (readonly [what: string, ask: () => Promise<PortReply>])[] = [
  [
    'a wrong code',
    async () => post(east.port(), JSON.stringify({ code: newCode(), request: await requestFor('x') })),
  ],
  ['a code of another form', () => post(east.port(), JSON.stringify({ code: 'x', request: 'x' }))],
  ['no JSON', () => post(east.port(), 'code=x')],
  ['nothing', () => post(east.port(), '')],
  ['JSON of another shape', () => post(east.port(), '[[[[]]]]')],
  [
    'a request that is too long',
    () => post(east.port(), JSON.stringify({ code: newCode(), request: 'x'.repeat(6000) })),
  ],
  ['GET', () => post(east.port(), '', { method: 'GET' })],
  ['another path', () => post(east.port(), '{}', { path: '/v1/join/' })],
  ['the root', () => post(east.port(), '', { path: '/', method: 'GET' })],
  ['metrics', () => post(east.port(), '', { path: '/metrics', method: 'GET' })],
  ['OPTIONS', () => post(east.port(), '', { method: 'OPTIONS', path: '*' })],
]

test.each(STRANGERS)('%s gets the bare 404 that everybody gets', async (_what, ask) => {
  expect(await ask()).toEqual({
    status: 404,
    headers: ['Content-Length', '0', 'Connection', 'close'],
    body: '',
  })
})

/** Sends bytes over TLS as they are; all that came back until the other side closed. */
function raw(bytes: string, port = east.port()): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false }, () =>
      socket.write(bytes),
    )
    socket.setEncoding('utf8').on('data', (piece: string) => {
      text += piece
    })
    socket.on('error', () => {}).on('close', () => resolve(text))
  })
}

const BARE = 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'

test.each([
  ['what is no HTTP', '\x00\x01\x02 nonsense\r\n\r\n'],
  ['an older HTTP verb', 'CONNECT east:1 HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['an upgrade', 'GET /v1/join HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'],
  ['no Host', 'POST /v1/join HTTP/1.1\r\n\r\n'],
  ['a header without an end', `POST /v1/join HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(9000)}`],
  ['two lengths', 'POST /v1/join HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx'],
])('%s gets it too', async (_what, bytes) => {
  expect(await raw(bytes)).toBe(BARE)
})

test('a body that is longer than announced bounds is not read', async () => {
  const head = 'POST /v1/join HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n'
  expect(await raw(`${head}4000\r\n${'x'.repeat(0x4000)}\r\n0\r\n\r\n`)).toBe(BARE)
})

test('TLS 1.2 is refused, and no client certificate asked for', async () => {
  const old = connectTls({
    host: '127.0.0.1',
    port: east.port(),
    rejectUnauthorized: false,
    maxVersion: 'TLSv1.2',
  })
  await expect(new Promise((_, reject) => old.once('error', reject))).rejects.toThrow(/version|protocol/i)
  const modern = connectTls({ host: '127.0.0.1', port: east.port(), rejectUnauthorized: false })
  await new Promise<void>((resolve) => modern.once('secureConnect', () => resolve()))
  expect(modern.getProtocol()).toBe('TLSv1.3')
  modern.destroy()
})

test('connections that are opened and never say a word do not keep anybody out', async () => {
  const idle = Array.from({ length: MAX_CONNECTIONS + 16 }, () => {
    const socket = connectTcp({ host: '127.0.0.1', port: east.port() })
    return socket.on('error', () => {})
  })
  await Promise.all(idle.map((socket) => new Promise((resolve) => socket.once('connect', resolve))))
  const code = await east.invite('crowded')
  expect((await redeem(east.port(), code, await requestFor('crowded'))).status).toBe(200)
  await eventually(async () => expect(await outcomes('crowded')).toBeGreaterThanOrEqual(16))
  for (const socket of idle) socket.destroy()
})

test('nothing of a code is in what is told of it', async () => {
  const code = await east.invite('told')
  await redeem(east.port(), code, await requestFor('told'))
  const told = JSON.stringify([east.events, await east.metrics.text(), await east.status('told')])
  expect(told).toContain('told')
  expect(told).not.toContain(code)
})
