/** Sockets of the resolver: what clients do that they should not, and what it does at its end. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { systemClock } from '../../../src/core/clock.ts'
import { silentLogger } from '../../../src/core/log.ts'
import { createMetrics } from '../../../src/core/metrics.ts'
import { Snapshot } from '../../../src/core/snapshot.ts'
import { DnsServer } from '../../../src/dns/dns-server.ts'
import { DnsListenError } from '../../../src/dns/errors.ts'
import { TCP_MAX_CONNECTIONS, TCP_MAX_PER_SOURCE } from '../../../src/dns/limits.ts'
import { ZONE } from '../../support/dns-fixture.ts'
import { type RunningServer, startServer, TcpClient } from '../../support/dns-server.ts'
import { decode, query } from '../../support/dns-wire.ts'
import { eventually } from '../../support/eventually.ts'

const SVC1 = `svc1.testns.svc.${ZONE}`
let running: RunningServer

beforeEach(async () => {
  running = await startServer()
})
afterEach(() => running.server.stop())

describe('TCP', () => {
  test('answers many queries on one connection, also after the client closed its side', async () => {
    const client = new TcpClient(running.host, running.port)
    const ids = Array.from({ length: 500 }, (_, id) => id)
    client.send(...ids.map((id) => query(SVC1, { id })))
    client.socket.end()
    const answered = await Promise.all(ids.map(async () => decode(await client.next()).id))
    expect(answered).toEqual(ids)
    await client.closed
  })

  test('takes a query in pieces of one octet', async () => {
    const client = new TcpClient(running.host, running.port)
    client.socket.setNoDelay(true)
    const message = query(SVC1)
    for (const octet of [0, message.length, ...message]) client.socket.write(Buffer.from([octet]))
    expect(decode(await client.next()).answers).toHaveLength(1)
    client.socket.destroy()
  })

  test.each([
    ['a length shorter than a header', [0, 5, 1, 2, 3, 4, 5]],
    ['a length no query has', [255, 255]],
  ])('closes on %s', async (_name, octets) => {
    const client = new TcpClient(running.host, running.port)
    client.socket.write(Buffer.from(octets))
    await client.closed
  })

  test('a client that does not read its answers stops being read', async () => {
    const client = new TcpClient(running.host, running.port)
    client.socket.pause()
    const flood = Array.from({ length: 200 }, () => query(`crowd.testns.svc.${ZONE}`))
    const total = 40
    for (let round = 0; round < total; round++) client.send(...flood)
    const other = new TcpClient(running.host, running.port)
    other.send(query(SVC1))
    expect(decode(await other.next()).answers).toHaveLength(1)
    client.socket.resume()
    for (let left = total * flood.length; left > 0; left--) await client.next()
    client.socket.destroy()
    other.socket.destroy()
  })

  test('has a bound on connections, and UDP goes on beyond it', async () => {
    const share = TCP_MAX_PER_SOURCE / 2
    const clients = Array.from(
      { length: TCP_MAX_CONNECTIONS + 5 },
      (_, at) => new TcpClient(running.host, running.port, `127.0.0.${2 + Math.floor(at / share)}`),
    )
    await Promise.race(clients.map((client) => client.closed))
    expect(await askUdp(query(SVC1))).toMatchObject({ answers: [{ address: '10.0.0.1' }] })
    expect(await running.metrics.text()).toMatch(/fairlead_dns_tcp_turned_away_total\{bound="all"\} [1-5]\n/)
    for (const client of clients) client.socket.destroy()
  })

  test('has a bound on the connections of one source, and others get theirs beyond it', async () => {
    const clients = Array.from(
      { length: TCP_MAX_PER_SOURCE },
      () => new TcpClient(running.host, running.port),
    )
    for (const client of clients) client.send(query(SVC1))
    for (const client of clients) await client.next()
    await new TcpClient(running.host, running.port).closed
    expect(await running.metrics.text()).toContain('fairlead_dns_tcp_turned_away_total{bound="source"} 1\n')
    const other = new TcpClient(running.host, running.port, '127.0.0.2')
    other.send(query(SVC1))
    expect(decode(await other.next()).answers).toHaveLength(1)
    for (const client of [...clients, other]) client.socket.destroy()
    await eventually(async () => {
      const late = new TcpClient(running.host, running.port)
      late.send(query(SVC1))
      const answered = late.next().then(() => true)
      expect(await Promise.race([answered, late.closed.then(() => false)])).toBe(true)
      late.socket.destroy()
    })
  })

  test('open connections do not keep it from stopping', async () => {
    const client = new TcpClient(running.host, running.port)
    client.send(query(SVC1))
    await client.next()
    await running.server.stop()
    await client.closed
  })
})

describe('UDP', () => {
  test('a changed snapshot is served at once', async () => {
    expect(await askUdp(query(SVC1))).toMatchObject({ rcode: 0 })
    running.snapshots.set({ ...running.snapshots.current(), services: new Map() })
    expect(await askUdp(query(SVC1))).toMatchObject({ rcode: 3 })
  })

  test('garbage is survived', async () => {
    const socket = createSocket('udp4')
    for (let size = 0; size < 60; size++) socket.send(Buffer.alloc(size, size), running.port, running.host)
    expect(await askUdp(query(SVC1))).toMatchObject({ rcode: 0 })
    socket.close()
  })
})

test('IPv6 is served', async () => {
  const six = await startServer('::1')
  try {
    const client = new TcpClient(six.host, six.port)
    client.send(query(SVC1))
    expect(decode(await client.next()).answers).toHaveLength(1)
    client.socket.destroy()
  } finally {
    await six.server.stop()
  }
})

test('an address that is taken is an error that says so, and leaves nothing open', async () => {
  const second = new DnsServer(
    { zones: new Snapshot([]), clock: systemClock, log: silentLogger, metrics: createMetrics() },
    { host: running.host, port: running.port },
  )
  await expect(second.start()).rejects.toThrow(DnsListenError)
  await second.stop()
})

async function askUdp(message: Buffer) {
  const socket = createSocket('udp4')
  socket.send(message, running.port, running.host)
  const [response] = (await once(socket, 'message')) as [Buffer]
  socket.close()
  return decode(response)
}
