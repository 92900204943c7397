/** Where new flows go when backends refuse, are gone or do not answer, and when links are lost; on real sockets. */
import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { Backend, RouteSnapshot } from '../../../src/api/route-snapshot.ts'
import { DEFAULT_TRAFFIC, Locality } from '../../../src/api/traffic-settings.ts'
import { LINK_WAIT_MS, RECENTLY_REACHABLE_MS } from '../../../src/router/limits.ts'
import { deafServer } from '../../support/deaf-server.ts'
import { eventually } from '../../support/eventually.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { type MemoryLink, MemoryWorld, type WorldRouter, withTraffic } from '../../support/memory-world.ts'
import { echoPort } from '../../support/router-pair.ts'
import { directoryOf, ECHO, exportingEcho, exportingNothing, importingEcho } from '../../support/routes.ts'
import {
  ask,
  closedPort,
  dial,
  howItEnds,
  readAll,
  serve,
  serveEcho,
  type TestServer,
} from '../../support/tcp.ts'

let world: MemoryWorld
let west: WorldRouter
let east: WorldRouter
let link: MemoryLink
let clock: FakeClock
const servers: AsyncDisposable[] = []

beforeEach(async () => {
  world = new MemoryWorld()
  clock = new FakeClock()
  west = await world.router('west', importingEcho, { clock })
  east = await world.router('east', exportingNothing, { clock })
  link = world.link(['west', west], ['east', east])
  world.directory.set(directoryOf({ east: 1 }))
})

afterEach(async () => {
  await world[Symbol.asyncDispose]()
  for (const server of servers.splice(0)) await server[Symbol.asyncDispose]()
})

function own<T extends AsyncDisposable>(server: T): T {
  servers.push(server)
  return server
}

/** A backend that says its name to each client. */
async function named(name: string): Promise<TestServer> {
  return own(await serve((socket) => socket.end(name)))
}

async function who(port: number): Promise<string> {
  const client = await dial(port)
  client.end()
  return (await readAll(client)).toString()
}

async function refuses(port: number): Promise<boolean> {
  return (await howItEnds(connect(port, '127.0.0.1'))) === 'ECONNREFUSED'
}

function records(router: WorldRouter): readonly Record<string, unknown>[] {
  return router.lines.filter(({ msg }) => msg === 'flow ended')
}

