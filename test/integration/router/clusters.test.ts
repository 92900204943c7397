/** One ingress router and several clusters that export the same service. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { RouteSnapshot } from '../../../src/api/route-snapshot.ts'
import { DEFAULT_TRAFFIC } from '../../../src/api/traffic-settings.ts'
import { Snapshot } from '../../../src/core/snapshot.ts'
import type { DataPath } from '../../../src/router/data-path.ts'
import { eventually } from '../../support/eventually.ts'
import { MemoryPeers, MemoryTransport } from '../../support/memory-transport.ts'
import { dataPath, echoPort } from '../../support/router-pair.ts'
import { directoryOf, ECHO, exportingEcho, importingEcho } from '../../support/routes.ts'
import { ask, closedPort, dial, howItEnds, readAll, serve, type TestServer } from '../../support/tcp.ts'

let peers: MemoryPeers
let westRoutes: Snapshot<RouteSnapshot>
let west: DataPath
const owned: AsyncDisposable[] = []

beforeEach(async () => {
  peers = new MemoryPeers()
  westRoutes = new Snapshot<RouteSnapshot>(importingEcho)
  const directory = new Snapshot(directoryOf({ east: 1, south: 1 }))
  west = dataPath({ cluster: 'west', routes: westRoutes, directory, peers })
  await west.start()
})

afterEach(async () => {
  await west.stop()
  for (const part of owned.splice(0)) await part[Symbol.asyncDispose]()
})

/** A backend that reads all and then answers with its name and how much it got. */
async function named(name: string): Promise<TestServer> {
  const server = await serve((socket) => {
    void readAll(socket).then((request) => socket.end(`${name} ${request.length}`))
  })
  owned.push(server)
  return server
}

function link(cluster: string, transport: MemoryTransport): void {
  peers.transports.set(cluster, transport)
  peers.changed()
}

/** Joins a cluster with backends at `ports`. */
async function join(cluster: string, ...ports: readonly number[]): Promise<DataPath> {
  const routes = new Snapshot(exportingEcho(...ports))
  const directory = new Snapshot(directoryOf({}))
  const router = dataPath({ cluster, routes, directory, peers: new MemoryPeers() })
  link(cluster, new MemoryTransport(router.acceptorFor('west')))
  owned.push({ [Symbol.asyncDispose]: () => router.stop() })
  return router
}

test('flows spread evenly over the clusters that export the service', async () => {
  await join('east', (await named('east')).port)
  await join('south', (await named('south')).port)
  const port = await echoPort(west)
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(port, 'x')))
  expect(answers.filter((answer) => answer === 'east 1')).toHaveLength(10)
  expect(answers.filter((answer) => answer === 'south 1')).toHaveLength(10)
})

test('of clusters with as many flows the nearest is taken, unless a policy gives weights', async () => {
  await join('east', (await named('east')).port)
  await join('south', (await named('south')).port)
  peers.costs.set('east', 3)
  const port = await echoPort(west)
  for (let count = 0; count < 5; count++) {
    expect(await ask(port, 'x')).toBe('south 1')
    await eventually(() => expect(west.openFlows).toBe(0))
  }
  const weights = new Map([['east', 1]])
  westRoutes.set({ ...importingEcho, traffic: new Map([[ECHO, { ...DEFAULT_TRAFFIC, weights }]]) })
  const answers = new Set<string>()
  for (let count = 0; count < 4; count++) answers.add(await ask(port, 'x'))
  expect(answers).toEqual(new Set(['south 1', 'east 1']))
})

