/** Associations among several clusters, their bounds and their end; real sockets, and time that moves when told. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { ExportedPort, RouteSnapshot } from '../../../src/api/route-snapshot.ts'
import { DEFAULT_TRAFFIC, ProxyProtocol } from '../../../src/api/traffic-settings.ts'
import { createMetrics } from '../../../src/core/metrics.ts'
import { Snapshot } from '../../../src/core/snapshot.ts'
import { EGRESS_SHARE, EVICT_IDLE_MS, IDLE_STEP_MS, SETTLE_MS } from '../../../src/router/udp/limits.ts'
import { eventually } from '../../support/eventually.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { heapInUse } from '../../support/heap.ts'
import { MemoryWorld, type WorldRouter } from '../../support/memory-world.ts'
import { readProxyHeader } from '../../support/proxy-header.ts'
import { dataPath, echoPort } from '../../support/router-pair.ts'
import { directoryOf, ECHO, exportingEcho, importingEcho, overUdp } from '../../support/routes.ts'
import { ask, serveEcho } from '../../support/tcp.ts'
import { closedUdpPort, serveUdp, serveUdpEcho, UdpClient, type UdpServer } from '../../support/udp.ts'
import { associationsOf, dropsOf, metricOf } from '../../support/udp-metrics.ts'

const IDLE_MS = 30_000

let world: MemoryWorld
let clock: FakeClock
let west: WorldRouter
const owned: AsyncDisposable[] = []

beforeEach(async () => {
  world = new MemoryWorld()
  clock = new FakeClock()
  west = await world.router('west', overUdp(importingEcho), { clock })
})

afterEach(async () => {
  for (const part of owned.splice(0).reverse()) await part[Symbol.asyncDispose]()
  await world[Symbol.asyncDispose]()
})

function own<T extends AsyncDisposable>(part: T): T {
  owned.push(part)
  return part
}

/** A cluster that exports demo/echo:80/UDP and can be reached from west. */
async function join(cluster: string, ...backends: readonly Pick<UdpServer, 'port'>[]): Promise<WorldRouter> {
  const routes = overUdp(exportingEcho(...backends.map(({ port }) => port)))
  const router = await world.router(cluster, routes, { clock })
  world.link(['west', west], [cluster, router])
  const known = [...world.directory.current().keys()]
  world.directory.set(directoryOf(Object.fromEntries([...known, cluster].map((each) => [each, 1]))))
  return router
}

async function client(): Promise<UdpClient> {
  return own(await UdpClient.to(await echoPort(west.dataPath, 'UDP')))
}

async function echoed(asker: UdpClient, text: string): Promise<string> {
  const before = asker.received.length
  asker.send(text)
  await eventually(() => expect(asker.received.length).toBeGreaterThan(before), { every: 5 })
  return asker.texts.at(-1) ?? ''
}

/** The same routes with other settings of the exported port. */
function withPort(routes: RouteSnapshot, change: Partial<ExportedPort>): RouteSnapshot {
  const exports = [...routes.exports].map(
    ([service, ports]) => [service, ports.map((port) => ({ ...port, ...change }))] as const,
  )
  return { ...routes, exports: new Map(exports) }
}

