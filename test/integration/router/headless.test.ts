/** Flows to one endpoint of a headless Service in one cluster: to that and to no other, or to none; on real sockets. */
import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { FlowError, FlowRequest } from '../../../src/amqp/flow-transport.ts'
import { handlerOf } from '../../support/connection-pair.ts'
import { eventually } from '../../support/eventually.ts'
import { MemoryTransport } from '../../support/memory-transport.ts'
import { MemoryWorld, type WorldRouter } from '../../support/memory-world.ts'
import {
  ECHO,
  endpointDirectory,
  exportingEndpoints,
  exportingNothing,
  importingEndpoint,
  overUdp,
} from '../../support/routes.ts'
import { closedPort, dial, howItEnds, readAll, serve, type TestServer } from '../../support/tcp.ts'
import { serveUdpEcho, UdpClient } from '../../support/udp.ts'
import { dropsOf } from '../../support/udp-metrics.ts'

const WEB_0 = { cluster: 'east', id: 'web-0' }

let world: MemoryWorld
let west: WorldRouter
let east: WorldRouter
const owned: AsyncDisposable[] = []

beforeEach(async () => {
  world = new MemoryWorld()
  west = await world.router('west', importingEndpoint('east', 'web-0'))
  east = await world.router('east', exportingNothing)
  world.link(['west', west], ['east', east])
})

afterEach(async () => {
  for (const part of owned.splice(0).reverse()) await part[Symbol.asyncDispose]()
  await world[Symbol.asyncDispose]()
})

function own<T extends AsyncDisposable>(part: T): T {
  owned.push(part)
  return part
}

/** A backend that says its name to each client. */
async function named(name: string): Promise<TestServer> {
  return own(await serve((socket) => socket.end(name)))
}

/** Where west stands in for web-0 of east, once it listens. */
async function port(protocol: 'TCP' | 'UDP' = 'TCP'): Promise<number> {
  return await eventually(() => {
    const found = west.dataPath.listenPort(ECHO, 80, protocol, WEB_0)
    if (found === undefined) throw new Error('not listening')
    return found
  })
}

async function who(): Promise<string> {
  const client = await dial(await port())
  client.end()
  return (await readAll(client)).toString()
}

const isClosed = () => west.dataPath.listenPort(ECHO, 80, 'TCP', WEB_0) === undefined

describe('a TCP client', () => {
  test('reaches the endpoint it named, every time, and not the others', async () => {
    const [zero, one] = [await named('zero'), await named('one')]
    east.routes.set(exportingEndpoints({ 'web-1': one.port, 'web-0': zero.port }))
    world.directory.set(endpointDirectory({ east: [{ id: 'web-0' }, { id: 'web-1' }] }))
    const answers = [await who(), await who(), await who(), await who()]
    expect(answers).toEqual(Array(4).fill('zero'))
    await eventually(() => {
      const ended = [west, east].map(({ lines }) => lines.filter(({ msg }) => msg === 'flow ended'))
      expect(ended.flat().map(({ endpoint }) => endpoint)).toEqual(Array(8).fill('web-0'))
    })
  })

  test('is not sent to the endpoint of that name in another cluster', async () => {
    const south = await world.router('south', exportingEndpoints({ 'web-0': (await named('south')).port }))
    world.link(['west', west], ['south', south])
    world.directory.set(endpointDirectory({ south: [{ id: 'web-0' }] }))
    expect(isClosed()).toBe(true)
    east.routes.set(exportingEndpoints({ 'web-0': (await named('east')).port }))
    world.directory.set(endpointDirectory({ south: [{ id: 'web-0' }], east: [{ id: 'web-0' }] }))
    expect([await who(), await who()]).toEqual(['east', 'east'])
  })

  test('is refused while the endpoint is gone or not ready, and let in again when it is back', async () => {
    east.routes.set(exportingEndpoints({ 'web-0': (await named('zero')).port }))
    world.directory.set(endpointDirectory({ east: [{ id: 'web-0' }] }))
    const before = await port()
    for (const endpoints of [[{ id: 'web-1' }], [{ id: 'web-0', unready: true as const }]]) {
      world.directory.set(endpointDirectory({ east: endpoints }))
      await eventually(async () => expect(await howItEnds(connect(before, '127.0.0.1'))).toBe('ECONNREFUSED'))
    }
    world.directory.set(endpointDirectory({ east: [{ id: 'web-0' }] }))
    expect(await who()).toBe('zero')
  })

  test('follows the name to the pod that replaced another', async () => {
    world.directory.set(endpointDirectory({ east: [{ id: 'web-0' }] }))
    for (const name of ['old', 'new']) {
      east.routes.set(exportingEndpoints({ 'web-0': (await named(name)).port }))
      expect(await who()).toBe(name)
    }
  })

  test('is reset, and sent to no other, when the endpoint is gone before its cluster has told so', async () => {
    east.routes.set(exportingEndpoints({ 'web-1': (await named('one')).port }))
    world.directory.set(endpointDirectory({ east: [{ id: 'web-0' }] }))
    expect(await howItEnds(connect(await port(), '127.0.0.1'))).toBe('ECONNRESET')
    east.routes.set(exportingEndpoints({ 'web-1': (await named('one')).port, 'web-0': await closedPort() }))
    expect(await howItEnds(connect(await port(), '127.0.0.1'))).toBe('ECONNRESET')
  })
})

