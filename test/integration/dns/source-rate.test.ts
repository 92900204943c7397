/** A source over its rate, on real sockets: told to come by TCP, answered there, and no trouble to others. */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { ZONE } from '../../support/dns-fixture.ts'
import { type RunningServer, startServer, TcpClient } from '../../support/dns-server.ts'
import { type Decoded, decode, query } from '../../support/dns-wire.ts'
import { eventually } from '../../support/eventually.ts'

const SVC1 = `svc1.testns.svc.${ZONE}`
/** So slow that a test sees no second message pass. */
const RATE = 1
const FLOOD = 40

let running: RunningServer

beforeEach(async () => {
  running = await startServer('127.0.0.1', RATE)
})
afterEach(() => running.server.stop())

test('over the rate UDP answers say TC, TCP answers, and other sources do not notice', async () => {
  const answers: Decoded[] = []
  const flooder = await from('127.0.0.2')
  flooder.on('message', (message) => answers.push(decode(message)))
  for (let id = 0; id < FLOOD; id++) flooder.send(query(SVC1, { id }), running.port, running.host)
  await eventually(async () => expect(answers.filter(({ tc }) => tc).length).toBeGreaterThan(FLOOD / 4))
  for (const answer of answers) expect(answer.answers).toHaveLength(answer.tc ? 0 : 1)

  const tcp = new TcpClient(running.host, running.port, '127.0.0.2')
  tcp.send(query(SVC1))
  expect(decode(await tcp.next())).toMatchObject({ tc: false, answers: [{ address: '10.0.0.1' }] })
  tcp.socket.destroy()

  const other = await from('127.0.0.3')
  other.send(query(SVC1), running.port, running.host)
  const [message] = (await once(other, 'message')) as [Buffer]
  expect(decode(message)).toMatchObject({ tc: false, answers: [{ address: '10.0.0.1' }] })
  await eventually(async () => {
    const text = await running.metrics.text()
    expect(text).toMatch(/fairlead_dns_limited_total\{outcome="dropped"\} \d+/)
    expect(text).toMatch(/fairlead_dns_limited_total\{outcome="truncated"\} \d+/)
    expect(text).toContain('fairlead_dns_sources 2\n')
  })
  flooder.close()
  other.close()
})

/** A socket of another address of loopback. */
async function from(address: string): Promise<Socket> {
  const socket = createSocket('udp4')
  socket.bind(0, address)
  await once(socket, 'listening')
  return socket
}