describe('where associations go', () => {
  test('the first datagrams move to another cluster when one has only backends that refuse', async () => {
    await join('east', { port: await closedUdpPort() })
    await join('south', own(await serveUdpEcho('south ')))
    const askers = await Promise.all([client(), client(), client(), client()])
    for (const asker of askers) for (const text of ['a', 'b']) asker.send(text)
    await eventually(() =>
      expect(askers.map(({ texts }) => texts)).toEqual(askers.map(() => ['south a', 'south b'])),
    )
  })

  test('backends of the own cluster are taken first', async () => {
    await join('east', own(await serveUdpEcho('east ')))
    const local = own(await serveUdpEcho('west '))
    const { exports } = overUdp(exportingEcho(local.port))
    west.routes.set({ ...west.routes.current(), exports })
    expect(await echoed(await client(), 'x')).toBe('west x')
    west.routes.set({ ...west.routes.current(), exports: new Map() })
    expect(await echoed(await client(), 'x')).toBe('east x')
  })

  test('with affinity all ports of a client go to one backend', async () => {
    const servers = [own(await serveUdpEcho('a')), own(await serveUdpEcho('b')), own(await serveUdpEcho('c'))]
    const east = await join('east', ...servers)
    east.routes.set(withPort(east.routes.current(), { affinity: { timeoutMs: 10_000 } }))
    const answers = new Set<string>()
    for (let count = 0; count < 6; count++) answers.add(await echoed(await client(), ''))
    expect(answers.size).toBe(1)
  })

  test('a backend that refuses several clients is left alone until it answers a probe', async () => {
    const port = await closedUdpPort()
    const sound = own(await serveUdpEcho())
    const east = await join('east', { port }, sound)
    for (let count = 0; count < 8; count++) expect(await echoed(await client(), 'x')).toBe('x')
    expect(await metricOf(east.metrics, 'fairlead_router_ejected_endpoints')).toBe(1)
    own(await serveUdpEcho('back ', port))
    await eventually(async () => {
      await clock.advance(DEFAULT_TRAFFIC.ejection.baseMs)
      expect(await metricOf(east.metrics, 'fairlead_router_ejected_endpoints')).toBe(0)
    })
  })

  test('clients and backends may speak IPv6', async () => {
    const server = own(await serveUdp((datagram, answer) => answer(datagram), 0, '::1'))
    const east = await join('east')
    const backend = { address: '::1', port: server.port, ready: true, serving: true }
    east.routes.set(withPort(east.routes.current(), { backends: [backend] }))
    const metrics = createMetrics()
    const options = { ...west, cluster: 'west', directory: world.directory, clock, metrics }
    const router = dataPath({ ...options, listenHost: '::1' })
    owned.push({ [Symbol.asyncDispose]: () => router.stop() })
    await router.start()
    const asker = own(await UdpClient.to(await echoPort(router, 'UDP'), '::1'))
    expect(await echoed(asker, 'six')).toBe('six')
  })
})

describe('what backends and operators learn', () => {
  test('with PROXY protocol v2 each datagram begins with its client', async () => {
    const headers: ReturnType<typeof readProxyHeader>[] = []
    const server = own(await serveUdp((datagram) => headers.push(readProxyHeader(datagram))))
    const east = await join('east', server)
    east.routes.set(withPort(east.routes.current(), { proxyProtocol: ProxyProtocol.v2 }))
    const asker = await client()
    for (const text of ['one', '', 'two']) asker.send(text)
    await eventually(() => expect(headers).toHaveLength(3))
    expect(headers.map(({ rest }) => String(rest))).toEqual(['one', '', 'two'])
    expect(headers[2]).toMatchObject({
      transport: 'UDP',
      family: 4,
      source: '127.0.0.1',
      sourcePort: asker.port,
    })
  })

  test('each association leaves a record at both ends', async () => {
    const refusing = await closedUdpPort()
    const server = own(await serveUdpEcho('1234'))
    const east = await join('east', { port: refusing }, server)
    const asker = await client()
    expect(await echoed(asker, 'xy')).toBe('1234xy')
    await clock.advance(IDLE_MS + 4 * IDLE_STEP_MS)
    const records = () => [west, east].map(({ lines }) => lines.filter(({ msg }) => msg === 'flow ended'))
    await eventually(() => expect(records().map(({ length }) => length)).toEqual([1, 1]))
    const common = {
      protocol: 'UDP',
      service: ECHO,
      port: 80,
      clientBytes: 2,
      backendBytes: 6,
      ended: 'finished',
    }
    expect(records()[0]?.[0]).toMatchObject({
      ...common,
      side: 'ingress',
      client: { address: '127.0.0.1', port: asker.port, cluster: 'west' },
      cluster: 'east',
    })
    expect(records()[1]?.[0]).toMatchObject({
      ...common,
      side: 'egress',
      backend: `127.0.0.1:${server.port}`,
    })
  })
})

