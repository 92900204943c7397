/**
 * What strangers can send to the redemption port, and what whoever answers there can send back. FAIRLEAD_FUZZ_SECONDS sets
 * how long.
 */
import { connect as connectTls } from 'node:tls'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { systemClock } from '../../../src/core/clock.ts'
import { silentLogger } from '../../../src/core/log.ts'
import { Snapshot } from '../../../src/core/snapshot.ts'
import { createRoot, issueLeaf } from '../../../src/pki/clusterset-root.ts'
import { newCode } from '../../../src/trust/join/invite-code.ts'
import { MAX_SOURCES } from '../../../src/trust/join/limits.ts'
import { RedemptionReader } from '../../../src/trust/join/redemption-message.ts'
import { RedemptionServer } from '../../../src/trust/join/redemption-server.ts'
import { SourceRate } from '../../../src/trust/join/source-rate.ts'
import { FUZZ_TIMEOUT_MS, fuzzFor } from '../../support/fuzz-budget.ts'

const PROPERTIES = 3

let server: RedemptionServer
/** Requests that were taken for good ones. */
let asked = 0

beforeAll(async () => {
  const root = await createRoot({ clusterset: 'home', days: 2 })
  const leaf = await issueLeaf(root, {
    clusterset: 'home',
    cluster: 'east',
    role: 'controller',
    dnsNames: ['x'],
  })
  server = new RedemptionServer(
    {
      credentials: new Snapshot({ certificate: leaf.certPem + root.certPem, key: leaf.keyPem }),
      redeem: async () => {
        asked += 1
        return { kind: 'unknown' }
      },
      turnedAway: () => {},
      clock: systemClock,
      log: silentLogger,
    },
    {
      host: '127.0.0.1',
      port: 0,
      rate: {
        source: { perSecond: 1e6, burst: 1e6 },
        total: { perSecond: 1e6, burst: 1e6 },
        maxSources: MAX_SOURCES,
      },
      times: { handshake: 2000, header: 500, request: 500 },
    },
  )
  await server.start()
})
afterAll(() => server?.stop())

/** Sends bytes over TLS, in pieces, and all that came back. */
function exchange(pieces: readonly Buffer[]): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    const socket = connectTls(
      { host: '127.0.0.1', port: server.port ?? 0, rejectUnauthorized: false },
      () => {
        for (const piece of pieces) socket.write(piece)
        socket.end()
      },
    )
    socket.setEncoding('utf8').on('data', (piece: string) => {
      text += piece
    })
    socket.on('error', () => {}).on('close', () => resolve(text))
  })
}

const BARE = /^(HTTP\/1\.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n)?$/

const fragment = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc
    .constantFrom(
      'POST /v1/join HTTP/1.1\r\n',
      'Host: x\r\n',
      'Content-Length: 5\r\n',
      'Content-Length: -1\r\n',
      'Transfer-Encoding: chunked\r\n',
      'Expect: 100-continue\r\n',
      'Connection: keep-alive\r\n',
      '\r\n',
      '5\r\nhello\r\n',
      '0\r\n\r\n',
      'ffffffffffff\r\n',
      '{"code":"',
      'X'.repeat(9000),
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    )
    .map((text) => Buffer.from(text)),
)

test(
  'whatever is sent over TLS gets the bare 404 or nothing, and the port goes on',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fragment, { maxLength: 10 }), async (pieces) => {
        const answer = (await exchange(pieces)).replace('HTTP/1.1 100 Continue\r\n\r\n', '')
        expect(answer).toMatch(BARE)
      }),
      fuzzFor(PROPERTIES),
    )
    const body = JSON.stringify({ code: newCode(), request: 'x' })
    const before = asked
    await exchange([
      Buffer.from(`POST /v1/join HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
    ])
    expect(asked).toBe(before + 1)
  },
  FUZZ_TIMEOUT_MS,
)

const reader = new RedemptionReader()

/** JSON that is nearly a message of ours. */
const almost = fc.record(
  {
    code: fc.oneof(fc.string(), fc.constant(newCode()), fc.integer()),
    request: fc.oneof(fc.string({ maxLength: 6000 }), fc.jsonValue()),
    certificate: fc.oneof(fc.string(), fc.jsonValue()),
    roots: fc.oneof(fc.array(fc.string(), { maxLength: 12 }), fc.jsonValue()),
    statement: fc.jsonValue(),
    founder: fc.oneof(fc.constant('east'), fc.string()),
    endpoints: fc.oneof(
      fc.array(fc.record({ host: fc.string(), port: fc.integer() }, { requiredKeys: [] })),
      fc.jsonValue(),
    ),
    cost: fc.oneof(fc.integer(), fc.double()),
    reason: fc.oneof(fc.constant('UsedUp'), fc.string()),
    message: fc.string({ maxLength: 2000 }),
    __proto__: fc.jsonValue(),
  },
  { requiredKeys: [] },
)

test(
  'a message is read as one that is in form and bounds, or not at all',
  () => {
    const bytes = fc.oneof(
      almost.map((value) => Buffer.from(JSON.stringify(value))),
      fc.uint8Array({ maxLength: 300 }).map((each) => Buffer.from(each)),
      fc.json().map((text) => Buffer.from(text)),
    )
    fc.assert(
      fc.property(bytes, (each) => {
        const request = reader.request(each)
        if (request !== undefined) {
          expect(request.code).toMatch(/^[A-Za-z0-9_-]{43}$/)
          expect(request.request.length).toBeLessThanOrEqual(4096)
          expect(Object.keys(request).sort()).toEqual(['code', 'request'])
        }
        const answer = reader.answer(each)
        if (answer !== undefined) expect(answer.endpoints.length).toBeLessThanOrEqual(16)
        const refusal = reader.refusal(each)
        if (refusal !== undefined) expect(refusal.message.length).toBeLessThanOrEqual(1024)
      }),
      fuzzFor(PROPERTIES),
    )
  },
  FUZZ_TIMEOUT_MS,
)

test(
  'no order of sources gets more connections than all may have together, and the table stays small',
  () => {
    const visit = fc.record({
      source: fc.nat({ max: 40 }).map((n) => (n % 2 === 0 ? `192.0.2.${n}` : `2001:db8:${n}::1`)),
      wait: fc.nat({ max: 300 }),
    })
    fc.assert(
      fc.property(fc.array(visit, { maxLength: 200 }), (visits) => {
        const total = { perSecond: 10, burst: 20 }
        const rate = new SourceRate({ source: { perSecond: 2, burst: 4 }, total, maxSources: 8 })
        let now = 0
        let taken = 0
        for (const { source, wait } of visits) {
          now += wait
          if (rate.take(source, now)) taken += 1
          expect(rate.size).toBeLessThanOrEqual(8)
        }
        expect(taken).toBeLessThanOrEqual(total.burst + (now / 1000) * total.perSecond)
      }),
      fuzzFor(PROPERTIES),
    )
  },
  FUZZ_TIMEOUT_MS,
)
