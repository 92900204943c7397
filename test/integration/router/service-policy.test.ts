/** ServicePolicies at the routers of the exporting cluster: who gets in, what ends, what waits; on real sockets. */
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { AccessLimits, AccessPolicy, AccessRule } from '../../../src/api/access-policy.ts'
import type { ClientIdentity } from '../../../src/api/client-identity.ts'
import type { RouteSnapshot } from '../../../src/api/route-snapshot.ts'
import { Snapshot } from '../../../src/core/snapshot.ts'
import { LOCAL_WINDOW_BYTES } from '../../../src/router/limits.ts'
import { eventually } from '../../support/eventually.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { MemoryPeers, MemoryTransport } from '../../support/memory-transport.ts'
import { MemoryWorld, type WorldRouter } from '../../support/memory-world.ts'
import { networkPair } from '../../support/network-pair.ts'
import { relayedPair } from '../../support/relay-mesh.ts'
import { dataPath, echoPort, memoryPair, type RouterPair } from '../../support/router-pair.ts'
import { directoryOf, ECHO, exportingEcho, importingEcho, overUdp } from '../../support/routes.ts'
import { ask, dial, howItEnds, serve, serveEcho, type TestServer } from '../../support/tcp.ts'
import { serveUdpEcho, UdpClient } from '../../support/udp.ts'
import { dropsOf, metricOf } from '../../support/udp-metrics.ts'

const WEB: ClientIdentity = { namespace: 'shop', pod: 'web-0', serviceAccount: 'web' }

const policy = (rules?: AccessRule[], limits: AccessLimits = {}): AccessPolicy => ({
  policy: 'demo/policy',
  limits,
  ...(rules === undefined ? {} : { rules }),
})

function under(routes: RouteSnapshot, ...policies: AccessPolicy[]): RouteSnapshot {
  return { ...routes, access: policies.length === 0 ? new Map() : new Map([[ECHO, policies]]) }
}

const owned: AsyncDisposable[] = []

afterEach(async () => {
  for (const part of owned.splice(0).reverse()) await part[Symbol.asyncDispose]()
})

function own<T extends AsyncDisposable>(part: T): T {
  owned.push(part)
  return part
}

/** How a connect through the port ends for a client that says something: what it was answered, or the error. */
async function outcome(port: number): Promise<string> {
  return await ask(port, 'hello').catch((error: NodeJS.ErrnoException) => error.code ?? error.message)
}

const pairs: [string, () => Promise<RouterPair>][] = [
  ['in memory', memoryPair],
  ['over TLS', networkPair],
  ['over a relay', () => relayedPair('middle')],
]

describe.each(pairs)('a policy of the far cluster, %s', (_, makePair) => {
  let pair: RouterPair
  let server: TestServer
  let port: number

  const hold = (...policies: AccessPolicy[]) =>
    pair.eastRoutes.set(under(exportingEcho(server.port), ...policies))

  beforeEach(async () => {
    pair = own(await makePair())
    server = own(await serveEcho())
    hold()
    port = await echoPort(pair.west)
    await eventually(async () => expect(await outcome(port)).toBe('hello'))
  })

  test('lets the cluster that it names, and resets clients of others at once', async () => {
    hold(policy([{ clusters: ['west'] }]))
    expect(await outcome(port)).toBe('hello')
    hold(policy([{ clusters: ['north'] }]))
    expect(await outcome(port)).toBe('ECONNRESET')
    hold()
    expect(await outcome(port)).toBe('hello')
  })

  test('that changes ends flows that it does not let any more, and no others', async () => {
    hold(policy([{ clusters: ['west'] }]))
    const client = await dial(port)
    client.write('one')
    await once(client, 'data')
    hold(policy([{ clusters: ['west', 'north'] }]))
    client.write('two')
    await once(client, 'data')
    const end = howItEnds(client)
    hold(policy([{ clusters: ['north'] }]))
    expect(await end).toBe('ECONNRESET')
    await eventually(() => expect(server.sockets.size).toBe(0))
  })
})

