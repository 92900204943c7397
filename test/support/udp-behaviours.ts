/** What must hold for associations between two routers, whatever joins them. */
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { Backend, RouteSnapshot } from '../../src/api/route-snapshot.ts'
import { eventually } from './eventually.ts'
import { echoPort, type RouterPair } from './router-pair.ts'
import { exportingEcho, exportingNothing, importingEcho, overUdp } from './routes.ts'
import { ask, serveEcho } from './tcp.ts'
import { closedUdpPort, serveUdp, serveUdpEcho, UdpClient, type UdpServer } from './udp.ts'
import { associationsOf, dropsOf, metricOf, relayDropsOf } from './udp-metrics.ts'

const SIZES = [0, 1, 1_200, 1_472, 9_000, 65_507]

/** Registers the tests; `bringUp` makes a fresh pair for each. */
export function describeAssociations(name: string, bringUp: () => Promise<RouterPair>): void {
  describe(name, () => {
    let pair: RouterPair
    const owned: AsyncDisposable[] = []

    beforeEach(async () => {
      pair = await bringUp()
      const both = [...importingEcho.listeners, ...overUdp(importingEcho).listeners]
      pair.westRoutes.set({ ...pair.westRoutes.current(), listeners: both })
    })

    afterEach(async () => {
      for (const part of owned.splice(0).reverse()) await part[Symbol.asyncDispose]()
      await pair[Symbol.asyncDispose]()
    })

    function own<T extends AsyncDisposable>(part: T): T {
      owned.push(part)
      return part
    }

    /** Makes these the backends of demo/echo. */
    function serving(...servers: readonly Pick<UdpServer, 'port'>[]): void {
      pair.eastRoutes.set(overUdp(exportingEcho(...servers.map(({ port }) => port))))
    }

    async function echo(): Promise<UdpServer> {
      const server = own(await serveUdpEcho())
      serving(server)
      return server
    }

    async function client(): Promise<UdpClient> {
      return own(await UdpClient.to(await echoPort(pair.west, 'UDP')))
    }

    const open = async () => [
      await associationsOf(pair.westMetrics, 'ingress'),
      await associationsOf(pair.eastMetrics, 'egress'),
    ]

    test('datagrams of all sizes come back whole and in order', async () => {
      await echo()
      const asker = await client()
      const sent = SIZES.map((size) => randomBytes(size))
      for (const [index, datagram] of sent.entries()) {
        asker.send(datagram)
        await eventually(() => expect(asker.received).toHaveLength(index + 1), { every: 5 })
      }
      expect(asker.received.map((datagram, index) => datagram.equals(sent[index] as Buffer))).toEqual(
        SIZES.map(() => true),
      )
    })

    test('a burst keeps its boundaries and its order', async () => {
      await echo()
      const asker = await client()
      const sent = Array.from({ length: 60 }, (_, index) => `${index}`.repeat(1 + (index % 7)))
      for (const text of sent) asker.send(text)
      await eventually(() => expect(asker.texts).toEqual(sent))
      const [series, bytes] = ['datagrams_total', 'datagram_bytes_total'].map(
        (each) => `fairlead_router_udp_${each}{side="egress",direction="sent"}`,
      )
      expect(await metricOf(pair.eastMetrics, series ?? '')).toBe(sent.length)
      expect(await metricOf(pair.eastMetrics, bytes ?? '')).toBe(sent.join('').length)
    })

    test('a thousand clients at once keep their datagrams apart', async () => {
      const server = await echo()
      const clients = await Promise.all(Array.from({ length: 1_000 }, () => client()))
      const texts = clients.map((_, index) => [`client ${index}`, `again ${index}`])
      for (const [index, asker] of clients.entries()) sendMissing(asker, texts[index] ?? [])
      await eventually(
        () => {
          // Asked again by few at a time: all at once would fill the queues of a busy machine anew.
          const unanswered = [...clients.entries()].filter(([index, { texts: got }]) => {
            return texts[index]?.some((text) => !got.includes(text))
          })
          for (const [index, asker] of unanswered.slice(0, 100)) sendMissing(asker, texts[index] ?? [])
          return expect(clients.map(({ texts: got }) => [...new Set(got)])).toEqual(texts)
        },
        { every: 500, within: 60_000 },
      )
      expect(server.clients.size).toBe(1_000)
      expect(await open()).toEqual([1_000, 1_000])
    }, 90_000)

    test('a client has one association as long as it speaks, and the backend sees one port', async () => {
      const server = await echo()
      const asker = await client()
      for (let count = 1; count <= 5; count++) {
        asker.send(String(count))
        await eventually(() => expect(asker.received).toHaveLength(count), { every: 5 })
      }
      expect([server.clients.size, await open()]).toEqual([1, [1, 1]])
    })

    test('a backend may speak first and later, as often as it likes', async () => {
      const answers: ((datagram: Buffer) => void)[] = []
      serving(own(await serveUdp((_datagram, answer) => answers.push(answer))))
      const asker = await client()
      asker.send('register')
      await eventually(() => expect(answers).toHaveLength(1))
      for (const text of ['invite', 'ack', '']) answers[0]?.(Buffer.from(text))
      await eventually(() => expect(asker.texts).toEqual(['invite', 'ack', '']))
    })

    test('when nobody listens at one backend its first datagrams go to another', async () => {
      const server = own(await serveUdpEcho())
      serving({ port: await closedUdpPort() }, { port: await closedUdpPort() }, server)
      const askers = await Promise.all(Array.from({ length: 6 }, () => client()))
      for (const asker of askers) {
        asker.send('first')
        asker.send('second')
      }
      await eventually(() =>
        expect(askers.map(({ texts }) => texts)).toEqual(askers.map(() => ['first', 'second'])),
      )
    })

    test('when nobody listens anywhere the datagrams are dropped, counted, and leave nothing behind', async () => {
      serving({ port: await closedUdpPort() })
      const asker = await client()
      asker.send('anybody?')
      await eventually(async () => expect(await dropsOf(pair.westMetrics, 'ingress', 'no-backend')).toBe(1))
      expect(await open()).toEqual([0, 0])
      await echo()
      await eventually(() => {
        asker.send('now?')
        return asker.texts.includes('now?')
      })
    })

    test('a port without any endpoint is closed, and the kernel tells the client', async () => {
      await echo()
      const asker = await client()
      pair.eastRoutes.set(exportingNothing)
      pair.westRoutes.set({ ...pair.westRoutes.current(), listeners: [] })
      await eventually(() => {
        asker.send('anybody?')
        return asker.errors.includes('ECONNREFUSED')
      })
    })

    test('a backend that was there and is gone ends the association; the next datagram opens another', async () => {
      const [first, second] = [await serveUdpEcho('one '), own(await serveUdpEcho('two '))]
      serving(first)
      const asker = await client()
      asker.send('x')
      await eventually(() => expect(asker.texts).toEqual(['one x']))
      await first[Symbol.asyncDispose]()
      serving(second)
      await eventually(() => {
        asker.send('y')
        return asker.texts.includes('two y')
      })
      expect(await open()).toEqual([1, 1])
    })

    test('associations keep their backend when another one becomes ready', async () => {
      const first = own(await serveUdpEcho('one '))
      serving(first)
      const asker = await client()
      asker.send('x')
      await eventually(() => expect(asker.texts).toEqual(['one x']))
      serving(first, own(await serveUdpEcho('two ')))
      asker.send('y')
      await eventually(() => expect(asker.texts).toEqual(['one x', 'one y']))
    })

    test('associations move when their backend is removed, and end with the export', async () => {
      serving(own(await serveUdpEcho('one ')))
      const asker = await client()
      asker.send('x')
      await eventually(() => expect(asker.texts).toEqual(['one x']))
      serving(own(await serveUdpEcho('two ')))
      asker.send('y')
      await eventually(() => expect(asker.texts).toEqual(['one x', 'two y']))
      expect(await open()).toEqual([1, 1])
      pair.eastRoutes.set(exportingNothing)
      await eventually(async () => expect(await open()).toEqual([0, 0]))
    })

    test('a backend that terminates keeps its associations while it serves', async () => {
      const [first, second] = [own(await serveUdpEcho('one ')), own(await serveUdpEcho('two '))]
      serving(first)
      const asker = await client()
      asker.send('x')
      await eventually(() => expect(asker.texts).toEqual(['one x']))
      const routes = overUdp(exportingEcho(first.port, second.port))
      const terminating = withBackends(routes, (backend) =>
        backend.port === first.port ? { ...backend, ready: false } : backend,
      )
      pair.eastRoutes.set(terminating)
      asker.send('y')
      await eventually(() => expect(asker.texts).toEqual(['one x', 'one y']))
      const other = await client()
      other.send('z')
      await eventually(() => expect(other.texts).toEqual(['two z']))
    })

    test('an import that goes ends its associations at both ends', async () => {
      await echo()
      const asker = await client()
      asker.send('x')
      await eventually(async () => expect(await open()).toEqual([1, 1]))
      pair.westRoutes.set({ ...pair.westRoutes.current(), listeners: [] })
      await eventually(async () => expect(await open()).toEqual([0, 0]))
      expect([pair.west.openFlows, pair.east.openFlows]).toEqual([0, 0])
    })

    test('a flood is carried or counted, and TCP beside it goes on', async () => {
      const tcp = own(await serveEcho())
      const udp = own(await serveUdpEcho())
      const routes = exportingEcho(tcp.port)
      const both = [...routes.exports].map(([service, ports]) => {
        const [port] = [...overUdp(exportingEcho(udp.port)).exports.values()]
        return [service, [...ports, ...(port ?? [])]] as const
      })
      pair.eastRoutes.set({ ...routes, exports: new Map(both) })
      const tcpPort = await echoPort(pair.west)
      const flooder = await client()
      const datagram = Buffer.alloc(1_200)
      const flooding = setInterval(() => {
        for (let count = 0; count < 200; count++) flooder.send(datagram)
      }, 1)
      try {
        for (let count = 0; count < 20; count++) expect(await ask(tcpPort, 'alive')).toBe('alive')
      } finally {
        clearInterval(flooding)
      }
      await eventually(async () => {
        const received = await metricOf(
          pair.westMetrics,
          'fairlead_router_udp_datagrams_total{side="ingress",direction="received"}',
        )
        const arrived = await metricOf(
          pair.eastMetrics,
          'fairlead_router_udp_datagrams_total{side="egress",direction="sent"}',
        )
        expect(arrived).toBeGreaterThan(0)
        const dropped = await dropsOf(pair.westMetrics, 'ingress', 'link')
        expect(arrived + dropped + (await relayDropsOf(pair.relayMetrics))).toBe(received)
      })
    }, 120_000)

    test('a draining router goes on with its clients, and ends with the last of them', async () => {
      await echo()
      const asker = await client()
      asker.send('before')
      await eventually(() => expect(asker.texts).toEqual(['before']))
      const drained = pair.west.drain(10_000)
      asker.send('meanwhile')
      await eventually(() => expect(asker.texts).toEqual(['before', 'meanwhile']))
      await drained
      expect(await associationsOf(pair.westMetrics, 'ingress')).toBe(0)
      await eventually(async () => expect(await open()).toEqual([0, 0]))
    }, 20_000)

    test('after a lost link the next datagram finds the way again', async () => {
      await echo()
      const asker = await client()
      asker.send('before')
      await eventually(() => expect(asker.texts).toEqual(['before']))
      await pair.loseLink()
      asker.send('lost')
      await pair.restoreLink()
      await eventually(() => {
        asker.send('after')
        return asker.texts.includes('after')
      })
    }, 30_000)
  })
}

/** Datagrams may be lost: what did not come back is sent again. */
function sendMissing(client: UdpClient, texts: readonly string[]): void {
  for (const text of texts) if (!client.texts.includes(text)) client.send(text)
}

function withBackends(routes: RouteSnapshot, change: (backend: Backend) => Backend): RouteSnapshot {
  const exports = [...routes.exports].map(
    ([service, ports]) =>
      [service, ports.map((port) => ({ ...port, backends: port.backends.map(change) }))] as const,
  )
  return { ...routes, exports: new Map(exports) }
}
