/** Flows over relays whose links and relays are lost, drain and stop under them: real routers, sockets and TLS. */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import { ProxyProtocol } from '../../../src/api/traffic-settings.ts'
import { TlvType } from '../../../src/router/proxy-protocol/header.ts'
import { eventually } from '../../support/eventually.ts'
import { sample } from '../../support/network.ts'
import { readProxyHeader } from '../../support/proxy-header.ts'
import { lineOf, type MeshOptions, RelayMesh, relayedPair } from '../../support/relay-mesh.ts'
import { echoPort } from '../../support/router-pair.ts'
import { ECHO, exportingEcho, withGrace } from '../../support/routes.ts'
import { ask, dial, hashOf, howItEnds, readAll, sendRandom, serve, serveEcho } from '../../support/tcp.ts'
import { describeAssociations } from '../../support/udp-behaviours.ts'

const MIB = 1024 * 1024

const RING: MeshOptions = {
  between: ['left', 'right'],
  links: [
    ['west', 'left'],
    ['west', 'right'],
    ['left', 'east'],
    ['right', 'east'],
  ],
}

const cleanups: AsyncDisposable[] = []

afterEach(async () => {
  for (const part of cleanups.splice(0).reverse()) await part[Symbol.asyncDispose]()
})

function kept<T extends AsyncDisposable>(part: T): T {
  cleanups.push(part)
  return part
}

/** A mesh whose east has this backend, or an echo. */
async function meshOf(options: MeshOptions, handle?: (socket: Socket) => void): Promise<RelayMesh> {
  const server = kept(await (handle === undefined ? serveEcho() : serve(handle)))
  const mesh = kept(await RelayMesh.start(options))
  const { routes } = mesh.router('east')
  routes.set({ ...exportingEcho(server.port), links: routes.current().links })
  return mesh
}

function portOf(mesh: RelayMesh): Promise<number> {
  return echoPort(mesh.router('west').dataPath)
}

/** Sends `text` to an echo and reads it back. */
async function exchange(client: Socket, text: string): Promise<void> {
  client.write(text)
  let got = ''
  while (got.length < text.length) got += String((await once(client, 'data'))[0])
  expect(got).toBe(text)
}

function relayed(mesh: RelayMesh, cluster: string): Promise<number> {
  return sample(mesh.router(cluster).metrics, 'fairlead_router_relayed_flows')
}

async function nothingLeft(mesh: RelayMesh): Promise<void> {
  await eventually(async () => {
    for (const { dataPath, network, metrics, cluster } of mesh.routers) {
      const relaying = await sample(metrics, 'fairlead_router_relayed_flows')
      const arrived = await sample(metrics, 'fairlead_router_relay_arrived_flows')
      expect([cluster, dataPath.openFlows, network.peers.openFlows, relaying, arrived]).toEqual([
        cluster,
        0,
        0,
        0,
        0,
      ])
    }
  })
}

/** So many clients whose flows have been accepted. */
async function clientsOf(port: number, count: number): Promise<Socket[]> {
  const clients = await Promise.all(Array.from({ length: count }, () => dial(port)))
  for (const client of clients) await exchange(client, 'hello')
  return clients
}

/** Each sends so much, and what it gets back is to have the same hash. */
function streams(clients: readonly Socket[], megabytes: number) {
  const received = clients.map(hashOf)
  return { received, sent: clients.map((client) => sendRandom(client, megabytes)) }
}

/** Resolves when so much has come back. */
function gotBack(client: Socket | undefined, bytes: number): Promise<boolean> {
  return eventually(() => (client?.bytesRead ?? 0) >= bytes, { within: 60_000, every: 5 })
}

describeAssociations('associations of routers with a relay between them', () => relayedPair('middle'))

