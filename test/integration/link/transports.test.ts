/** Every transport of a link carries the same traffic: TLS, WebSocket, HTTP proxy, IPv6, changing names, poor lines. */
import { networkInterfaces } from 'node:os'
import { ConnectProxy } from '../../support/connect-proxy.ts'
import { Line, SATELLITE } from '../../support/line.ts'
import { describeUnless, describeWith } from '../../support/missing.ts'
import { NginxIngress } from '../../support/nginx-ingress.ts'
import { describeTraffic } from '../../support/transport-traffic.ts'
import type { EastPorts, Way, WorldOptions } from '../../support/transport-world.ts'

const HOST = '127.0.0.1'
const INGRESS = 'east.example'
const CREDENTIALS = 'mesh:s3cret:with colon'

/** A way of one endpoint at the near end of a line. */
function over(line: Line, transport: 'tls' | 'wss', more: Partial<Way['link']> = {}, host = HOST): Way {
  return { line, parts: [line], link: { endpoints: [{ host, port: line.port, transport }], ...more } }
}

describeTraffic('TLS', () => ({ makeWay: async ({ link }) => over(await Line.to(link), 'tls') }))

describeTraffic('a WebSocket whose TLS is passed through to the router', () => ({
  makeWay: async ({ webSocket }) => over(await Line.to(webSocket), 'wss'),
}))

describeWith(['nginx'], 'behind nginx', () => {
  const ingressWay = async ({ webSocket }: EastPorts): Promise<Way> => {
    const ingress = await NginxIngress.start(webSocket, INGRESS)
    const line = await Line.to(ingress.port)
    const way = over(line, 'wss', { webSocket: { ca: ingress.ca } }, INGRESS)
    return { ...way, parts: [ingress, line] }
  }
  const resolve = async () => [{ address: HOST, family: 4 }]
  describeTraffic('a WebSocket through an HTTPS ingress', () => ({ makeWay: ingressWay, resolve }))

  describeTraffic('a WebSocket through an HTTP proxy and an HTTPS ingress', () => ({
    resolve,
    readSecret: async () => CREDENTIALS,
    makeWay: async (ports) => {
      const ingress = await NginxIngress.start(ports.webSocket, INGRESS)
      const proxy = await ConnectProxy.start(CREDENTIALS)
      const line = await Line.to(proxy.port)
      const link: Way['link'] = {
        endpoints: [{ host: 'localhost', port: ingress.port, transport: 'wss' }],
        httpProxy: { host: HOST, port: line.port, credentials: { name: 'proxy', key: 'east' } },
        webSocket: { ca: ingress.ca, serverName: INGRESS },
      }
      return { link, line, parts: [ingress, proxy, line] }
    },
  }))
})

function proxied(credentials: string | undefined): WorldOptions {
  return {
    ...(credentials === undefined ? {} : { readSecret: async () => credentials }),
    makeWay: async ({ link }) => {
      const proxy = await ConnectProxy.start(credentials)
      const line = await Line.to(proxy.port)
      const key = { credentials: { name: 'proxy', key: 'east' } }
      const httpProxy = { host: HOST, port: line.port, ...(credentials === undefined ? {} : key) }
      return { line, parts: [proxy, line], link: { endpoints: [{ host: HOST, port: link }], httpProxy } }
    },
  }
}

describeTraffic('an HTTP proxy', () => proxied(undefined))
describeTraffic('an HTTP proxy that wants credentials', () => proxied(CREDENTIALS))

const noIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'))
  ? undefined
  : 'this machine has no ::1'
describeUnless(noIpv6, 'with IPv6', () => {
  const options = { host: '::1', targetHost: '::1' }
  describeTraffic('TLS to an IPv6 address', () => ({
    eastHost: '::1',
    makeWay: async ({ link }) => over(await Line.to(link, options), 'tls', {}, '::1'),
  }))
  describeTraffic('a WebSocket to an IPv6 address', () => ({
    eastHost: '::1',
    makeWay: async ({ webSocket }) => over(await Line.to(webSocket, options), 'wss', {}, '::1'),
  }))
})

const POOR_LINE = { keepAliveMs: 15_000, dialTimeoutMs: 15_000 }
const PATIENT = { bulkMegabytes: 1, connections: 20, timeoutMs: 240_000 }
describeTraffic(
  'TLS on a satellite line (600 ms, 3 % loss)',
  () => ({
    patienceMs: 60_000,
    makeWay: async ({ link }) => over(await Line.to(link, SATELLITE), 'tls', { settings: POOR_LINE }),
  }),
  PATIENT,
)
