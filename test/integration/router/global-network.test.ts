/** Global addresses over a real link, with agents of the backends' cluster: from the client's router to the backend's port. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { SourceTable } from '../../../src/api/global-source.ts'
import type { RouteSnapshot } from '../../../src/api/route-snapshot.ts'
import type { OriginState } from '../../../src/api/service-record.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { silentLogger } from '../../../src/core/log.ts'
import { createMetrics } from '../../../src/core/metrics.ts'
import { Snapshot } from '../../../src/core/snapshot.ts'
import { addressOwners } from '../../../src/globalnet/address-owners.ts'
import { SourceClient } from '../../../src/link/source-client.ts'
import { TestClusterset } from '../../support/clusterset.ts'
import { eventually } from '../../support/eventually.ts'
import { linkTo, sample, startClient, tlsOf } from '../../support/network.ts'
import { type TestRouter, testRouter } from '../../support/network-pair.ts'
import { echoPort } from '../../support/router-pair.ts'
import { directoryOf, exportingEcho, exportingNothing, importingEcho } from '../../support/routes.ts'
import { ask, serve } from '../../support/tcp.ts'

const ADDRESS = '242.7.0.1'

let set: TestClusterset
let west: TestRouter
let east: TestRouter
let eastRoutes: Snapshot<RouteSnapshot>
/** What west's controller says that west has. */
let claim: (block?: string) => void
const ended: (() => Promise<unknown>)[] = []

/** Two routers that have just started. `settlingMs`: how long agents and claims are waited for. */
async function begin(settlingMs: number): Promise<void> {
  set = await TestClusterset.create()
  ended.push(() => set[Symbol.asyncDispose]())
  eastRoutes = new Snapshot<RouteSnapshot>(exportingNothing)
  const westRoutes = new Snapshot<RouteSnapshot>(importingEcho)
  const { east: exported } = directoryStates()
  // By what it has heard itself, as a router process judges.
  east = testRouter({
    cluster: 'east',
    tlsDir: await set.tlsDir('east'),
    routes: eastRoutes,
    owns: (cluster, address) => addressOwners()(east.network.directory.current())(cluster, address),
    settlingMs,
  })
  west = testRouter({
    cluster: 'west',
    tlsDir: await set.tlsDir('west'),
    routes: westRoutes,
    clients: {
      find: () => ({ namespace: 'shop', pod: 'web-0', serviceAccount: 'web', globalAddress: ADDRESS }),
    },
  })
  for (const { parts } of [east, west]) {
    await parts.start()
    ended.push(() => parts.stop())
  }
  const controllers = {
    east: await startClient(await set.tlsDir('east', 'controller'), east.network.port),
    west: await startClient(await set.tlsDir('west', 'controller'), west.network.port),
  }
  ended.push(
    () => controllers.east.stop(),
    () => controllers.west.stop(),
  )
  controllers.east.publish(exported)
  let sequence = 0
  claim = (block) => {
    sequence += 1
    const facts = block === undefined ? {} : { globalnet: { block, claimedAt: 1 } }
    controllers.west.publish({ cluster: 'west', epoch: 1, sequence, records: new Map(), facts })
  }
  claim('242.7.0.0/16')
  westRoutes.set({ ...importingEcho, links: [linkTo('east', east.network.port)] })
  await eventually(() => expect(blockOfWest()).toBe('242.7.0.0/16'))
  await eventually(() => expect(west.network.directory.current().get('east')?.records.size).toBe(1))
}

afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end()
})

const directoryStates = () => ({ east: directoryOf({ east: 1 }).get('east') as OriginState })
const blockOfWest = () => east.network.directory.current().get('west')?.facts?.globalnet?.block

