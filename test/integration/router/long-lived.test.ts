/** Flows that stay: idle time-outs, keep-alive, draining; on real sockets, and time that moves when told. */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { KEEP_ALIVE_MS } from '../../../src/router/limits.ts'
import { eventually } from '../../support/eventually.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { MemoryWorld, type WorldRouter, withTraffic } from '../../support/memory-world.ts'
import { echoPort } from '../../support/router-pair.ts'
import { directoryOf, exportingEcho, exportingNothing, importingEcho } from '../../support/routes.ts'
import { dial, howItEnds, serve, type TestServer } from '../../support/tcp.ts'

const IDLE_MS = 60_000

let world: MemoryWorld
let west: WorldRouter
let east: WorldRouter
let clock: FakeClock
let server: TestServer
/** How each connection of the backend ended. */
let endings: Promise<string>[]

beforeEach(async () => {
  world = new MemoryWorld()
  clock = new FakeClock()
  endings = []
  west = await world.router('west', importingEcho, { clock })
  east = await world.router('east', exportingNothing, { clock })
  world.link(['west', west], ['east', east])
  world.directory.set(directoryOf({ east: 1 }))
  server = await serve((socket) => {
    endings.push(howItEnds(socket))
    socket.pipe(socket)
  })
  east.routes.set(exportingEcho(server.port))
})

afterEach(async () => {
  await world[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

async function exchange(client: Socket, text: string): Promise<void> {
  client.write(text)
  expect(String((await once(client, 'data'))[0])).toBe(text)
}

describe('an idle flow', () => {
  test('is reset at both ends after the time the policy allows', async () => {
    west.routes.set(withTraffic(importingEcho, { idleMs: IDLE_MS }))
    const client = await dial(await echoPort(west.dataPath))
    await exchange(client, 'hello')
    const ending = howItEnds(client)
    await clock.advance(IDLE_MS - 1)
    expect(west.dataPath.openFlows).toBe(1)
    await clock.advance(IDLE_MS / 4 + 1)
    expect([await ending, await endings[0]]).toEqual(['ECONNRESET', 'ECONNRESET'])
    for (const router of [west, east]) {
      await eventually(() =>
        expect(router.lines.find(({ msg }) => msg === 'flow ended')).toMatchObject({
          ended: 'fairlead:idle-timeout',
          endedBy: 'router',
        }),
      )
    }
    expect(await west.metrics.text()).toContain('{side="ingress",reason="fairlead:idle-timeout"} 1')
  })

  test('that says something now and then stays', async () => {
    west.routes.set(withTraffic(importingEcho, { idleMs: IDLE_MS }))
    const client = await dial(await echoPort(west.dataPath))
    for (let count = 0; count < 5; count++) {
      await exchange(client, `still here ${count}`)
      await clock.advance(0.9 * IDLE_MS)
    }
    await exchange(client, 'and now')
    client.destroy()
  })

  test('stays for ever when no policy says otherwise', async () => {
    const client = await dial(await echoPort(west.dataPath))
    await exchange(client, 'hello')
    await clock.advance(30 * 24 * 3_600_000)
    await exchange(client, 'a month later')
    client.destroy()
  })
})

describe('a peer that vanishes', () => {
  test('is found by the kernel: both sockets of an idle flow are probed after a while', async () => {
    const client = await dial(await echoPort(west.dataPath))
    await exchange(client, 'hello')
    const [backend] = server.sockets
    const routerPorts = [client.remotePort, backend?.remotePort]
    const peerPorts = [client.localPort, server.port]
    for (const [index, port] of routerPorts.entries()) {
      const seconds = await keepAliveSeconds(port ?? 0, peerPorts[index] ?? 0)
      expect(seconds).toBeGreaterThan(KEEP_ALIVE_MS / 1000 - 10)
      expect(seconds).toBeLessThanOrEqual(KEEP_ALIVE_MS / 1000)
    }
    client.destroy()
  })
})

/** When the kernel probes an idle connection of 127.0.0.1, by its timers (proc(5), net/tcp: `tr` 02 is keep-alive). */
async function keepAliveSeconds(localPort: number, remotePort: number): Promise<number> {
  const ports = [localPort, remotePort].map((port) => port.toString(16).toUpperCase().padStart(4, '0'))
  return await eventually(async () => {
    const lines = (await readFile('/proc/self/net/tcp', 'utf8'))
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
    const line = lines.find(
      ([, local, remote]) => `${local} ${remote}` === `0100007F:${ports[0]} 0100007F:${ports[1]}`,
    )
    const [timer, ticks = ''] = line?.[5]?.split(':') ?? []
    expect(timer).toBe('02')
    return Number.parseInt(ticks, 16) / 100
  })
}

describe('draining', () => {
  test('refuses new clients, carries what is open both ways, and resets what is left at the end of its grace', async () => {
    const port = await echoPort(west.dataPath)
    const [short, long] = [await dial(port), await dial(port)]
    await exchange(short, 'short')
    await exchange(long, 'long')
    const drained = west.dataPath.drain(10_000)
    expect(await howItEnds(connect(port, '127.0.0.1'))).toBe('ECONNREFUSED')
    await clock.advance(5_000)
    await exchange(long, 'still there')
    const ended = howItEnds(short)
    short.end()
    expect(await ended).toBe('closed')
    const ending = howItEnds(long)
    await eventually(() => expect(west.dataPath.openFlows).toBe(1))
    await clock.advance(5_000)
    expect(await ending).toBe('ECONNRESET')
    await drained
    expect(west.dataPath.openFlows).toBe(0)
  })

  test('a router that drains on the side of the backend goes on with its flows', async () => {
    const client = await dial(await echoPort(west.dataPath))
    await exchange(client, 'before')
    const drained = east.dataPath.drain(10_000)
    await clock.advance(1_000)
    await exchange(client, 'after')
    client.end()
    await eventually(() => expect(east.dataPath.openFlows).toBe(0))
    await clock.advance(1_000)
    await drained
  })
})