describe('clients', () => {
  let world: MemoryWorld
  let west: WorldRouter
  let east: WorldRouter
  let server: TestServer
  let client: ClientIdentity | undefined

  const hold = (...policies: AccessPolicy[]) =>
    east.routes.set(under(exportingEcho(server.port), ...policies))

  beforeEach(async () => {
    client = WEB
    world = own(new MemoryWorld())
    server = own(await serveEcho())
    west = await world.router('west', importingEcho, { clients: { find: () => client } })
    east = await world.router('east', exportingEcho(server.port), { clients: { find: () => client } })
    world.link(['west', west], ['east', east])
    world.directory.set(directoryOf({ east: 1 }))
  })

  const reached = async () => (await outcome(await echoPort(west.dataPath))) === 'hello'

  test.each<[string, AccessRule, boolean]>([
    ['by their namespace', { namespaces: ['shop'] }, true],
    ['by another namespace', { namespaces: ['other'] }, false],
    ['by their service account', { namespaces: ['shop'], serviceAccounts: ['web'] }, true],
    ['by another service account', { serviceAccounts: ['shop/other'] }, false],
    ['by cluster and namespace', { clusters: ['west'], namespaces: ['shop'] }, true],
    ['by the namespace in another cluster', { clusters: ['north'], namespaces: ['shop'] }, false],
  ])('are let in %s', async (_, rule, expected) => {
    hold(policy([rule]))
    expect(await reached()).toBe(expected)
  })

  test('of whom nothing is known are let in by cluster only', async () => {
    client = undefined
    hold(policy([{ namespaces: ['shop'] }]))
    expect(await reached()).toBe(false)
    hold(policy([{ clusters: ['west'] }]))
    expect(await reached()).toBe(true)
  })

  test('of the own cluster that come through a router are looked at like all others', async () => {
    east.routes.set(under({ ...exportingEcho(server.port), listeners: importingEcho.listeners }, policy([])))
    const port = await echoPort(east.dataPath)
    expect(await outcome(port)).toBe('ECONNRESET')
    hold(policy([{ clusters: ['east'] }]))
    east.routes.set({ ...east.routes.current(), listeners: importingEcho.listeners })
    expect(await outcome(await echoPort(east.dataPath))).toBe('hello')
  })

  test('that are refused are counted, recorded and seen by nobody behind the router', async () => {
    hold(policy([]))
    const before = server.sockets.size
    expect(await reached()).toBe(false)
    expect(server.sockets.size).toBe(before)
    expect(east.dataPath.denials.current()).toMatchObject([
      { policy: 'demo/policy', cluster: 'west', reason: 'NotAllowed', count: 1 },
    ])
    expect(
      await metricOf(
        east.metrics,
        'fairlead_policy_denied_total{policy="demo/policy",cluster="west",reason="NotAllowed"}',
      ),
    ).toBe(1)
    expect(east.lines).toContainEqual(
      expect.objectContaining({
        side: 'egress',
        ended: 'fairlead:denied',
        policies: ['demo/policy'],
        backend: '',
        client: expect.objectContaining({ cluster: 'west', namespace: 'shop' }),
      }),
    )
    const ingress = west.lines.find(({ side }) => side === 'ingress')
    expect(ingress).toMatchObject({ ended: 'fairlead:denied', cluster: 'east', attempts: [{ to: 'east' }] })
    expect(JSON.stringify(ingress)).not.toContain('demo/policy')
  })

  test('that one cluster refuses are sent to another that lets them', async () => {
    const southServer = own(await serve((socket) => socket.end('south')))
    const south = await world.router('south', exportingEcho(southServer.port))
    world.link(['west', west], ['south', south])
    world.directory.set(directoryOf({ east: 1, south: 1 }))
    hold(policy([]))
    const port = await echoPort(west.dataPath)
    for (let index = 0; index < 4; index += 1) expect(await outcome(port)).toBe('south')
    expect(east.dataPath.denials.current()[0]?.count).toBeLessThanOrEqual(4)
  })

  test('are not sent where the record says that their cluster may not call', async () => {
    const [origin] = directoryOf({ east: 1 }).values()
    const hidden = new Map(
      [...(origin?.records ?? [])].map(([key, record]) => [key, { ...record, importers: ['north'] }]),
    )
    if (origin !== undefined) world.directory.set(new Map([['east', { ...origin, records: hidden }]]))
    await eventually(() => expect(west.dataPath.listenPort(ECHO, 80)).toBeUndefined())
    const [port] = west.dataPath.explain(ECHO)
    expect(port).toMatchObject({ port: 80, protocol: 'TCP' })
    expect(port?.explain(10).refused).toMatchObject([{ cluster: 'east', refusal: 'NotAllowed' }])
    expect(east.dataPath.denials.current()).toEqual([])
    west.routes.set({ ...importingEcho, listeners: [] })
    const traced = west.dataPath.explain(ECHO).map(({ explain }) => explain(10))
    expect(traced[0]).toMatchObject({
      port: 80,
      tiers: [],
      refused: [{ cluster: 'east', refusal: 'NotAllowed' }],
    })
  })

  test('beyond the connections of a limit are reset, until others have ended', async () => {
    hold(policy(undefined, { connections: 1 }))
    const port = await echoPort(west.dataPath)
    const first = await dial(port)
    first.write('x')
    await once(first, 'data')
    expect(await outcome(port)).toBe('ECONNRESET')
    first.destroy()
    await eventually(async () => expect(await outcome(port)).toBe('hello'))
    expect(east.dataPath.denials.current()).toMatchObject([{ reason: 'Connections' }])
  })
})

