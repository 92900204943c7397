/** What happens to a client when nobody answers; real sockets, and time that moves when told. */
import { connect, type Socket } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import type { RouteSnapshot } from '../../../src/api/route-snapshot.ts'
import { DEFAULT_TRAFFIC } from '../../../src/api/traffic-settings.ts'
import { Snapshot } from '../../../src/core/snapshot.ts'
import type { DataPath } from '../../../src/router/data-path.ts'
import { acceptMs } from '../../../src/router/ingress-requests.ts'
import { DEADLINE_STEP_MS } from '../../../src/router/limits.ts'
import { NOBODY } from '../../../src/router/resume/nobody.ts'
import { deafServer } from '../../support/deaf-server.ts'
import { eventually } from '../../support/eventually.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { MemoryPeers, MemoryTransport } from '../../support/memory-transport.ts'
import { dataPath, echoPort } from '../../support/router-pair.ts'
import { directoryOf, exportingEcho, exportingNothing, importingEcho } from '../../support/routes.ts'
import { ask, howItEnds, serveEcho } from '../../support/tcp.ts'

const owned: AsyncDisposable[] = []

afterEach(async () => {
  for (const part of owned.splice(0).reverse()) await part[Symbol.asyncDispose]()
})

function own<T extends AsyncDisposable>(part: T): T {
  owned.push(part)
  return part
}

async function start(clock: FakeClock, routes: RouteSnapshot, peers = new MemoryPeers()): Promise<DataPath> {
  const directory = new Snapshot(directoryOf({ east: 1 }))
  const router = dataPath({ cluster: 'west', routes: new Snapshot(routes), directory, peers, clock })
  owned.push({ [Symbol.asyncDispose]: () => router.stop() })
  await router.start()
  return router
}

function knock(port: number): Socket {
  return connect({ port, host: '127.0.0.1', allowHalfOpen: true })
}

test('a backend that does not answer is given up for another one', async () => {
  const clock = new FakeClock()
  const deaf = own(await deafServer())
  const echo = own(await serveEcho())
  const routes = { ...exportingEcho(deaf.port, echo.port), listeners: importingEcho.listeners }
  const router = await start(clock, routes)
  const answer = ask(await echoPort(router), 'hello')
  // Both ends of a local flow.
  await eventually(() => expect(router.openFlows).toBe(2))
  await clock.advance(DEFAULT_TRAFFIC.connectMs + DEADLINE_STEP_MS)
  expect(await answer).toBe('hello')
})

test('a client is reset when no backend has answered in time', async () => {
  const clock = new FakeClock()
  const deaf = own(await deafServer())
  const routes = { ...exportingEcho(deaf.port), listeners: importingEcho.listeners }
  const router = await start(clock, routes)
  const ending = howItEnds(knock(await echoPort(router)))
  await eventually(() => expect(router.openFlows).toBe(2))
  await clock.advance(DEFAULT_TRAFFIC.connectMs + DEADLINE_STEP_MS)
  expect(await ending).toBe('ECONNRESET')
  expect(router.openFlows).toBe(0)
})

test('a client is reset when the other cluster says nothing in time', async () => {
  const clock = new FakeClock()
  const peers = new MemoryPeers()
  peers.transports.set('east', new MemoryTransport(() => NOBODY))
  const routes = { ...exportingNothing, listeners: importingEcho.listeners }
  const router = await start(clock, routes, peers)
  const client = knock(await echoPort(router))
  const ending = howItEnds(client)
  await eventually(() => expect(router.openFlows).toBe(1))
  await clock.advance(acceptMs(DEFAULT_TRAFFIC) - DEADLINE_STEP_MS)
  expect(router.openFlows).toBe(1)
  await clock.advance(2 * DEADLINE_STEP_MS)
  expect(await ending).toBe('ECONNRESET')
  expect(router.openFlows).toBe(0)
})
