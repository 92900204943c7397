/** The traffic that must pass over every transport of a link, the same for all. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { eventually } from './eventually.ts'
import {
  ask,
  dial,
  hashOf,
  howItEnds,
  readAll,
  sendRandom,
  serve,
  serveEcho,
  type TestServer,
} from './tcp.ts'
import { TransportWorld, type WorldOptions } from './transport-world.ts'
import { serveUdpEcho, UdpClient } from './udp.ts'

export interface TrafficOptions {
  /** Sent each way at once. */
  readonly bulkMegabytes: number
  /** Opened at once. */
  readonly connections: number
  /** A bound for what hangs, milliseconds. */
  readonly timeoutMs: number
}

const USUAL: TrafficOptions = { bulkMegabytes: 16, connections: 50, timeoutMs: 60_000 }

const DATAGRAMS = [0, 1, 1_200, 1_472, 9_000, 65_507]

/** Registers the tests; one world serves them all. */
export function describeTraffic(
  name: string,
  options: () => WorldOptions | Promise<WorldOptions>,
  { bulkMegabytes, connections, timeoutMs }: TrafficOptions = USUAL,
): void {
  describe(`traffic over ${name}`, () => {
    let world: TransportWorld
    const owned: AsyncDisposable[] = []

    beforeAll(async () => {
      world = await TransportWorld.start(await options())
      await world.linked()
    }, timeoutMs)
    afterEach(async () => {
      for (const part of owned.splice(0).reverse()) await part[Symbol.asyncDispose]()
    })
    afterAll(() => world?.[Symbol.asyncDispose](), timeoutMs)

    async function backend(handle: (socket: Socket) => void): Promise<TestServer> {
      const server = await serve(handle)
      owned.push(server)
      world.serve({ tcp: server.port })
      return server
    }

    async function echo(): Promise<void> {
      const server = await serveEcho()
      owned.push(server)
      world.serve({ tcp: server.port })
    }

    test(
      'bytes arrive unchanged both ways at once',
      async () => {
        const sums: Promise<string>[] = []
        await backend((socket) => sums.push(hashOf(socket), sendRandom(socket, bulkMegabytes)))
        const client = await dial(await world.port())
        const [sent, received] = await Promise.all([sendRandom(client, bulkMegabytes), hashOf(client)])
        expect([await sums[0], received]).toEqual([sent, await sums[1]])
      },
      timeoutMs,
    )

    test(
      'a client may end its request and then read the answer',
      async () => {
        await backend((socket) => {
          void readAll(socket).then((request) => socket.end(`got ${request.length} bytes`))
        })
        expect(await ask(await world.port(), 'x'.repeat(100_000))).toBe('got 100000 bytes')
      },
      timeoutMs,
    )

    test(
      'a reset arrives as a reset, both ways',
      async () => {
        const endings: Promise<string>[] = []
        await backend((socket) => {
          endings.push(howItEnds(socket))
          socket.on('data', () => socket.resetAndDestroy())
          socket.write('ready')
        })
        const leaving = await dial(await world.port())
        await once(leaving, 'data')
        leaving.resetAndDestroy()
        expect(await endings[0]).toBe('ECONNRESET')
        const thrown = await dial(await world.port())
        thrown.write('x')
        expect(await howItEnds(thrown)).toBe('ECONNRESET')
      },
      timeoutMs,
    )

    test(
      'many new connections keep their bytes apart',
      async () => {
        await echo()
        const port = await world.port()
        const texts = Array.from({ length: connections }, (_, index) => `client ${index} `.repeat(100))
        expect(await Promise.all(texts.map((text) => ask(port, text)))).toEqual(texts)
        await eventually(() => expect(world.west.dataPath.openFlows).toBe(0), { within: timeoutMs })
      },
      timeoutMs,
    )

    test(
      'datagrams keep their boundaries',
      async () => {
        const server = await serveUdpEcho()
        owned.push(server)
        world.serve({ udp: server.port })
        const client = await UdpClient.to(await world.port('UDP'))
        owned.push(client)
        const sent = DATAGRAMS.map((size) => randomBytes(size))
        for (const datagram of sent) client.send(datagram)
        const lengths = () => client.received.map(({ length }) => length)
        await eventually(() => expect(lengths()).toEqual(DATAGRAMS), { within: timeoutMs })
        expect(Buffer.concat(client.received).equals(Buffer.concat(sent))).toBe(true)
      },
      timeoutMs,
    )

    test(
      'a flow outlives the loss of the link without losing a byte',
      async () => {
        const sums: Promise<string>[] = []
        const sockets: Socket[] = []
        await backend((socket) => {
          sockets.push(socket)
          sums.push(hashOf(socket))
          socket.write('first')
        })
        const client = await dial(await world.port())
        const [greeting] = (await once(client, 'data')) as [Buffer]
        expect(greeting.toString()).toBe('first')
        const before = world.way.line.connections
        world.way.line.break()
        const received = hashOf(client)
        const sent = await sendRandom(client, bulkMegabytes)
        expect(await sums[0]).toBe(sent)
        const answered = await sendRandom(sockets[0] as Socket, bulkMegabytes)
        expect(await received).toBe(answered)
        expect(world.way.line.connections).toBeGreaterThan(before)
      },
      timeoutMs,
    )
  })
}
