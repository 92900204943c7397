/** What a backend is told of its client, and what the records of a flow tell; on real sockets. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { RouteSnapshot } from '../../../src/api/route-snapshot.ts'
import { ProxyProtocol } from '../../../src/api/traffic-settings.ts'
import { TlvType } from '../../../src/router/proxy-protocol/header.ts'
import { eventually } from '../../support/eventually.ts'
import { MemoryWorld, type WorldRouter } from '../../support/memory-world.ts'
import { readProxyHeader } from '../../support/proxy-header.ts'
import { echoPort } from '../../support/router-pair.ts'
import { directoryOf, ECHO, exportingEcho, exportingNothing, importingEcho } from '../../support/routes.ts'
import { dial, readAll, serve, serveEcho, type TestServer } from '../../support/tcp.ts'

const pod = { namespace: 'shop', pod: 'web-0', serviceAccount: 'web' }
const CLUSTERSET_IP = '10.96.0.7'

let world: MemoryWorld
let west: WorldRouter
let east: WorldRouter
let known: boolean
const servers: TestServer[] = []

beforeEach(async () => {
  known = true
  world = new MemoryWorld()
  const [listener] = importingEcho.listeners
  if (listener === undefined) throw new Error('no listener')
  const importing = { ...importingEcho, listeners: [{ ...listener, addresses: ['fd00::7', CLUSTERSET_IP] }] }
  west = await world.router('west', importing, {
    clients: { find: (address) => (known && address === '127.0.0.1' ? pod : undefined) },
  })
  east = await world.router('east', exportingNothing)
  world.link(['west', west], ['east', east])
  world.directory.set(directoryOf({ east: 1 }))
})

afterEach(async () => {
  await world[Symbol.asyncDispose]()
  for (const server of servers.splice(0)) await server[Symbol.asyncDispose]()
})

/** A backend that collects all that each connection brings, and each single read. */
async function listening(proxyProtocol: ProxyProtocol): Promise<{ all: Promise<Buffer>[]; first: Buffer[] }> {
  const seen: { all: Promise<Buffer>[]; first: Buffer[] } = { all: [], first: [] }
  const server = await serve((socket) => {
    socket.once('data', (chunk) => seen.first.push(chunk))
    seen.all.push(readAll(socket))
    socket.end()
  })
  servers.push(server)
  east.routes.set(withProxyProtocol(exportingEcho(server.port), proxyProtocol))
  return seen
}

/** All bytes of the first connection. */
async function connection({ all }: { all: readonly Promise<Buffer>[] }): Promise<Buffer> {
  return await eventually(() => all[0] ?? Promise.reject(new Error('no connection')))
}

function withProxyProtocol(snapshot: RouteSnapshot, proxyProtocol: ProxyProtocol): RouteSnapshot {
  const ports = (snapshot.exports.get(ECHO) ?? []).map((port) => ({ ...port, proxyProtocol }))
  return { ...snapshot, exports: new Map([[ECHO, ports]]) }
}