describe('a limit of bytes', () => {
  const BYTES = 1_000_000
  const LIMIT = { bytesPerSecond: 100_000 }
  let clock: FakeClock
  let world: MemoryWorld
  let west: WorldRouter

  beforeEach(async () => {
    clock = new FakeClock()
    world = own(new MemoryWorld())
  })

  async function join(routes: RouteSnapshot, importing: RouteSnapshot): Promise<WorldRouter> {
    west = await world.router('west', importing)
    const east = await world.router('east', routes, { clock })
    world.link(['west', west], ['east', east])
    world.directory.set(directoryOf({ east: 1 }))
    return east
  }

  /** Steps of time until `done`, each with what it makes happen. */
  async function until(done: () => boolean): Promise<number> {
    const began = clock.monotonic()
    await eventually(async () => {
      if (!done()) await clock.advance(500)
      return done()
    })
    return clock.monotonic() - began
  }

  test.each([
    ['to a client', true],
    ['to a backend', false],
  ])('makes what goes %s wait, loses nothing of it, and takes the time that it says', async (_, isDown) => {
    const sent = Buffer.alloc(BYTES, 'x')
    let got = 0
    const server = own(
      await serve((socket) => {
        if (isDown) socket.end(sent)
        socket.on('data', (chunk) => {
          if (!isDown) got += chunk.length
        })
      }),
    )
    await join(under(exportingEcho(server.port), policy(undefined, LIMIT)), importingEcho)
    const client = await dial(await echoPort(west.dataPath))
    client.on('data', (chunk) => {
      if (isDown) got += chunk.length
    })
    if (isDown) client.write('go')
    else client.end(sent)
    await eventually(() => expect(got).toBeGreaterThan(0))
    expect(got).toBeLessThan(BYTES)
    const took = await until(() => got >= BYTES)
    expect(got).toBe(BYTES)
    // What was saved up at first, and one window of what is owed at the end, are not waited for.
    const waitedFor = BYTES - LIMIT.bytesPerSecond - LOCAL_WINDOW_BYTES
    expect(took).toBeGreaterThanOrEqual((1_000 * waitedFor) / LIMIT.bytesPerSecond - 500)
    client.destroy()
  })

  test('counts both directions and all flows together', async () => {
    const server = own(await serveEcho())
    await join(under(exportingEcho(server.port), policy(undefined, LIMIT)), importingEcho)
    const port = await echoPort(west.dataPath)
    let got = 0
    for (let index = 0; index < 4; index += 1) {
      const client = await dial(port)
      client.on('data', (chunk) => {
        got += chunk.length
      })
      client.end(Buffer.alloc(BYTES / 4))
    }
    const took = await until(() => got >= BYTES)
    // 2 MB through the meter; at most what four flows may be ahead of it is not waited for.
    expect(took).toBeGreaterThanOrEqual(10_000)
  })

  test('that is taken away lets the flow go on at once', async () => {
    const server = own(await serve((socket) => socket.end(Buffer.alloc(BYTES))))
    const east = await join(
      under(exportingEcho(server.port), policy(undefined, { bytesPerSecond: 1_024 })),
      importingEcho,
    )
    const client = await dial(await echoPort(west.dataPath))
    let got = 0
    client.on('data', (chunk) => {
      got += chunk.length
    })
    await eventually(() => expect(got).toBeGreaterThan(0))
    expect(got).toBeLessThan(BYTES)
    east.routes.set(under(exportingEcho(server.port)))
    await eventually(() => expect(got).toBe(BYTES))
    client.destroy()
  })

  test('drops datagrams beyond it, and counts them', async () => {
    const server = own(await serveUdpEcho())
    const routes = under(overUdp(exportingEcho(server.port)), policy(undefined, { bytesPerSecond: 1_024 }))
    const east = await join(routes, overUdp(importingEcho))
    const client = own(await UdpClient.to(await echoPort(west.dataPath, 'UDP')))
    client.send(Buffer.alloc(1_000))
    await eventually(() => expect(client.received).toHaveLength(1))
    client.send(Buffer.alloc(1_000))
    await eventually(async () => expect(await dropsOf(east.metrics, 'egress', 'policy-limit')).toBe(1))
    await clock.advance(5_000)
    client.send('again')
    await eventually(() => expect(client.received).toHaveLength(2))
  })
})