test('a flow that met a relay without a way is opened to the same cluster again, with what the client has sent', async () => {
  const south = await named('south')
  const routes = new Snapshot(exportingEcho(south.port))
  const router = dataPath({
    cluster: 'south',
    routes,
    directory: new Snapshot(directoryOf({})),
    peers: new MemoryPeers(),
  })
  owned.push({ [Symbol.asyncDispose]: () => router.stop() })
  const accept = router.acceptorFor('west')
  let refusals = 0
  link(
    'south',
    new MemoryTransport((request, channel) => {
      if (refusals === 1) return accept(request, channel)
      refusals += 1
      setTimeout(
        () => channel.reset({ condition: 'fairlead:no-route', description: 'not over this relay' }),
        20,
      )
      return {
        onAccept() {},
        onData() {},
        onEnd() {},
        onReset() {},
        onDrain() {},
        onAcked() {},
        onClosed() {},
      }
    }),
  )
  expect(await ask(await echoPort(west), 'hello')).toBe('south 5')
  expect(refusals).toBe(1)
})

test('a flow whose cluster cannot connect is moved, with all that the client has sent and its end', async () => {
  await join('east', await closedPort())
  await join('south', (await named('south')).port)
  const port = await echoPort(west)
  const text = 'x'.repeat(1_000_000)
  const answers = await Promise.all(Array.from({ length: 6 }, () => ask(port, text)))
  expect(answers).toEqual(Array(6).fill('south 1000000'))
})

test('a client is reset when no cluster can connect', async () => {
  await join('east', await closedPort())
  await join('south')
  const port = await echoPort(west)
  expect(await howItEnds(connect(port, '127.0.0.1'))).toBe('ECONNRESET')
  expect(west.openFlows).toBe(0)
})

test('local ready backends are taken before other clusters', async () => {
  await join('east', (await named('east')).port)
  const local = await named('local')
  westRoutes.set({ ...exportingEcho(local.port), listeners: importingEcho.listeners })
  const port = await echoPort(west)
  expect(await Promise.all([1, 2, 3].map(() => ask(port, 'ab')))).toEqual(Array(3).fill('local 2'))
  await eventually(() => expect(west.openFlows).toBe(0))
})

test('another cluster takes over when the local backend refuses', async () => {
  await join('east', (await named('east')).port)
  westRoutes.set({ ...exportingEcho(await closedPort()), listeners: importingEcho.listeners })
  const port = await echoPort(west)
  expect(await ask(port, 'ab')).toBe('east 2')
})

test('a link that is lost before the backend accepted moves only a client that has sent nothing', async () => {
  const banner = await serve((socket) => socket.end('south'))
  owned.push(banner)
  const received: Buffer[] = []
  const silent = new MemoryTransport(() => ({
    onAccept() {},
    onData: (chunk) => received.push(chunk),
    onEnd() {},
    onReset() {},
    onDrain() {},
    onAcked() {},
    onClosed() {},
  }))
  link('east', silent)
  const port = await echoPort(west)
  const quiet = await dial(port)
  const talking = await dial(port)
  talking.write('perhaps delivered')
  const ending = howItEnds(talking)
  await eventually(() => expect([silent.openFlows, received.length]).toEqual([2, 1]))
  await join('south', banner.port)
  silent.lose()
  expect(String((await once(quiet, 'data'))[0])).toBe('south')
  expect(await ending).toBe('ECONNRESET')
  quiet.destroy()
})

test('connections beyond the bound on open flows are reset', async () => {
  const east = await named('east')
  await join('east', east.port)
  const small = dataPath({
    cluster: 'west',
    routes: westRoutes,
    directory: new Snapshot(directoryOf({ east: 1 })),
    peers,
    maxFlows: 2,
  })
  owned.push({ [Symbol.asyncDispose]: () => small.stop() })
  await small.start()
  const smallPort = await echoPort(small)
  const held = [await dial(smallPort), await dial(smallPort)]
  await eventually(() => expect(small.openFlows).toBe(2))
  expect(await howItEnds(connect(smallPort, '127.0.0.1'))).toBe('ECONNRESET')
  for (const socket of held) socket.end()
  await Promise.all(held.map((socket) => readAll(socket)))
  await eventually(() => expect(small.openFlows).toBe(0))
  expect(await ask(smallPort, 'x')).toBe('east 1')
})