describe('a PROXY header', () => {
  test('of version 2 tells address, cluster, namespace, pod and service account before the first byte', async () => {
    const seen = await listening(ProxyProtocol.v2)
    const client = await dial(await echoPort(west.dataPath))
    const { localPort } = client
    client.end('GET /')
    const header = readProxyHeader(await connection(seen))
    expect(header).toMatchObject({
      command: 'PROXY',
      transport: 'TCP',
      family: 4,
      source: '127.0.0.1',
      sourcePort: localPort,
      destination: CLUSTERSET_IP,
      destinationPort: 80,
    })
    expect(header.rest.toString()).toBe('GET /')
    const [record] = await eventually(() => records(east, 1))
    expect([...header.tlvs]).toEqual([
      [TlvType.uniqueId, record?.['flow']],
      [TlvType.cluster, 'west'],
      [TlvType.namespace, 'shop'],
      [TlvType.pod, 'web-0'],
      [TlvType.serviceAccount, 'web'],
    ])
  })

  test('comes in one read with what the client said first', async () => {
    const seen = await listening(ProxyProtocol.v2)
    const client = await dial(await echoPort(west.dataPath))
    client.end('GET /')
    const first = (await eventually(() => seen.first[0] ?? false)) as Buffer
    expect(readProxyHeader(first).rest.toString()).toBe('GET /')
  })

  test('of version 1 is a line', async () => {
    const seen = await listening(ProxyProtocol.v1)
    const client = await dial(await echoPort(west.dataPath))
    const { localPort } = client
    client.end('x')
    const bytes = await connection(seen)
    expect(bytes.toString()).toBe(`PROXY TCP4 127.0.0.1 ${CLUSTERSET_IP} ${localPort} 80\r\nx`)
  })

  test('is there also when the client says nothing', async () => {
    const seen = await listening(ProxyProtocol.v2)
    const client = await dial(await echoPort(west.dataPath))
    await eventually(() => expect(seen.first).toHaveLength(1))
    expect(readProxyHeader(seen.first[0] as Buffer)).toMatchObject({ command: 'PROXY' })
    client.end()
    await seen.all[0]
  })

  test('names no pod when none is known to have the address', async () => {
    known = false
    const seen = await listening(ProxyProtocol.v2)
    ;(await dial(await echoPort(west.dataPath))).end()
    const header = readProxyHeader(await connection(seen))
    expect([...header.tlvs.keys()]).toEqual([TlvType.uniqueId, TlvType.cluster])
  })

  test('counts neither as bytes nor against the window', async () => {
    await listening(ProxyProtocol.v2)
    const client = await dial(await echoPort(west.dataPath))
    client.end('hello')
    client.resume()
    expect(await eventually(() => records(east, 1))).toMatchObject([{ clientBytes: 5, backendBytes: 0 }])
    expect(await east.metrics.text()).toContain('fairlead_router_egress_sent_bytes_total 5')
  })
})

function records(router: WorldRouter, count: number): readonly Record<string, unknown>[] {
  const found = router.lines.filter(({ msg }) => msg === 'flow ended')
  expect(found).toHaveLength(count)
  return found
}

describe('the record of a flow', () => {
  test('tells who, where, how much, how long and how it ended, at both ends', async () => {
    const server = await serveEcho()
    servers.push(server)
    east.routes.set(exportingEcho(server.port))
    const client = await dial(await echoPort(west.dataPath))
    const { localPort } = client
    client.end('hello')
    await readAll(client)
    const common = {
      service: 'demo/echo',
      port: 80,
      protocol: 'TCP',
      client: { address: '127.0.0.1', port: localPort, cluster: 'west', ...pod },
      cluster: 'east',
      attempts: [],
      clientBytes: 5,
      backendBytes: 5,
      connectMs: expect.any(Number),
      firstByteMs: expect.any(Number),
      milliseconds: expect.any(Number),
      resumed: 0,
      ended: 'finished',
      endedBy: 'client',
    }
    expect(await eventually(() => records(west, 1))).toMatchObject([
      { side: 'ingress', backend: '', ...common },
    ])
    expect(await eventually(() => records(east, 1))).toMatchObject([
      { side: 'egress', backend: `127.0.0.1:${server.port}`, ...common },
    ])
  })

  test.each([
    ['client', 'client'],
    ['backend', 'backend'],
  ])('says that the %s reset it', async (who, endedBy) => {
    const server = await serve((socket) => {
      socket.write('ready')
      socket.on('data', () => socket.resetAndDestroy())
    })
    servers.push(server)
    east.routes.set(exportingEcho(server.port))
    const client = await dial(await echoPort(west.dataPath))
    await new Promise((resolve) => client.once('data', resolve))
    client.on('error', () => {})
    if (who === 'client') client.resetAndDestroy()
    else client.write('x')
    for (const router of [west, east]) {
      expect(await eventually(() => records(router, 1))).toMatchObject([{ ended: 'fairlead:reset', endedBy }])
    }
  })
})