describe('a ring', () => {
  test('thirty flows keep their bytes when a relay dies under them, though no topology was told', async () => {
    const mesh = await meshOf(RING)
    const clients = await clientsOf(await portOf(mesh), 30)
    expect([await relayed(mesh, 'left'), await relayed(mesh, 'right')]).toEqual([15, 15])
    const { sent, received } = streams(clients, 2)
    await gotBack(clients[0], MIB / 4)
    mesh.kill('left')
    expect(await Promise.all(received)).toEqual(await Promise.all(sent))
    await nothingLeft(mesh)
  }, 120_000)

  test('flows keep their bytes while the relays die and come back in turn', async () => {
    const mesh = await meshOf(RING)
    const clients = await clientsOf(await portOf(mesh), 4)
    const { sent, received } = streams(clients, 24)
    for (const [round, cluster] of ['left', 'right', 'left', 'right'].entries()) {
      await gotBack(clients[0], 4 * MIB * (round + 1))
      mesh.kill(cluster)
      await eventually(async () => expect(await relayed(mesh, cluster)).toBe(0))
      mesh.revive(cluster)
      await eventually(() => mesh.router('west').network.peers.reachable().includes(cluster))
      await eventually(() => mesh.router('east').network.peers.reachable().includes(cluster))
    }
    expect(await Promise.all(received)).toEqual(await Promise.all(sent))
    await nothingLeft(mesh)
  }, 120_000)

  test('a new connection is carried over the other relay while one link beyond the neighbour is dead', async () => {
    const mesh = await meshOf(RING)
    const port = await portOf(mesh)
    mesh.proxy('left', 'east').cut()
    mesh.proxy('left', 'east').reset()
    const { linkStatus } = mesh.router('left').network
    await eventually(() => linkStatus.current().every(({ state }) => state.kind !== 'established'))
    const texts = Array.from({ length: 40 }, (_, index) => `client ${index}`)
    expect(await Promise.all(texts.map((text) => ask(port, text)))).toEqual(texts)
    await nothingLeft(mesh)
  }, 60_000)

  test('a relay that drains keeps its flows and gets no new ones, and when it stops they go on elsewhere', async () => {
    const mesh = await meshOf(RING)
    const port = await portOf(mesh)
    const clients = await clientsOf(port, 10)
    expect(await relayed(mesh, 'left')).toBe(5)
    mesh.router('left').network.drain()
    const { peers } = mesh.router('west').network
    await eventually(() => !peers.reachable().includes('left'))
    expect(['left', 'right', 'east', 'nobody'].map((cluster) => peers.wayTo(cluster))).toEqual([
      'Draining',
      'Direct',
      'Relayed',
      'None',
    ])
    const later = await Promise.all(Array.from({ length: 10 }, () => dial(port)))
    for (const client of [...clients, ...later]) await exchange(client, 'while it drains')
    expect([await relayed(mesh, 'left'), await relayed(mesh, 'right')]).toEqual([5, 15])
    await mesh.router('left').parts.stop()
    for (const client of [...clients, ...later]) await exchange(client, 'after')
    expect(await relayed(mesh, 'right')).toBe(20)
    for (const client of [...clients, ...later]) client.end()
    await nothingLeft(mesh)
  }, 60_000)
})

describe('a direct link beside a relay', () => {
  const triangle: MeshOptions = {
    between: ['middle'],
    links: [
      ['west', 'middle'],
      ['middle', 'east'],
      ['west', 'east'],
    ],
  }

  test('is preferred; its flows go on over the relay when it is lost, and new ones take it when it is back', async () => {
    const mesh = await meshOf(triangle)
    const port = await portOf(mesh)
    const client = await dial(port)
    await exchange(client, 'directly')
    expect(await relayed(mesh, 'middle')).toBe(0)
    const received = hashOf(client)
    const sent = sendRandom(client, 32)
    await gotBack(client, 4 * MIB)
    await mesh.unlink('west', 'east')
    await eventually(async () => expect(await relayed(mesh, 'middle')).toBe(1))
    expect(await received).toBe(await sent)
    await mesh.link('west', 'east')
    expect(await ask(port, 'directly again')).toBe('directly again')
    expect(await relayed(mesh, 'middle')).toBe(0)
    await nothingLeft(mesh)
  }, 120_000)

  test('takes over the flows of a relay that is lost', async () => {
    const mesh = await meshOf({ ...triangle, links: triangle.links.slice(0, 2) })
    const client = await dial(await portOf(mesh))
    await exchange(client, 'over the relay')
    expect(await relayed(mesh, 'middle')).toBe(1)
    await mesh.link('west', 'east')
    mesh.kill('middle')
    await exchange(client, 'directly')
    client.end()
    await nothingLeft(mesh)
  }, 60_000)
})

