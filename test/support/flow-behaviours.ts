/** What must hold for flows between two routers, whatever joins them. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { eventually } from './eventually.ts'
import { echoPort, type RouterPair } from './router-pair.ts'
import { exportingEcho, exportingNothing, withGrace } from './routes.ts'
import {
  ask,
  closedPort,
  dial,
  hashOf,
  howItEnds,
  readAll,
  sendRandom,
  serve,
  serveEcho,
  type TestServer,
} from './tcp.ts'

export interface BehaviourOptions {
  /** Sent each way in the bulk test. */
  readonly bulkMegabytes: number
}

/** Registers the tests; `bringUp` makes a fresh pair for each. */
export function describeFlows(
  name: string,
  bringUp: () => Promise<RouterPair>,
  options: BehaviourOptions,
): void {
  describe(name, () => {
    let pair: RouterPair
    let port: number
    const servers: TestServer[] = []

    beforeEach(async () => {
      pair = await bringUp()
      port = await echoPort(pair.west)
    })

    afterEach(async () => {
      for (const server of servers.splice(0)) await server[Symbol.asyncDispose]()
      await pair[Symbol.asyncDispose]()
    })

    /** Makes `handle` the one backend of demo/echo. */
    async function backend(handle: (socket: Socket) => void): Promise<TestServer> {
      const server = await serve(handle)
      servers.push(server)
      pair.eastRoutes.set(exportingEcho(server.port))
      return server
    }

    async function echo(): Promise<void> {
      const server = await serveEcho()
      servers.push(server)
      pair.eastRoutes.set(exportingEcho(server.port))
    }

    async function allFlowsGone(): Promise<void> {
      await eventually(() => expect([pair.west.openFlows, pair.east.openFlows]).toEqual([0, 0]))
    }

    describe('bytes', () => {
      test('what a client sends comes to the backend and back', async () => {
        await echo()
        expect(await ask(port, 'hello')).toBe('hello')
        await allFlowsGone()
      })

      test('bulk data arrives unchanged both ways at once', async () => {
        const sums: Promise<string>[] = []
        await backend((socket) => sums.push(hashOf(socket), sendRandom(socket, options.bulkMegabytes)))
        const client = await dial(port)
        const [sent, received] = await Promise.all([
          sendRandom(client, options.bulkMegabytes),
          hashOf(client),
        ])
        const [backendReceived, backendSent] = await Promise.all(sums)
        expect([backendReceived, received]).toEqual([sent, backendSent])
        await allFlowsGone()
      }, 120_000)

      test('200 connections at once keep their bytes apart', async () => {
        await echo()
        const texts = Array.from({ length: 200 }, (_, index) => `client ${index} `.repeat(1000))
        expect(await Promise.all(texts.map((text) => ask(port, text)))).toEqual(texts)
        await allFlowsGone()
      }, 30_000)
    })

    describe('half-close', () => {
      test('a client may end its request and then read the response', async () => {
        await backend((socket) => {
          void readAll(socket).then((request) => socket.end(`got ${request.length} bytes`))
        })
        expect(await ask(port, 'x'.repeat(300_000))).toBe('got 300000 bytes')
      })

      test('a backend may end first and still read what the client sends', async () => {
        const received: Promise<Buffer>[] = []
        await backend((socket) => {
          received.push(readAll(socket))
          socket.end('banner')
        })
        const client = await dial(port)
        expect((await readAll(client)).toString()).toBe('banner')
        client.end('after the end')
        expect((await received[0])?.toString()).toBe('after the end')
        await allFlowsGone()
      })
    })

    describe('reset', () => {
      test("a client's reset arrives at the backend as a reset", async () => {
        const endings: Promise<string>[] = []
        await backend((socket) => {
          endings.push(howItEnds(socket))
          socket.write('ready')
        })
        const client = await dial(port)
        await once(client, 'data')
        client.resetAndDestroy()
        expect(await endings[0]).toBe('ECONNRESET')
        await allFlowsGone()
      })

      test("a backend's reset arrives at the client as a reset", async () => {
        await backend((socket) => socket.on('data', () => socket.resetAndDestroy()))
        const client = await dial(port)
        client.write('x')
        expect(await howItEnds(client)).toBe('ECONNRESET')
        await allFlowsGone()
      })
    })

    describe('back-pressure', () => {
      test('a reader that stands still stops its own sender and nobody else', async () => {
        let written = 0
        await backend((socket) => {
          const block = Buffer.alloc(256 * 1024)
          const more = (): void => {
            while (
              !socket.destroyed &&
              socket.write(block, () => {
                written += block.length
              })
            ) {}
          }
          socket
            .on('drain', more)
            .on('end', () => socket.end())
            .on('data', (chunk) => (chunk.toString() === 'flood' ? more() : socket.write(chunk)))
        })
        const slow = await dial(port)
        slow.pause()
        slow.write('flood')
        const stopped = await standsStill(() => written)
        const quick = await dial(port)
        quick.write('ping')
        expect(String((await once(quick, 'data'))[0])).toBe('ping')
        expect(written).toBe(stopped)
        // Windows, socket buffers of three hops and the kernel's: far less than the sender would give.
        expect(stopped).toBeLessThan(64 * 1024 * 1024)
        slow.resume()
        await eventually(() => expect(written).toBeGreaterThan(stopped + 16 * 1024 * 1024))
        slow.destroy()
        quick.destroy()
        await allFlowsGone()
      }, 30_000)
    })

    describe('failures', () => {
      test('a client is reset when the backend refuses', async () => {
        pair.eastRoutes.set(exportingEcho(await closedPort()))
        expect(await howItEnds(connect(port, '127.0.0.1'))).toBe('ECONNRESET')
        await allFlowsGone()
      })

      test('another ready backend is taken when one refuses', async () => {
        const server = await serveEcho()
        servers.push(server)
        pair.eastRoutes.set(exportingEcho(await closedPort(), server.port))
        expect(await Promise.all([1, 2, 3, 4].map(() => ask(port, 'again')))).toEqual(Array(4).fill('again'))
      })

      test('a client is reset when no backend is ready', async () => {
        pair.eastRoutes.set(exportingEcho())
        expect(await howItEnds(connect(port, '127.0.0.1'))).toBe('ECONNRESET')
      })

      test('a client is reset when the other cluster does not export the service', async () => {
        pair.eastRoutes.set(exportingNothing)
        expect(await howItEnds(connect(port, '127.0.0.1'))).toBe('ECONNRESET')
      })
    })

    describe('changes under open flows', () => {
      test('an import that goes refuses new connections and leaves open flows alone', async () => {
        await echo()
        const client = await dial(port)
        await exchange(client, 'before')
        pair.westRoutes.set({ ...pair.westRoutes.current(), listeners: [] })
        expect(await howItEnds(connect(port, '127.0.0.1'))).toBe('ECONNREFUSED')
        await exchange(client, 'after')
        client.destroy()
      })

      test('an export that goes ends no open flow and refuses new ones', async () => {
        await echo()
        const client = await dial(port)
        await exchange(client, 'before')
        pair.eastRoutes.set(exportingNothing)
        expect(await howItEnds(connect(port, '127.0.0.1'))).toBe('ECONNRESET')
        await exchange(client, 'after')
        client.destroy()
      })

      test('a lost link resets flows that may not be resumed at both ends, and a new one carries new flows', async () => {
        pair.westRoutes.set(withGrace(pair.westRoutes.current(), 0))
        const endings: Promise<string>[] = []
        await backend((socket) => {
          endings.push(howItEnds(socket))
          socket.pipe(socket)
        })
        const client = await dial(port)
        await exchange(client, 'before')
        const ending = howItEnds(client)
        await pair.loseLink()
        expect([await ending, await endings[0]]).toEqual(['ECONNRESET', 'ECONNRESET'])
        await allFlowsGone()
        await pair.restoreLink()
        expect(await eventually(() => ask(port, 'again'))).toBe('again')
      }, 30_000)
    })

    describe('many', () => {
      test('2000 idle flows stay open and each still carries bytes', async () => {
        await echo()
        const clients = await dialMany(port, 2000)
        expect([pair.west.openFlows, pair.east.openFlows]).toEqual([2000, 2000])
        for (const client of clients) await exchange(client, 'still here')
        for (const client of clients) client.end()
        await allFlowsGone()
        for (const client of clients) client.destroy()
      }, 60_000)

      test('nothing is left of 2000 connections that came and went', async () => {
        await echo()
        for (let batch = 0; batch < 40; batch++) {
          const answers = await Promise.all(Array.from({ length: 50 }, () => ask(port, 'x')))
          expect(new Set(answers)).toEqual(new Set(['x']))
        }
        await allFlowsGone()
      }, 60_000)
    })

    describe('draining', () => {
      test('a draining router refuses new connections and waits for its flows', async () => {
        await echo()
        const client = await dial(port)
        await exchange(client, 'before')
        const drained = pair.west.drain(10_000)
        expect(await howItEnds(connect(port, '127.0.0.1'))).toBe('ECONNREFUSED')
        await exchange(client, 'after')
        client.end()
        await drained
        expect(pair.west.openFlows).toBe(0)
      })

      test('flows that outlast the grace are reset', async () => {
        await echo()
        const client = await dial(port)
        await exchange(client, 'before')
        const ending = howItEnds(client)
        await pair.west.drain(20)
        expect(await ending).toBe('ECONNRESET')
        await allFlowsGone()
      })
    })
  })
}

/** Open connections, each of which has carried something; 100 are made at a time. */
async function dialMany(port: number, count: number): Promise<Socket[]> {
  const clients: Socket[] = []
  while (clients.length < count) {
    const opened = await Promise.all(Array.from({ length: 100 }, () => dial(port)))
    await Promise.all(opened.map((client) => exchange(client, 'hello')))
    clients.push(...opened)
  }
  return clients
}

/** Sends `text` to an echo and reads it back. */
async function exchange(client: Socket, text: string): Promise<void> {
  client.write(text)
  let got = ''
  while (got.length < text.length) got += String((await once(client, 'data'))[0])
  expect(got).toBe(text)
}

/** The value once it has been positive and the same for several looks. */
async function standsStill(read: () => number): Promise<number> {
  let last = -1
  let same = 0
  await eventually(
    () => {
      const value = read()
      same = value > 0 && value === last ? same + 1 : 0
      last = value
      return expect(same).toBeGreaterThanOrEqual(10)
    },
    { within: 20_000, every: 50 },
  )
  return last
}
