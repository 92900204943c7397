/** The source ports that backends see of clients with global addresses; on real sockets, with agents made up. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { ClientIdentity } from '../../../src/api/client-identity.ts'
import { SOURCE_PORTS, SOURCE_SLOT_PORTS } from '../../../src/api/names.ts'
import type { RouteSnapshot } from '../../../src/api/route-snapshot.ts'
import { ProxyProtocol } from '../../../src/api/traffic-settings.ts'
import { Snapshot } from '../../../src/core/snapshot.ts'
import { type AnnouncedSources, NO_SOURCES } from '../../../src/link/sources.ts'
import { GlobalSources } from '../../../src/router/global/global-sources.ts'
import { PORT_TRIES } from '../../../src/router/global/limits.ts'
import { TlvType } from '../../../src/router/proxy-protocol/header.ts'
import { eventually } from '../../support/eventually.ts'
import { MemoryWorld, type WorldRouter } from '../../support/memory-world.ts'
import { sample } from '../../support/network.ts'
import { readProxyHeader } from '../../support/proxy-header.ts'
import { echoPort } from '../../support/router-pair.ts'
import {
  directoryOf,
  ECHO,
  exportingEcho,
  exportingNothing,
  importingEcho,
  overUdp,
} from '../../support/routes.ts'
import { ask, closedPort, dial, readAll, serve } from '../../support/tcp.ts'
import { closedUdpPort, serveUdp, serveUdpEcho, UdpClient } from '../../support/udp.ts'
import { dropsOf } from '../../support/udp-metrics.ts'

const ADDRESS = '242.7.0.1'
const POD = { namespace: 'shop', pod: 'web-0', serviceAccount: 'web' }
/** The slot that is taken first: above the ports that the kernel chooses on most machines. */
const FIRST_SLOT = 450
const FIRST = SOURCE_PORTS.first + FIRST_SLOT * SOURCE_SLOT_PORTS

let world: MemoryWorld
let west: WorldRouter
let east: WorldRouter
let announced: Snapshot<AnnouncedSources>
let agents: {
  present: boolean
  whenPresent: (ms: number) => Promise<void>
  whenApplied: () => Promise<boolean>
  settled: () => boolean
}
/** Who the client is. */
let client: () => ClientIdentity | undefined
let unknown: string | undefined
const owned: AsyncDisposable[] = []

function own<T extends AsyncDisposable>(part: T): T {
  owned.push(part)
  return part
}

beforeEach(async () => {
  world = own(new MemoryWorld())
  announced = new Snapshot(NO_SOURCES)
  agents = { present: true, whenPresent: async () => {}, whenApplied: async () => true, settled: () => true }
  client = () => ({ ...POD, globalAddress: ADDRESS })
  unknown = undefined
  const listeners = [...importingEcho.listeners, ...overUdp(importingEcho).listeners]
  west = await world.router(
    'west',
    { ...importingEcho, listeners },
    {
      clients: { find: () => client(), globalAddressOf: () => unknown },
    },
  )
  east = await world.router('east', exportingNothing, {
    globalSources: (deps) =>
      new GlobalSources(
        {
          ...deps,
          agents,
          announced,
          hasClaim: () => true,
          owns: (cluster, address) => cluster === 'west' && address.startsWith('242.7.'),
          random: () => FIRST_SLOT / 512,
        },
        { settlingMs: 0 },
      ),
  })
  world.link(['west', west], ['east', east])
  world.directory.set(directoryOf({ east: 1 }))
})

afterEach(async () => {
  for (const part of owned.splice(0).reverse()) await part[Symbol.asyncDispose]()
})

/** A backend that tells each client the port it came from, and ends. */
async function portTeller() {
  const server = own(await serve((socket) => socket.resume().end(String(socket.remotePort))))
  east.routes.set(exportingEcho(server.port))
  return server
}

const sourcePort = async () => Number(await ask(await echoPort(west.dataPath), ''))
const slotOf = (port: number) =>
  SOURCE_PORTS.first + Math.floor((port - SOURCE_PORTS.first) / SOURCE_SLOT_PORTS) * SOURCE_SLOT_PORTS
