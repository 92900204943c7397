/** Forwarding to resolvers on real sockets: one of ours, a silent one, a closed port, and one that lies. */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { systemClock } from '../../../../src/core/clock.ts'
import { silentLogger } from '../../../../src/core/log.ts'
import { readQuery } from '../../../../src/dns/query-reader.ts'
import { Forwarder } from '../../../../src/lab/cluster-dns/forwarder.ts'
import { ZONE } from '../../../support/dns-fixture.ts'
import { CROWD, type RunningServer, startServer } from '../../../support/dns-server.ts'
import { decode, query } from '../../../support/dns-wire.ts'

const SVC1 = `SVC1.testns.svc.${ZONE}`
const forwarder = new Forwarder({ clock: systemClock, log: silentLogger })
let running: RunningServer
let good: { host: string; port: number }

beforeAll(async () => {
  running = await startServer()
  good = { host: running.host, port: running.port }
})
afterAll(() => running.server.stop())

async function ask(
  message: Buffer,
  upstreams: readonly { host: string; port: number }[],
  transport: 'udp' | 'tcp' = 'udp',
) {
  const result = readQuery(message)
  if (typeof result === 'string' || !('query' in result)) throw new Error('not a query')
  return await forwarder.ask(message, result.query.end, upstreams, transport)
}

test('the answer comes under the id of the client, with its question as it was', async () => {
  expect(decode(await ask(query(SVC1, { id: 77 }), [good]))).toMatchObject({
    id: 77,
    question: SVC1,
    answers: [{ address: '10.0.0.1' }],
  })
})

test('a truncated answer says so, and comes whole over TCP', async () => {
  const message = query(`crowd.testns.svc.${ZONE}`)
  expect(decode(await ask(message, [good])).tc).toBe(true)
  const whole = decode(await ask(message, [good], 'tcp'))
  expect([whole.tc, whole.answers.length]).toEqual([false, CROWD.length])
})

test('a silent upstream, a closed port and a liar are passed over', async () => {
  const silent = await listen(() => undefined)
  const liar = await listen((message) => {
    const forged = Buffer.from(message)
    forged.writeUInt16BE(forged.readUInt16BE(0) ^ 0xffff, 0)
    forged.writeUInt16BE(0x8180, 2)
    return forged
  })
  const closed = await listen(() => undefined)
  const addressOf = (socket: Socket) => ({ host: '127.0.0.1', port: socket.address().port })
  const upstreams = [addressOf(silent), addressOf(closed), addressOf(liar), good]
  closed.close()
  expect(decode(await ask(query(SVC1), upstreams))).toMatchObject({ answers: [{ address: '10.0.0.1' }] })
  silent.close()
  liar.close()
})

test('an upstream that loses the first query is asked again', async () => {
  let asked = 0
  const lossy = await listen((message) => {
    asked += 1
    if (asked === 1) return undefined
    const response = Buffer.from(message)
    response.writeUInt16BE(0x8400, 2)
    return response
  })
  const upstream = { host: '127.0.0.1', port: lossy.address().port }
  expect(decode(await ask(query(SVC1), [upstream])).question).toBe(SVC1)
  expect(asked).toBe(2)
  lossy.close()
})

test('without upstreams there is no answer', async () => {
  expect(await ask(query(SVC1), [])).toBeUndefined()
})

async function listen(answer: (message: Buffer) => Buffer | undefined): Promise<Socket> {
  const socket = createSocket('udp4')
  socket.on('message', (message, from) => {
    const response = answer(message)
    if (response !== undefined) socket.send(response, from.port, from.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return socket
}
