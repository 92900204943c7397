/** The redemption port against those who come slowly, too often, or while the API is away. */
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { afterEach, expect, test } from '@jest/globals'
import { newCode } from '../../../src/trust/join/invite-code.ts'
import { eventually } from '../../support/eventually.ts'
import { FoundingCluster, post, redeem, requestFor } from '../../support/join-world.ts'
import { sample } from '../../support/network.ts'

let east: FoundingCluster | undefined
afterEach(async () => {
  await east?.[Symbol.asyncDispose]()
  east = undefined
})

/** A TLS connection that sends `start` and then a byte now and then; resolves when it was closed. */
function trickle(port: number, start: string): { socket: TLSSocket; closed: Promise<void> } {
  const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => socket.write(start))
  const timer = setInterval(() => socket.write('x'), 20)
  const closed = new Promise<void>((resolve) => {
    socket
      .on('error', () => {})
      .on('close', () => {
        clearInterval(timer)
        resolve()
      })
  })
  socket.resume()
  return { socket, closed }
}

test('who sends header or body a byte at a time is cut off, and others are served meanwhile', async () => {
  const times = { handshake: 300, header: 300, request: 600 }
  east = await FoundingCluster.start(1, { times })
  const head = 'POST /v1/join HTTP/1.1\r\nHost: x\r\n'
  const slow = [
    trickle(east.port(), `${head}X-Slow: `),
    trickle(east.port(), `${head}Content-Length: 4000\r\n\r\n`),
    trickle(east.port(), ''),
  ]
  const code = await east.invite('quick')
  expect((await redeem(east.port(), code, await requestFor('quick'))).status).toBe(200)
  await Promise.all(slow.map(({ closed }) => closed))
})

test('a source that comes too often is turned away before TLS', async () => {
  const none = { perSecond: 0, burst: 1000 }
  east = await FoundingCluster.start(1, {
    rate: { source: { perSecond: 0, burst: 3 }, total: none, maxSources: 4 },
  })
  for (let time = 0; time < 3; time++) expect((await post(east.port(), '{}')).status).toBe(404)
  await expect(post(east.port(), '{}')).rejects.toThrow(/socket|ECONNRESET|disconnected/)
  const { metrics } = east
  await eventually(async () =>
    expect(await sample(metrics, 'fairlead_redemptions_total{outcome="rate"}')).toBe(1),
  )
})

/** All that one connection is answered. */
function answersTo(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    let answers = ''
    const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false }, () =>
      socket.write(text),
    )
    socket
      .setEncoding('utf8')
      .on('data', (piece: string) => {
        answers += piece
      })
      .on('error', () => {})
      .on('close', () => resolve(answers))
  })
}

const asText = (body: string) => `POST /v1/join HTTP/1.1\r\nContent-Length: ${body.length}\r\n\r\n${body}`

test('one connection is one request: codes cannot be tried by many that are sent together', async () => {
  east = await FoundingCluster.start()
  const code = await east.invite('first')
  const request = await requestFor('first')
  const wrong = asText(JSON.stringify({ code: newCode(), request }))
  expect(await answersTo(east.port(), wrong + wrong)).toMatch(/^HTTP\/1\.1 404 .*\r\n\r\n$/s)
  expect(await sample(east.metrics, 'fairlead_redemptions_total{outcome="unknown"}')).toBe(1)
  expect((await redeem(east.port(), code, request)).status).toBe(200)
})

test('what follows a request changes nothing about its one answer', async () => {
  east = await FoundingCluster.start()
  const code = await east.invite('first')
  const right = asText(JSON.stringify({ code, request: await requestFor('first') }))
  for (const rest of ['POST /v1/join HTTP/1.1\r\n', 'nonsense\r\n\r\n']) {
    const answers = await answersTo(east.port(), right + rest)
    expect([rest, answers.match(/HTTP\/1\.1 \d+/g)]).toEqual([rest, ['HTTP/1.1 200']])
    expect(JSON.parse(answers.split('\r\n\r\n')[1] ?? '')).toHaveProperty('certificate')
    expect(await answersTo(east.port(), `POST /v1/join HTTP/1.1\r\n\r\n${rest}`)).toBe(
      'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
    )
  }
})

test('an invite cannot be used while the API is away, and can be afterwards', async () => {
  const founding = await FoundingCluster.start()
  east = founding
  const code = await founding.invite('patient')
  const request = await requestFor('patient')
  await founding.awayDuring(async () => {
    expect((await redeem(founding.port(), code, request)).status).toBe(503)
  })
  expect((await redeem(founding.port(), code, request)).status).toBe(200)
})