const isEphemeral = (port: number) => !announced.current().slots.has(slotOf(port))

test('a backend sees ports of a slot that was announced for the address of the client', async () => {
  await portTeller()
  expect([await sourcePort(), await sourcePort()]).toEqual([FIRST, FIRST + 1])
  expect([...announced.current().slots]).toEqual([[FIRST, ADDRESS]])
  expect(await sample(east.metrics, 'fairlead_router_source_slots')).toBe(1)
})

test('clients with different addresses have slots of their own', async () => {
  await portTeller()
  let next = 0
  client = () => ({ ...POD, globalAddress: `242.7.1.${next++ % 2}` })
  const ports = [await sourcePort(), await sourcePort(), await sourcePort()]
  expect(ports).toEqual([FIRST, FIRST + SOURCE_SLOT_PORTS, FIRST + 1])
  expect([...announced.current().slots.values()]).toEqual(['242.7.1.0', '242.7.1.1'])
})

test('hundred connections at once have a port each, of as many slots as it takes', async () => {
  const ports: number[] = []
  const server = own(await serve((socket) => void ports.push(socket.remotePort ?? 0)))
  east.routes.set(exportingEcho(server.port))
  const port = await echoPort(west.dataPath)
  const clients = await Promise.all(Array.from({ length: 100 }, () => dial(port)))
  await eventually(() => expect(ports).toHaveLength(100))
  expect(new Set(ports).size).toBe(100)
  expect(new Set(ports.map(slotOf))).toEqual(new Set([FIRST, FIRST + SOURCE_SLOT_PORTS]))
  for (const socket of clients) socket.destroy()
})

test('connections to different backends share the ports of one slot', async () => {
  const ports: number[] = []
  const backend = () => serve((socket) => void ports.push(socket.remotePort ?? 0))
  const [one, two] = [own(await backend()), own(await backend())]
  east.routes.set(exportingEcho(one.port, two.port))
  const port = await echoPort(west.dataPath)
  const clients = await Promise.all(Array.from({ length: 120 }, () => dial(port)))
  await eventually(() => expect(ports).toHaveLength(120))
  expect([one.sockets.size, two.sockets.size]).toEqual([60, 60])
  expect([...announced.current().slots.keys()]).toEqual([FIRST])
  for (const socket of clients) socket.destroy()
})

test('a connection waits until the slot is in force', async () => {
  const server = await portTeller()
  const applied = Promise.withResolvers<boolean>()
  agents.whenApplied = () => applied.promise
  const asked = sourcePort()
  await eventually(() => expect(announced.current().version).toBe(1))
  await new Promise((resolve) => setImmediate(resolve))
  expect(server.sockets.size).toBe(0)
  applied.resolve(false)
  expect(await asked).toBe(FIRST)
  expect(await sample(east.metrics, 'fairlead_router_sources_late_total')).toBe(1)
})

test('a client that is gone meanwhile is connected to nobody, and its port is free', async () => {
  const server = await portTeller()
  const applied = Promise.withResolvers<boolean>()
  agents.whenApplied = () => applied.promise
  const gone = connect({ port: await echoPort(west.dataPath), host: '127.0.0.1' })
  await once(gone, 'connect')
  await eventually(() => expect(announced.current().version).toBe(1))
  gone.resetAndDestroy()
  await eventually(() => expect(east.dataPath.openFlows).toBe(0))
  applied.resolve(true)
  expect(await sourcePort()).toBe(FIRST)
  expect(server.sockets.size).toBeLessThanOrEqual(1)
})

test('ports that others have are passed over, and the backend is not to blame', async () => {
  await portTeller()
  for (const port of [FIRST, FIRST + 1]) own(await serve(() => {}, port))
  expect(await sourcePort()).toBe(FIRST + 2)
  expect(await sourcePort()).toBe(FIRST + 3)
  const [record] = east.lines.filter(({ msg }) => msg === 'flow ended')
  expect(record).toMatchObject({ attempts: [], ended: 'finished' })
})