describe('backends', () => {
  test('no client notices one that refuses, which is left alone after three failures and probed until it is back', async () => {
    const dead = await closedPort()
    const echo = own(await serveEcho())
    east.routes.set(exportingEcho(dead, echo.port))
    const port = await echoPort(west.dataPath)
    for (let count = 0; count < 10; count++) expect(await ask(port, 'x')).toBe('x')
    const failed = await eventually(() => {
      const all = records(east).filter(({ attempts }) => (attempts as unknown[]).length > 0)
      expect(records(east)).toHaveLength(10)
      return all
    })
    expect(failed).toHaveLength(3)
    expect(failed[0]).toMatchObject({
      attempts: [{ to: `127.0.0.1:${dead}`, reason: 'ECONNREFUSED' }],
      backend: `127.0.0.1:${echo.port}`,
      ended: 'finished',
    })
    expect(await east.metrics.text()).toContain('fairlead_router_ejections_total 1')
    expect(await east.metrics.text()).toContain('fairlead_router_ejected_endpoints 1')
    const back = own(await serve((socket) => socket.end('back'), dead))
    await clock.advance(DEFAULT_TRAFFIC.ejection.baseMs / 5)
    await eventually(async () =>
      expect(await east.metrics.text()).toContain('fairlead_router_ejected_endpoints 0'),
    )
    expect([await who(port), await who(port)]).toContain('back')
    expect(back.port).toBe(dead)
  })

  test('one that is killed under its flows resets them, and new flows go elsewhere', async () => {
    const first = own(await serve((socket) => socket.write('first')))
    const second = await named('second')
    east.routes.set(exportingEcho(first.port))
    const port = await echoPort(west.dataPath)
    const client = await dial(port)
    await new Promise((resolve) => client.once('data', resolve))
    const ending = howItEnds(client)
    east.routes.set(exportingEcho(first.port, second.port))
    for (const socket of first.sockets) socket.resetAndDestroy()
    await first[Symbol.asyncDispose]()
    expect(await ending).toBe('ECONNRESET')
    expect(await Promise.all([1, 2, 3].map(() => who(port)))).toEqual(Array(3).fill('second'))
  })

  test('one that terminates gets no new flow while another is ready, and all of them when none is', async () => {
    const terminating = await named('terminating')
    const ready = await named('ready')
    const backends = [terminating, ready].map(
      ({ port }, index): Backend => ({ address: '127.0.0.1', port, ready: index === 1, serving: true }),
    )
    east.routes.set(exporting(backends))
    const port = await echoPort(west.dataPath)
    expect(await Promise.all([1, 2, 3].map(() => who(port)))).toEqual(Array(3).fill('ready'))
    east.routes.set(exporting(backends.slice(0, 1)))
    expect(await who(port)).toBe('terminating')
  })

  test('as many are tried as the policy says', async () => {
    const dead = [await closedPort(), await closedPort(), await closedPort(), await closedPort()]
    east.routes.set(withTraffic(exportingEcho(...dead), { retries: 1 }))
    const port = await echoPort(west.dataPath)
    expect(await howItEnds(connect(port, '127.0.0.1'))).toBe('ECONNRESET')
    expect(records(east)).toMatchObject([
      { ended: 'fairlead:connect-failed', endedBy: 'router', attempts: [{}, {}] },
    ])
    expect(records(west)).toMatchObject([
      { ended: 'fairlead:connect-failed', cluster: 'east', attempts: [{ to: 'east' }], endedBy: 'router' },
    ])
  })

  test('one that does not answer is given up as soon as the policy says', async () => {
    const deaf = own(await deafServer())
    const echo = own(await serveEcho())
    east.routes.set(withTraffic(exportingEcho(deaf.port, echo.port), { connectMs: 500 }))
    const answer = ask(await echoPort(west.dataPath), 'x')
    await eventually(() => expect(east.dataPath.openFlows).toBe(1))
    await clock.advance(750)
    expect(await answer).toBe('x')
    await eventually(() =>
      expect(records(east)).toMatchObject([
        { attempts: [{ to: `127.0.0.1:${deaf.port}`, reason: 'ETIMEDOUT' }] },
      ]),
    )
  })
})

function exporting(backends: readonly Backend[]): RouteSnapshot {
  const [port] = exportingEcho().exports.get(ECHO) ?? []
  if (port === undefined) throw new Error('no port')
  return { ...exportingNothing, exports: new Map([[ECHO, [{ ...port, backends }]]]) }
}

describe('clusters', () => {
  let south: WorldRouter

  beforeEach(async () => {
    south = await world.router('south', exportingEcho((await named('south')).port), { clock })
    world.link(['west', west], ['south', south])
    east.routes.set(exportingEcho((await named('east')).port))
    world.directory.set(directoryOf({ east: 1, south: 1 }))
  })

  /** Who answers so many clients, one after the other, under these settings. */
  async function answers(count: number, settings: Parameters<typeof withTraffic>[1]): Promise<string[]> {
    west.routes.set(withTraffic(west.routes.current(), settings))
    const port = await echoPort(west.dataPath)
    const names: string[] = []
    for (let index = 0; index < count; index++) names.push(await who(port))
    return names.sort()
  }

  test('each new flow goes by the settings of that moment', async () => {
    const { any, failover } = Locality
    expect(await answers(4, { locality: any })).toEqual(['east', 'east', 'south', 'south'])
    expect(await answers(3, { locality: failover, failover: ['south'] })).toEqual(Array(3).fill('south'))
    const weighted = await answers(16, { weights: new Map([['east', 3]]) })
    expect(Math.abs(weighted.filter((name) => name === 'east').length - 12)).toBeLessThanOrEqual(1)
    expect(await answers(3, { weights: new Map([['south', 0]]) })).toEqual(Array(3).fill('east'))
  })

  test('a cluster that cannot connect is made up for by another', async () => {
    east.routes.set(exportingEcho(await closedPort()))
    expect(await answers(4, {})).toEqual(Array(4).fill('south'))
  })

  test('a service that must stay in its cluster is refused when it is not there', async () => {
    const port = await echoPort(west.dataPath)
    west.routes.set(withTraffic(west.routes.current(), { locality: Locality.requireLocal }))
    expect(await refuses(port)).toBe(true)
  })

  test('a client with affinity stays in its cluster, and moves when that has no endpoint left', async () => {
    const [listener] = importingEcho.listeners
    if (listener === undefined) throw new Error('no listener')
    west.routes.set({ ...importingEcho, listeners: [{ ...listener, affinity: { timeoutMs: 60_000 } }] })
    const port = await echoPort(west.dataPath)
    const first = await who(port)
    for (let count = 0; count < 5; count++) expect(await who(port)).toBe(first)
    world.directory.set(directoryOf({ east: 1, south: 1, [first]: 0 }))
    expect(await who(port)).toBe(first === 'east' ? 'south' : 'east')
  })
})