describe('a line', () => {
  test('16 MiB each way with readers that stand still cost the relays no more than their windows', async () => {
    const sums: Promise<string>[] = []
    const mesh = await meshOf(lineOf('left', 'right'), (socket) => {
      const received = slowHash(socket)
      sums.push(received, sendRandom(socket, 16))
    })
    const client = await dial(await portOf(mesh))
    let most = 0
    const look = setInterval(() => {
      for (const name of ['left', 'right']) most = Math.max(most, mesh.router(name).budget.held)
    }, 1)
    const [sent, received] = await Promise.all([sendRandom(client, 16), slowHash(client)])
    clearInterval(look)
    expect(await Promise.all(sums)).toEqual([sent, received])
    expect(most).toBeGreaterThan(0)
    // A window of a reader that keeps up, both ways, and what waits for the sockets.
    expect(most).toBeLessThan(6 * MIB)
    await nothingLeft(mesh)
  }, 120_000)

  test('many readers that stand still hold up nobody else, and the relay holds their first windows at most', async () => {
    const mesh = await meshOf(lineOf('middle'), (socket) => {
      socket.once('data', (chunk) => {
        if (chunk.toString() === 'flood') socket.write(Buffer.alloc(8 * MIB))
        else socket.end(chunk)
      })
    })
    const port = await portOf(mesh)
    const slow = await Promise.all(Array.from({ length: 50 }, () => dial(port)))
    for (const client of slow) client.pause().write('flood')
    const { budget } = mesh.router('middle')
    await eventually(() => expect(budget.held).toBeGreaterThan(MIB))
    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => ask(port, `client ${index}`)))
    expect(answers).toEqual(Array.from({ length: 20 }, (_, index) => `client ${index}`))
    expect(budget.held).toBeLessThan(budget.limit)
    for (const client of slow) client.destroy()
    await eventually(() => expect(budget.held).toBe(0))
    await nothingLeft(mesh)
  }, 60_000)

  test('the egress knows the client and its cluster, not those of the relay', async () => {
    const seen: Promise<Buffer>[] = []
    const mesh = await meshOf(lineOf('middle'), (socket) => {
      seen.push(readAll(socket))
      socket.end()
    })
    const { routes } = mesh.router('east')
    const ports = (routes.current().exports.get(ECHO) ?? []).map((port) => ({
      ...port,
      proxyProtocol: ProxyProtocol.v2,
    }))
    routes.set({ ...routes.current(), exports: new Map([[ECHO, ports]]) })
    const client = await dial(await portOf(mesh))
    const { localPort } = client
    client.end('hello')
    const bytes = await eventually(() => seen[0] ?? Promise.reject(new Error('no connection')))
    const header = readProxyHeader(bytes)
    expect([header.source, header.sourcePort]).toEqual(['127.0.0.1', localPort])
    expect([header.tlvs.get(TlvType.cluster), header.rest.toString()]).toEqual(['west', 'hello'])
  })

  test('flows of a router that stops are reset at once, though it is behind a relay', async () => {
    const mesh = await meshOf(lineOf('middle'))
    const { routes } = mesh.router('west')
    routes.set(withGrace(routes.current(), 300_000))
    const client = await dial(await portOf(mesh))
    await exchange(client, 'before')
    const ending = howItEnds(client)
    await mesh.router('east').parts.stop()
    expect(await ending).toBe('ECONNRESET')
    await eventually(() => expect(mesh.router('west').dataPath.openFlows).toBe(0))
  }, 60_000)

  test('a flow waits for its only relay and goes on when that is back', async () => {
    const mesh = await meshOf(lineOf('middle'))
    const client = await dial(await portOf(mesh))
    await exchange(client, 'before')
    mesh.kill('middle')
    await eventually(() => expect(mesh.router('west').network.peers.reachable()).toEqual([]))
    mesh.revive('middle')
    await exchange(client, 'after')
    client.end()
    await nothingLeft(mesh)
  }, 60_000)
})

/** SHA-256 of all that comes, read with many pauses. */
async function slowHash(socket: Socket): Promise<string> {
  let sincePause = 0
  socket.on('data', (chunk) => {
    sincePause += chunk.length
    if (sincePause < MIB) return
    sincePause = 0
    socket.pause()
    setTimeout(() => socket.resume(), 20)
  })
  return await hashOf(socket)
}