test('when too many are taken the client is refused, and the backend is not to blame', async () => {
  await portTeller()
  for (let port = FIRST; port < FIRST + PORT_TRIES + 5; port++) own(await serve(() => {}, port))
  await expect(sourcePort()).rejects.toMatchObject({ code: 'ECONNRESET' })
  expect(await sourcePort()).toBe(FIRST + PORT_TRIES + 5)
})

test('a connection in TIME_WAIT keeps its port, and the next takes another', async () => {
  const server = own(
    await serve((socket) => socket.resume().on('end', () => socket.end(String(socket.remotePort)))),
  )
  east.routes.set(exportingEcho(server.port))
  const ports: number[] = []
  for (let times = 0; times < SOURCE_SLOT_PORTS + 1; times++) ports.push(await sourcePort())
  expect(new Set(ports).size).toBe(SOURCE_SLOT_PORTS + 1)
})

test('a backend that refuses costs a retry as ever, and its port is free again', async () => {
  const server = own(await serve((socket) => socket.resume().end(String(socket.remotePort))))
  const closed = await closedPort()
  east.routes.set(exportingEcho(closed))
  await expect(sourcePort()).rejects.toMatchObject({ code: 'ECONNRESET' })
  east.routes.set(exportingEcho(server.port))
  expect(slotOf(await sourcePort())).toBe(FIRST)
})

describe('a backend sees the router as ever', () => {
  test('when there are no agents', async () => {
    await portTeller()
    agents.present = false
    expect(isEphemeral(await sourcePort())).toBe(true)
    expect(announced.current().version).toBe(0)
  })

  test('when the client has no global address', async () => {
    await portTeller()
    client = () => POD
    expect(isEphemeral(await sourcePort())).toBe(true)
    expect(announced.current().version).toBe(0)
  })

  test("when the address is not its cluster's, which is counted each time and logged once", async () => {
    await portTeller()
    client = () => ({ ...POD, globalAddress: '242.8.0.1' })
    expect([isEphemeral(await sourcePort()), isEphemeral(await sourcePort())]).toEqual([true, true])
    expect(await sample(east.metrics, 'fairlead_router_global_addresses_refused_total')).toBe(2)
    expect(east.lines.filter(({ address }) => address === '242.8.0.1')).toMatchObject([{ cluster: 'west' }])
    await eventually(() => expect(recordedClients(east)).toHaveLength(2))
    for (const recorded of recordedClients(east)) expect(recorded).not.toHaveProperty('globalAddress')
  })
})

test('a client that is no pod has the address of its cluster', async () => {
  await portTeller()
  client = () => undefined
  unknown = '242.7.9.9'
  expect(await sourcePort()).toBe(FIRST)
  expect([...announced.current().slots.values()]).toEqual(['242.7.9.9'])
})

test('a cluster that names ever more of its addresses is refused at last, and says why', async () => {
  await portTeller()
  let next = 0
  client = () => ({ ...POD, globalAddress: `242.7.${next >> 8}.${next++ & 255}` })
  const port = await echoPort(west.dataPath)
  const answers = await Promise.allSettled(Array.from({ length: 400 }, () => ask(port, '')))
  const refused = answers.filter(({ status }) => status === 'rejected').length
  expect(refused).toBe(400 - Math.ceil((512 * 2) / 3))
  expect(await sample(east.metrics, 'fairlead_router_source_ports_refused_total{reason="share"}')).toBe(
    refused,
  )
  const [record] = east.lines.filter(({ ended }) => ended === 'amqp:resource-limit-exceeded')
  expect(record).toMatchObject({
    description: expect.stringMatching(/^no source port is left for 242\.7\..*\(share\)$/),
  })
})

const recordedClients = (router: WorldRouter) =>
  router.lines.filter(({ msg }) => msg === 'flow ended').map(({ client: recorded }) => recorded)

test('records at both ends have the global address', async () => {
  await portTeller()
  await sourcePort()
  for (const router of [west, east]) {
    await eventually(() =>
      expect(recordedClients(router)).toMatchObject([{ ...POD, globalAddress: ADDRESS }]),
    )
  }
})

