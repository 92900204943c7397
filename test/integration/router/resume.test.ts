/** Flows between two whole routers whose link is reset, cut and replaced under them: real sockets, TLS and AMQP. */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import { eventually } from '../../support/eventually.ts'
import { ProxiedPair } from '../../support/proxied-pair.ts'
import { dial, hashOf, howItEnds, sendRandom, serve, serveEcho, type TestServer } from '../../support/tcp.ts'

const GRACE_MS = 30_000

const cleanups: AsyncDisposable[] = []

afterEach(async () => {
  for (const part of cleanups.splice(0).reverse()) await part[Symbol.asyncDispose]()
})

function kept<T extends AsyncDisposable>(part: T): T {
  cleanups.push(part)
  return part
}

async function pairTo(server: TestServer, graceMs = GRACE_MS): Promise<ProxiedPair> {
  return kept(await ProxiedPair.start(server.port, graceMs))
}

async function nothingLeft({ west, east }: ProxiedPair): Promise<void> {
  await eventually(() => {
    expect([west.dataPath.openFlows, east.dataPath.openFlows]).toEqual([0, 0])
    expect([west.network.peers.openFlows, east.network.peers.openFlows]).toEqual([0, 0])
  })
}

/** Sends `text` to an echo and reads it back. */
async function exchange(client: Socket, text: string): Promise<void> {
  client.write(text)
  let got = ''
  while (got.length < text.length) got += String((await once(client, 'data'))[0])
  expect(got).toBe(text)
}

/** Breaks the link each time another share of the bytes has come back, `times` in all. */
async function breakAlong(client: Socket, totalBytes: number, times: number, doBreak: () => Promise<void>) {
  for (let broken = 1; broken <= times; broken++) {
    await eventually(() => client.bytesRead >= (totalBytes * broken) / (times + 1), {
      within: 60_000,
      every: 5,
    })
    await doBreak()
  }
}

test('64 MiB come back unchanged while the link is reset ten times under them', async () => {
  const pair = await pairTo(kept(await serveEcho()))
  const client = await dial(await pair.port())
  const received = hashOf(client)
  const sent = sendRandom(client, 64)
  await breakAlong(client, 64 * 1024 * 1024, 10, async () => pair.proxy.reset())
  expect(await received).toBe(await sent)
  await nothingLeft(pair)
}, 120_000)

test('64 MiB come back unchanged although the link is cut without a word and returns', async () => {
  const pair = await pairTo(kept(await serveEcho()))
  const client = await dial(await pair.port())
  const received = hashOf(client)
  const sent = sendRandom(client, 64)
  await breakAlong(client, 64 * 1024 * 1024, 2, async () => {
    pair.proxy.cut()
    await eventually(() => pair.west.network.peers.reachable().length === 0)
    pair.proxy.heal()
  })
  expect(await received).toBe(await sent)
  await nothingLeft(pair)
}, 120_000)

test('fifty flows at once keep their bytes while the link is reset under them', async () => {
  const pair = await pairTo(kept(await serveEcho()))
  const port = await pair.port()
  const clients = await Promise.all(Array.from({ length: 50 }, () => dial(port)))
  const received = clients.map(hashOf)
  const sent = clients.map((client) => sendRandom(client, 2))
  const [first] = clients
  if (first === undefined) throw new Error('no client')
  // What is lost with the opening of a flow may have reached a backend or not: such a flow is reset.
  await eventually(() => clients.every(({ bytesRead }) => bytesRead > 0), { within: 60_000 })
  await breakAlong(first, 2 * 1024 * 1024, 5, async () => pair.proxy.reset())
  expect(await Promise.all(received)).toEqual(await Promise.all(sent))
  await nothingLeft(pair)
}, 120_000)

test('an idle flow goes on after its link was gone, and so does one whose client wrote meanwhile', async () => {
  const pair = await pairTo(kept(await serveEcho()))
  const port = await pair.port()
  const [idle, writing] = [await dial(port), await dial(port)]
  await exchange(idle, 'before')
  await exchange(writing, 'before')
  pair.proxy.cut()
  pair.proxy.reset()
  await eventually(() => pair.west.network.peers.reachable().length === 0)
  const answer = exchange(writing, 'written while there was no link')
  expect(pair.west.network.peers.openFlows).toBe(2)
  pair.proxy.heal()
  await answer
  await exchange(idle, 'after')
  idle.end()
  writing.end()
  await nothingLeft(pair)
}, 60_000)

test("a client's reset while there is no link arrives at the backend when it returns", async () => {
  const endings: Promise<string>[] = []
  const server = await serve((socket) => {
    endings.push(howItEnds(socket))
    socket.write('ready')
  })
  const pair = await pairTo(kept(server))
  const client = await dial(await pair.port())
  await once(client, 'data')
  pair.proxy.cut()
  pair.proxy.reset()
  await eventually(() => pair.west.network.peers.reachable().length === 0)
  client.resetAndDestroy()
  pair.proxy.heal()
  expect(await endings[0]).toBe('ECONNRESET')
  await nothingLeft(pair)
}, 60_000)

test('after the time of grace both ends are reset', async () => {
  const endings: Promise<string>[] = []
  const server = await serve((socket) => {
    endings.push(howItEnds(socket))
    socket.write('ready')
  })
  const pair = await pairTo(kept(server), 500)
  const client = await dial(await pair.port())
  await once(client, 'data')
  const ending = howItEnds(client)
  pair.proxy.cut()
  pair.proxy.reset()
  expect([await ending, await endings[0]]).toEqual(['ECONNRESET', 'ECONNRESET'])
  await nothingLeft(pair)
}, 60_000)

test('flows of a router that was restarted are reset as soon as the new process is there', async () => {
  const pair = await pairTo(kept(await serveEcho()), 300_000)
  const client = await dial(await pair.port())
  await exchange(client, 'before')
  const ending = howItEnds(client)
  await pair.replaceEast()
  expect(await ending).toBe('ECONNRESET')
  await eventually(() => pair.west.dataPath.openFlows === 0)
}, 60_000)

test('flows of a router that stops are reset at once, without waiting for it to come back', async () => {
  const pair = await pairTo(kept(await serveEcho()), 300_000)
  const client = await dial(await pair.port())
  await exchange(client, 'before')
  const ending = howItEnds(client)
  await pair.east.network.stop()
  expect(await ending).toBe('ECONNRESET')
  await eventually(() => pair.west.dataPath.openFlows === 0)
}, 60_000)

test('a draining router keeps its flows and gets no new ones', async () => {
  const pair = await pairTo(kept(await serveEcho()))
  const port = await pair.port()
  const client = await dial(port)
  await exchange(client, 'before')
  pair.east.network.drain()
  await eventually(() => expect(pair.west.network.peers.reachable()).toEqual([]))
  await exchange(client, 'while it drains')
  pair.proxy.reset()
  await exchange(client, 'resumed while it drains')
  await eventually(() => expect(pair.west.network.peers.reachable()).toEqual([]))
  client.end()
  await nothingLeft(pair)
}, 60_000)
