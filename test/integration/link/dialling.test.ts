/** What stands in the way of a dial, each with one clear error; and names, whose addresses change. */
import { afterEach, expect, test } from '@jest/globals'
import type { LinkSpec } from '../../../src/api/route-snapshot.ts'
import { TestClusterset } from '../../support/clusterset.ts'
import { ConnectProxy } from '../../support/connect-proxy.ts'
import { eventually } from '../../support/eventually.ts'
import { freePorts } from '../../support/free-ports.ts'
import { Line } from '../../support/line.ts'
import { type NetworkOptions, startNetwork, type TestNetwork } from '../../support/network.ts'
import { closedPort, serve } from '../../support/tcp.ts'

const HOST = '127.0.0.1'
const cleanups: (() => PromiseLike<void>)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

function own<T extends AsyncDisposable>(part: T): T {
  cleanups.push(() => part[Symbol.asyncDispose]())
  return part
}

async function router(cluster: string, set: TestClusterset, options: Partial<NetworkOptions> = {}) {
  const started = await startNetwork({ tlsDir: await set.tlsDir(cluster), ...options })
  cleanups.push(() => started.network.stop())
  return started
}

const clusterset = async () => own(await TestClusterset.create())

/** A router that only dials. */
async function dialling(link: Partial<LinkSpec>, more: Partial<NetworkOptions> = {}): Promise<TestNetwork> {
  const links = [{ name: 'east', cost: 1, endpoints: [], ...link }]
  return router('west', await clusterset(), { links, ...more })
}

async function lastError({ network }: TestNetwork): Promise<string> {
  return await eventually(() => {
    const state = network.linkStatus.current()[0]?.state
    if (state?.kind === 'waiting' || state?.kind === 'dialling') {
      if (state.lastError !== undefined) return state.lastError
    }
    throw new Error(`no error in ${JSON.stringify(state)}`)
  })
}

const established = ({ network }: TestNetwork) =>
  eventually(() => {
    const state = network.linkStatus.current()[0]?.state
    if (state?.kind !== 'established') throw new Error(`the link is ${JSON.stringify(state)}`)
    return state
  })

/** The error of a Link through a proxy that answers with `answer` and then does nothing. */
async function proxyError(answer: string): Promise<string> {
  const proxy = own(await serve((socket) => socket.once('data', () => socket.write(answer))))
  const endpoints = [{ host: 'east.example', port: 443, transport: 'wss' as const }]
  const west = await dialling({
    endpoints,
    httpProxy: { host: HOST, port: proxy.port },
    settings: { dialTimeoutMs: 1000 },
  })
  return await lastError(west)
}