function proxied(snapshot: RouteSnapshot, proxyProtocol: ProxyProtocol): RouteSnapshot {
  const ports = (snapshot.exports.get(ECHO) ?? []).map((port) => ({ ...port, proxyProtocol }))
  return { ...snapshot, exports: new Map([[ECHO, ports]]) }
}

describe('a PROXY header', () => {
  async function headerOf(proxyProtocol: ProxyProtocol): Promise<Buffer> {
    const server = own(await serve((socket) => void readAll(socket).then((bytes) => socket.end(bytes))))
    east.routes.set(proxied(exportingEcho(server.port), proxyProtocol))
    const socket = await dial(await echoPort(west.dataPath))
    socket.end('x')
    return await readAll(socket)
  }

  test('of version 2 has the global address as the source, and as a value', async () => {
    const header = readProxyHeader(await headerOf(ProxyProtocol.v2))
    expect(header).toMatchObject({ source: ADDRESS, family: 4 })
    expect(header.tlvs.get(TlvType.globalAddress)).toBe(ADDRESS)
    expect(header.tlvs.get(TlvType.pod)).toBe('web-0')
  })

  test('of version 1 has it as the source, also when nobody translates', async () => {
    agents.present = false
    expect((await headerOf(ProxyProtocol.v1)).toString()).toMatch(
      /^PROXY TCP4 242\.7\.0\.1 127\.0\.0\.1 \d+ \d+\r\nx$/,
    )
  })

  test("has the client's own address where the global one is not its cluster's", async () => {
    client = () => ({ ...POD, globalAddress: '242.8.0.1' })
    const header = readProxyHeader(await headerOf(ProxyProtocol.v2))
    expect(header).toMatchObject({ source: '127.0.0.1' })
    expect(header.tlvs.has(TlvType.globalAddress)).toBe(false)
  })
})

describe('datagrams', () => {
  const udpClient = async () => own(await UdpClient.to(await echoPort(west.dataPath, 'UDP')))

  test('come from a port of the slot, each association from one of its own', async () => {
    const server = own(await serveUdpEcho())
    east.routes.set(overUdp(exportingEcho(server.port)))
    for (const text of ['one', 'two', 'three']) {
      const asker = await udpClient()
      asker.send(text)
      await eventually(() => expect(asker.texts).toEqual([text]))
    }
    expect([...server.clients]).toEqual([FIRST, FIRST + 1, FIRST + 2])
  })

  test('that come before the slot is in force are sent in order, once, when it is', async () => {
    const got: string[] = []
    const server = own(await serveUdp((datagram) => void got.push(String(datagram))))
    east.routes.set(overUdp(exportingEcho(server.port)))
    const applied = Promise.withResolvers<boolean>()
    agents.whenApplied = () => applied.promise
    const asker = await udpClient()
    for (const text of ['one', 'two', 'three']) asker.send(text)
    await eventually(() => expect(announced.current().version).toBe(1))
    await eventually(async () =>
      expect(
        await sample(
          west.metrics,
          'fairlead_router_udp_datagrams_total{side="ingress",direction="received"}',
        ),
      ).toBe(3),
    )
    applied.resolve(true)
    await eventually(() => expect(got).toEqual(['one', 'two', 'three']))
    expect(await dropsOf(east.metrics, 'egress')).toBe(0)
    expect([...server.clients]).toEqual([FIRST])
  })

  test('pass over ports that others have', async () => {
    own(await serveUdp(() => {}, FIRST, '0.0.0.0'))
    const server = own(await serveUdpEcho())
    east.routes.set(overUdp(exportingEcho(server.port)))
    const asker = await udpClient()
    asker.send('one')
    await eventually(() => expect(asker.texts).toEqual(['one']))
    expect([...server.clients]).toEqual([FIRST + 1])
  })

  test('leave a backend that refuses for the next one', async () => {
    const server = own(await serveUdpEcho())
    east.routes.set(overUdp(exportingEcho(await closedUdpPort(), server.port)))
    for (let times = 0; times < 4; times++) {
      const asker = await udpClient()
      asker.send('x')
      await eventually(() => expect(asker.texts).toEqual(['x']))
    }
    expect([...server.clients].map(slotOf)).toEqual([FIRST, FIRST, FIRST, FIRST])
  })
})