describe('a port with nowhere to go', () => {
  test('refuses while no cluster has a ready endpoint, and takes clients again once one has', async () => {
    own(await serveEcho())
    const port = await echoPort(west.dataPath)
    world.directory.set(directoryOf({ east: 0 }))
    expect(await refuses(port)).toBe(true)
    expect(west.dataPath.listenPort(ECHO, 80)).toBeUndefined()
    expect(west.dataPath.notReady()).toEqual([])
    expect(await west.metrics.text()).toContain('fairlead_router_listeners_closed 1')
    world.directory.set(directoryOf({ east: 1 }))
    await echoPort(west.dataPath)
  })

  test('keeps its open flows', async () => {
    const echo = own(await serveEcho())
    east.routes.set(exportingEcho(echo.port))
    const client = await dial(await echoPort(west.dataPath))
    world.directory.set(directoryOf({}))
    east.routes.set(exportingNothing)
    client.end('still here')
    expect((await readAll(client)).toString()).toBe('still here')
  })

  test('refuses once its cluster has been out of reach for long', async () => {
    const port = await echoPort(west.dataPath)
    link.lose()
    await clock.advance(RECENTLY_REACHABLE_MS - 1)
    expect(west.dataPath.listenPort(ECHO, 80)).toBe(port)
    await clock.advance(1)
    expect(await refuses(port)).toBe(true)
    link.restore()
    await echoPort(west.dataPath)
  })
})

describe('a link that is lost', () => {
  beforeEach(async () => {
    east.routes.set(exportingEcho(own(await serveEcho()).port))
  })

  test('keeps new clients waiting until it is back, and loses nothing they said', async () => {
    const port = await echoPort(west.dataPath)
    link.lose()
    const answer = ask(port, 'patience')
    await eventually(async () =>
      expect(await west.metrics.text()).toContain('fairlead_router_flows_waiting_for_link 1'),
    )
    link.restore()
    expect(await answer).toBe('patience')
    expect(await west.metrics.text()).toContain('fairlead_router_flows_waiting_for_link 0')
  })

  test('ends new clients when it does not come back in time', async () => {
    const port = await echoPort(west.dataPath)
    link.lose()
    const ending = howItEnds(await dial(port))
    await eventually(() => expect(west.dataPath.openFlows).toBe(1))
    await clock.advance(LINK_WAIT_MS + 250)
    expect(await ending).toBe('ECONNRESET')
  })

  test('under a client that has said nothing is replaced by the next one', async () => {
    const deaf = own(await deafServer())
    east.routes.set(exportingEcho(deaf.port))
    const client = await dial(await echoPort(west.dataPath))
    await eventually(() => expect(east.dataPath.openFlows).toBe(1))
    east.routes.set(exportingEcho(own(await serveEcho()).port))
    link.lose()
    link.restore()
    client.end('hello')
    expect((await readAll(client)).toString()).toBe('hello')
  })
})