describe('bounds', () => {
  test('associations to backends leave room for TCP, and are refused beyond', async () => {
    const maxFlows = 8
    const share = Math.floor(maxFlows * EGRESS_SHARE)
    const [udp, tcp] = [own(await serveUdpEcho()), own(await serveEcho())]
    const ports = [exportingEcho(tcp.port), overUdp(exportingEcho(udp.port))].flatMap(
      ({ exports }) => exports.get(ECHO) ?? [],
    )
    const listeners = [importingEcho, overUdp(importingEcho)].flatMap((routes) => routes.listeners)
    const routes = new Snapshot<RouteSnapshot>({
      ...importingEcho,
      listeners,
      exports: new Map([[ECHO, ports]]),
    })
    const metrics = createMetrics()
    const router = dataPath({
      ...west,
      cluster: 'west',
      directory: world.directory,
      routes,
      metrics,
      maxFlows,
    })
    owned.push({ [Symbol.asyncDispose]: () => router.stop() })
    await router.start()
    const port = await echoPort(router, 'UDP')
    const askers = await Promise.all(Array.from({ length: share + 3 }, () => UdpClient.to(port)))
    for (const asker of askers) own(asker).send('x')
    await eventually(async () => expect(await dropsOf(metrics, 'ingress', 'no-backend')).toBe(3))
    await eventually(() => expect(askers.filter(({ texts }) => texts.includes('x'))).toHaveLength(share))
    expect(await associationsOf(metrics, 'egress')).toBe(share)
    const refused = 'fairlead_router_udp_associations_failed_total{side="egress"'
    expect(await metricOf(metrics, `${refused},reason="amqp:resource-limit-exceeded"}`)).toBe(3)
    expect(await ask(await echoPort(router), 'room')).toBe('room')
  })

  test('in a full table the idle make room, and while all are busy new clients are turned away', async () => {
    const maxAssociations = 4
    const server = own(await serveUdpEcho())
    const { exports } = overUdp(exportingEcho(server.port))
    const routes = new Snapshot<RouteSnapshot>({ ...overUdp(importingEcho), exports })
    const metrics = createMetrics()
    const options = { cluster: 'west', directory: world.directory, peers: west.peers, clock, routes, metrics }
    const router = dataPath({ ...options, maxAssociations })
    owned.push({ [Symbol.asyncDispose]: () => router.stop() })
    await router.start()
    const port = await echoPort(router, 'UDP')
    const askers = await Promise.all(Array.from({ length: 6 }, async () => own(await UdpClient.to(port))))
    const [idle, ...others] = askers as [UdpClient, ...UdpClient[]]
    expect(await echoed(idle, 'x')).toBe('x')
    await clock.advance(EVICT_IDLE_MS + IDLE_STEP_MS)
    const evicted = 'fairlead_router_udp_associations_evicted_total{side="ingress"}'
    for (const asker of others.slice(0, maxAssociations)) expect(await echoed(asker, 'y')).toBe('y')
    expect(await metricOf(metrics, evicted)).toBe(1)
    others.at(-1)?.send('no room')
    await eventually(async () => expect(await dropsOf(metrics, 'ingress', 'table-full')).toBe(1))
    expect(await associationsOf(metrics, 'ingress')).toBe(maxAssociations)
    await clock.advance(EVICT_IDLE_MS + IDLE_STEP_MS)
    expect(await echoed(idle, 'again')).toBe('again')
  })

  test('ten thousand associations expire and give back sockets and memory', async () => {
    const count = 10_000
    const got = new Set<string>()
    const server = own(await serveUdp((datagram) => got.add(String(datagram))))
    const { exports } = overUdp(exportingEcho(server.port))
    west.routes.set({ ...west.routes.current(), exports })
    const port = await echoPort(west.dataPath, 'UDP')
    const files = (): number => readdirSync('/proc/self/fd').length
    await sendFrom(port, 1, (index) => `warm up ${index}`)
    await eventually(() => expect(got.size).toBe(1))
    await clock.advance(IDLE_MS + 4 * IDLE_STEP_MS)
    const before = { files: files(), heap: heapInUse() }
    await sendFrom(
      port,
      count,
      (index) => `client ${index}`,
      async (sent) => {
        await eventually(() => expect(got.size).toBe(sent + 1), { every: 2 })
      },
    )
    await clock.advance(SETTLE_MS + 2 * IDLE_STEP_MS)
    const open = () =>
      Promise.all([associationsOf(west.metrics, 'ingress'), associationsOf(west.metrics, 'egress')])
    expect(await open()).toEqual([count, count])
    expect(files() - before.files).toBe(count)
    await clock.advance(IDLE_MS + 4 * IDLE_STEP_MS)
    expect(await open()).toEqual([0, 0])
    await eventually(() => expect(files()).toBe(before.files))
    got.clear()
    expect(heapInUse() - before.heap).toBeLessThan(8 * 1024 * 1024)
    expect(west.dataPath.openFlows).toBe(0)
  }, 60_000)
})

/** One datagram from each of `count` ports; `pace` is awaited after every hundred. */
async function sendFrom(
  port: number,
  count: number,
  textOf: (index: number) => string,
  pace: (sent: number) => Promise<void> = async () => {},
): Promise<void> {
  for (let index = 0; index < count; index++) {
    const socket = createSocket('udp4')
    socket.bind(10_000 + index, '127.0.0.2')
    await once(socket, 'listening')
    await new Promise((resolve) => socket.send(textOf(index), port, '127.0.0.1', resolve))
    socket.close()
    if (index % 100 === 99) await pace(index + 1)
  }
}