describe('associations', () => {
  let west: WorldRouter
  let east: WorldRouter
  let routes: RouteSnapshot

  beforeEach(async () => {
    const world = own(new MemoryWorld())
    const server = own(await serveUdpEcho())
    routes = overUdp(exportingEcho(server.port))
    west = await world.router('west', overUdp(importingEcho), { clients: { find: () => WEB } })
    east = await world.router('east', routes)
    world.link(['west', west], ['east', east])
    world.directory.set(directoryOf({ east: 1 }))
  })

  const open = (router: WorldRouter, side: string) =>
    metricOf(router.metrics, `fairlead_router_udp_associations{side="${side}"}`)

  test('are let in, refused, and ended by a change, like flows', async () => {
    const client = own(await UdpClient.to(await echoPort(west.dataPath, 'UDP')))
    east.routes.set(under(routes, policy([{ namespaces: ['shop'] }])))
    client.send('one')
    await eventually(() => expect(client.texts).toEqual(['one']))
    expect(await open(east, 'egress')).toBe(1)
    east.routes.set(under(routes, policy([{ namespaces: ['other'] }])))
    await eventually(async () =>
      expect([await open(west, 'ingress'), await open(east, 'egress')]).toEqual([0, 0]),
    )
    client.send('two')
    await eventually(async () =>
      expect(
        await metricOf(
          west.metrics,
          'fairlead_router_udp_associations_failed_total{side="ingress",reason="fairlead:denied"}',
        ),
      ).toBe(2),
    )
    east.routes.set(routes)
    client.send('three')
    await eventually(() => expect(client.texts).toEqual(['one', 'three']))
  })

  test('count for limits of connections', async () => {
    east.routes.set(under(routes, policy(undefined, { connections: 1 })))
    const port = await echoPort(west.dataPath, 'UDP')
    const [first, second] = [own(await UdpClient.to(port)), own(await UdpClient.to(port))]
    first.send('first')
    await eventually(() => expect(first.texts).toEqual(['first']))
    second.send('second')
    await eventually(() => expect(east.dataPath.denials.current()).toMatchObject([{ reason: 'Connections' }]))
    expect(second.texts).toEqual([])
  })
})

test('a router that drains still ends flows that policies do not let any more', async () => {
  const world = own(new MemoryWorld())
  const server = own(await serveEcho())
  const west = await world.router('west', importingEcho)
  const east = await world.router('east', exportingEcho(server.port))
  world.link(['west', west], ['east', east])
  world.directory.set(directoryOf({ east: 1 }))
  const client = await dial(await echoPort(west.dataPath))
  client.write('one')
  await once(client, 'data')
  const drained = east.dataPath.drain(60_000)
  const end = howItEnds(client)
  east.routes.set(under(exportingEcho(server.port), policy([])))
  expect(await end).toBe('ECONNRESET')
  await drained
})

test('routers of one cluster share a limit', async () => {
  const server = own(await serveEcho())
  const replicas = new Snapshot<readonly { readonly name: string }[]>([{ name: 'a' }, { name: 'b' }])
  const routes = new Snapshot(under(exportingEcho(server.port), policy(undefined, { connections: 2 })))
  const east = dataPath({
    cluster: 'east',
    routes,
    directory: new Snapshot(directoryOf({})),
    peers: new MemoryPeers(),
    replicas,
  })
  const peers = new MemoryPeers()
  peers.transports.set('east', new MemoryTransport(east.acceptorFor('west')))
  const west = dataPath({
    cluster: 'west',
    routes: new Snapshot(importingEcho),
    directory: new Snapshot(directoryOf({ east: 1 })),
    peers,
  })
  for (const part of [east, west]) {
    await part.start()
    own({ [Symbol.asyncDispose]: () => part.stop() })
  }
  const port = await echoPort(west)
  const first = await dial(port)
  first.write('x')
  await once(first, 'data')
  expect(await outcome(port)).toBe('ECONNRESET')
  replicas.set([{ name: 'a' }])
  expect(await outcome(port)).toBe('hello')
  first.destroy()
})