test.each([
  ['HTTP/1.1 407 Proxy Authentication Required\r\n\r\n', /the proxy \S+ wants credentials: 407/],
  ['HTTP/1.1 403 Forbidden\r\n\r\n', /the proxy \S+ refused to connect: 403 Forbidden/],
  ['HTTP/1.1 503 Service Unavailable\r\n\r\n', /the proxy \S+ does not get through: 503/],
  ['SSH-2.0-OpenSSH\r\n', /the proxy does not speak HTTP/],
  [`HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(10_000)}`, /the proxy's answer is longer than/],
  ['HTTP/1.1 200 OK\r\nX: ', /asking the proxy \S+ for east.example:443 took longer than 1000 ms/],
])('a proxy that answers %.40j is told in words', async (answer, error) => {
  expect(await proxyError(answer)).toMatch(error)
})

test('a proxy that refuses the credentials is told in words, and the credentials are not', async () => {
  const proxy = own(await ConnectProxy.start('mesh:right'))
  const west = await dialling(
    {
      endpoints: [{ host: HOST, port: 1 }],
      httpProxy: { host: HOST, port: proxy.port, credentials: { name: 'proxy', key: 'east' } },
    },
    { readSecret: async () => 'mesh:wr0ng' },
  )
  const error = await lastError(west)
  expect(error).toMatch(/refused the credentials: 407/)
  expect(error).not.toMatch(/wr0ng|bWVzaDp3cjBuZw/)
})

test('a proxy is not bothered when its credentials cannot be had, and the link stands once they can', async () => {
  const set = await clusterset()
  const east = await router('east', set)
  const proxy = own(await ConnectProxy.start('mesh:right'))
  let credentials: string | undefined
  const links = [
    {
      name: 'east',
      cost: 1,
      endpoints: [{ host: HOST, port: east.network.port }],
      httpProxy: { host: HOST, port: proxy.port, credentials: { name: 'proxy', key: 'east' } },
    },
  ]
  const readSecret = async (): Promise<string> => {
    if (credentials === undefined) throw new Error('Secret proxy does not exist')
    return credentials
  }
  const west = await router('west', set, { links, readSecret })
  expect(await lastError(west)).toBe('the proxy cannot be asked: Secret proxy does not exist')
  expect(proxy.asked).toEqual([])
  credentials = 'mesh:right'
  await established(west)
})

test('an answer over HTTPS that is no WebSocket, and a certificate of a stranger, are told apart', async () => {
  const set = await clusterset()
  const other = await clusterset()
  const east = await router('east', other, { webSocketPort: 0 })
  const port = east.network.webSocketPort ?? 0
  const wrongRoot = [{ host: HOST, port, transport: 'wss' as const }]
  const west = await router('west', set, { links: [{ name: 'east', cost: 1, endpoints: wrongRoot }] })
  expect(await lastError(west)).toMatch(/HTTPS with \S+: its certificate is not trusted/)
  const own = await router('north', set, { webSocketPort: 0 })
  const endpoints = [{ host: HOST, port: own.network.webSocketPort ?? 0, transport: 'wss' as const }]
  const lost = await router('south', set, {
    links: [{ name: 'north', cost: 1, endpoints, webSocket: { path: '/elsewhere' } }],
  })
  expect(await lastError(lost)).toMatch(/answered 404 instead of opening a WebSocket/)
})

test('a name is looked up at every attempt: the link follows when its address changes', async () => {
  const set = await clusterset()
  const east = await router('east', set)
  const [port] = (await freePorts(1)) as [number]
  const before = await Line.to(east.network.port, { host: '127.0.0.2', port })
  let address = '127.0.0.2'
  const links = [{ name: 'east', cost: 1, endpoints: [{ host: 'east.example', port }] }]
  const west = await router('west', set, { links, resolve: async () => [{ address, family: 4 }] })
  await established(west)
  own(await Line.to(east.network.port, { host: '127.0.0.3', port }))
  address = '127.0.0.3'
  const { since } = await established(west)
  await before[Symbol.asyncDispose]()
  await eventually(async () => expect((await established(west)).since).toBeGreaterThan(since))
})

test('all addresses of a name are tried in one attempt, of both families', async () => {
  const set = await clusterset()
  const east = await router('east', set)
  const resolve = async () => [
    { address: '127.0.0.9', family: 4 },
    { address: '::1', family: 6 },
    { address: HOST, family: 4 },
  ]
  const links = [{ name: 'east', cost: 1, endpoints: [{ host: 'east.example', port: east.network.port }] }]
  const west = await router('west', set, { links, resolve })
  await established(west)
})

test('endpoints of several transports are tried in their order', async () => {
  const set = await clusterset()
  const east = await router('east', set, { webSocketPort: 0 })
  const endpoints = [
    { host: HOST, port: await closedPort() },
    { host: HOST, port: east.network.webSocketPort ?? 0, transport: 'wss' as const },
    { host: HOST, port: east.network.port },
  ]
  const west = await router('west', set, { links: [{ name: 'east', cost: 1, endpoints }] })
  expect((await established(west)).endpoint).toBe(`wss://${HOST}:${east.network.webSocketPort}`)
})