test('300 endpoints have a port each, and one that is lost closes its own alone', async () => {
  const ids = Array.from({ length: 300 }, (_, index) => `web-${index}`)
  const backend = await named('some')
  const listeners = ids.flatMap((id) => importingEndpoint('east', id).listeners)
  const told = (lost?: string) =>
    endpointDirectory({ east: ids.map((id) => (id === lost ? { id, unready: true as const } : { id })) })
  const open = () => ids.filter((id) => west.dataPath.listenPort(ECHO, 80, 'TCP', { cluster: 'east', id }))
  east.routes.set(exportingEndpoints(Object.fromEntries(ids.map((id) => [id, backend.port]))))
  west.routes.set({ ...west.routes.current(), listeners })
  world.directory.set(told())
  await eventually(() => expect(open()).toEqual(ids))
  expect(await who()).toBe('some')
  world.directory.set(told('web-7'))
  await eventually(() => expect(open()).toEqual(ids.filter((id) => id !== 'web-7')))
})

describe('a UDP client', () => {
  beforeEach(() => west.routes.set(overUdp(importingEndpoint('east', 'web-0'))))

  const endpoints = (ports: Readonly<Record<string, number>>) => overUdp(exportingEndpoints(ports))

  async function client(): Promise<UdpClient> {
    return own(await UdpClient.to(await port('UDP')))
  }

  async function says(asker: UdpClient, answer: string): Promise<void> {
    await eventually(() => {
      asker.send('x')
      expect(asker.texts.at(-1)).toBe(answer)
    })
  }

  test('reaches the endpoint it named, and follows the name to the pod that replaces it', async () => {
    const [zero, one] = [own(await serveUdpEcho('zero ')), own(await serveUdpEcho('one '))]
    const successor = own(await serveUdpEcho('successor '))
    east.routes.set(endpoints({ 'web-1': one.port, 'web-0': zero.port }))
    world.directory.set(endpointDirectory({ east: [{ id: 'web-0' }, { id: 'web-1' }] }))
    const asker = await client()
    await says(asker, 'zero x')
    east.routes.set(endpoints({ 'web-1': one.port, 'web-0': successor.port }))
    await says(asker, 'successor x')
    expect(one.clients.size).toBe(0)
  })

  test('loses its endpoint to nobody when the name passes to another pod and its own stays', async () => {
    const [zero, one] = [own(await serveUdpEcho('zero ')), own(await serveUdpEcho('one '))]
    east.routes.set(endpoints({ 'web-0': zero.port, 'web-1': one.port }))
    world.directory.set(endpointDirectory({ east: [{ id: 'web-0' }, { id: 'web-1' }] }))
    const asker = await client()
    await says(asker, 'zero x')
    east.routes.set(endpoints({ 'web-1': zero.port, 'web-0': one.port }))
    await says(asker, 'one x')
  })

  test('is sent to no other when the endpoint is gone', async () => {
    const one = own(await serveUdpEcho('one '))
    east.routes.set(endpoints({ 'web-1': one.port }))
    world.directory.set(endpointDirectory({ east: [{ id: 'web-0' }] }))
    const asker = await client()
    asker.send('x')
    await eventually(async () =>
      expect((await dropsOf(west.metrics, 'ingress', 'no-backend')) > 0).toBe(true),
    )
    expect([asker.received.length, one.clients.size]).toEqual([0, 0])
  })
})

describe('a peer that asks by itself', () => {
  const request: FlowRequest = {
    service: ECHO,
    protocol: 'TCP',
    port: 80,
    client: { address: '10.0.0.1', port: 1 },
  }

  test.each(['web-7', 'web-00', 'echo'])('for endpoint %s, which is none, is refused', async (endpoint) => {
    east.routes.set(exportingEndpoints({ 'web-0': (await named('zero')).port }))
    const transport = new MemoryTransport(east.dataPath.acceptorFor('west'))
    const ended = Promise.withResolvers<FlowError>()
    transport.open({ ...request, endpoint }, () => handlerOf({ onReset: ended.resolve }))
    expect((await ended.promise).condition).toBe('fairlead:no-backend')
  })
})