/** An agent whose node translates as soon as it is told, or never. */
async function agent(isObedient = true): Promise<SourceClient> {
  const routers = new Snapshot([{ name: 'east', host: '127.0.0.1', port: east.network.port }])
  const client = new SourceClient(
    {
      clock: systemClock,
      logger: silentLogger,
      metrics: createMetrics(),
      routers,
      tls: tlsOf(await set.tlsDir('east', 'agent')),
    },
    { version: 'test' },
  )
  if (isObedient) client.sources.subscribe((table) => client.applied(table))
  await client.start()
  ended.push(() => client.stop())
  await eventually(() => expect(client.missing).toEqual([]))
  return client
}

/** A backend of east that tells each client the port it came from. */
async function portTeller(): Promise<void> {
  const server = await serve((socket) => socket.resume().end(String(socket.remotePort)))
  ended.push(async () => server[Symbol.asyncDispose]())
  eastRoutes.set(exportingEcho(server.port))
}

const sourcePort = async () => Number(await ask(await echoPort(west.dataPath), ''))

/** The global address that a node translates a port of the router to. */
function translated(table: SourceTable, port: number): string | undefined {
  return table.get('127.0.0.1')?.find(({ first, last }) => first <= port && port <= last)?.address
}

test('without agents nothing changes for backends, once a first one was waited for', async () => {
  await begin(500)
  await portTeller()
  await sourcePort()
  expect(await sample(east.metrics, 'fairlead_router_source_slots')).toBe(0)
})

describe('routers that have just started, however slow the machine is', () => {
  beforeEach(() => begin(3_600_000))

  test('every agent knows the port that a backend sees before it sees it', async () => {
    await portTeller()
    const agents = [await agent(), await agent()]
    const port = await sourcePort()
    for (const { sources } of agents) expect(translated(sources.current(), port)).toBe(ADDRESS)
    expect(await sample(east.metrics, 'fairlead_router_sources_late_total')).toBe(0)
  })

  test('an agent that never answers holds a new slot up for a moment, and no flow after that', async () => {
    await portTeller()
    const [, lagging] = [await agent(), await agent(false)]
    const port = await sourcePort()
    expect(translated(lagging.sources.current(), port)).toBe(ADDRESS)
    expect(await sample(east.metrics, 'fairlead_router_sources_late_total')).toBe(1)
    await sourcePort()
    expect(await sample(east.metrics, 'fairlead_router_sources_late_total')).toBe(1)
  })

  test('an agent that comes later is told the slots that there are', async () => {
    await portTeller()
    await agent()
    const port = await sourcePort()
    const late = await agent()
    expect(translated(late.sources.current(), port)).toBe(ADDRESS)
  })

  test('a flow that comes before the first agent waits for it', async () => {
    await portTeller()
    const port = sourcePort()
    const { sources } = await agent()
    const seen = await port
    expect(translated(sources.current(), seen)).toBe(ADDRESS)
  })

  test('a flow that comes before the claim of its cluster waits for it', async () => {
    claim()
    await eventually(() => expect(blockOfWest()).toBeUndefined())
    await portTeller()
    const { sources } = await agent()
    const port = sourcePort()
    claim('242.7.0.0/16')
    const seen = await port
    expect(translated(sources.current(), seen)).toBe(ADDRESS)
    expect(await sample(east.metrics, 'fairlead_router_global_addresses_refused_total')).toBe(0)
  })

  test('agents that are away for a moment still translate: the ports stand for the address meanwhile', async () => {
    await portTeller()
    const last = await agent()
    const first = await sourcePort()
    const before = translated(last.sources.current(), first)
    await last.stop()
    await eventually(() => expect(east.network.agents?.size).toBe(0))
    const port = await sourcePort()
    expect([before, translated(last.sources.current(), port)]).toEqual([ADDRESS, ADDRESS])
  })

  test('a cluster that claims another block is believed in that alone', async () => {
    await portTeller()
    const { sources } = await agent()
    claim('242.9.0.0/16')
    await eventually(() => expect(blockOfWest()).toBe('242.9.0.0/16'))
    const port = await sourcePort()
    expect(translated(sources.current(), port)).toBeUndefined()
    expect(await sample(east.metrics, 'fairlead_router_global_addresses_refused_total')).toBe(1)
  })
})
