/** A relay that alters what it passes on, against honest routers at both ends: real sockets, TLS and signatures. */
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { FlowRequest, RelayedWay } from '../../../src/amqp/flow-transport.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { readCertificates } from '../../../src/pki/chain.ts'
import { Signer } from '../../../src/pki/signatures.ts'
import { isRelayed, type RelayedRequest } from '../../../src/router/relay/relay.ts'
import { Vouchers } from '../../../src/router/relay/vouchers.ts'
import { NOBODY } from '../../../src/router/resume/nobody.ts'
import { eventually } from '../../support/eventually.ts'
import { sample } from '../../support/network.ts'
import type { Tamper } from '../../support/network-pair.ts'
import { lineOf, RelayMesh } from '../../support/relay-mesh.ts'
import { echoPort } from '../../support/router-pair.ts'
import { exportingEcho } from '../../support/routes.ts'
import { credentialsIn } from '../../support/signed-origins.ts'
import { ask, dial, serveEcho } from '../../support/tcp.ts'

type Alter = (request: RelayedRequest) => FlowRequest

const cleanups: AsyncDisposable[] = []
/** What the relay does now. */
let tamper: Tamper

beforeEach(() => {
  tamper = (open) => open
})

afterEach(async () => {
  for (const part of cleanups.splice(0).reverse()) await part[Symbol.asyncDispose]()
})

const whatItDoesNow: Tamper = (open) => (request, handler) => tamper(open)(request, handler)
const CLIENT = { namespace: 'shop', pod: 'cart-0', serviceAccount: 'cart' }
const id = (letter: string) => letter.repeat(32)

/** West, hostile middle, east with an echo. */
async function hostileLine(): Promise<RelayMesh> {
  return await meshWith(lineOf('middle'), 'middle')
}

async function meshWith(options: ReturnType<typeof lineOf>, hostile: string): Promise<RelayMesh> {
  const server = await serveEcho()
  cleanups.push(server)
  const clients = { find: () => CLIENT }
  const mesh = await RelayMesh.start({ ...options, tamper: { [hostile]: whatItDoesNow }, clients })
  cleanups.push(mesh)
  const { routes } = mesh.router('east')
  routes.set({ ...exportingEcho(server.port), links: routes.current().links })
  return mesh
}

function altering(alter: Alter): Tamper {
  return (open) => (request, handler) => open(isRelayed(request) ? alter(request) : request, handler)
}

const inWay = (change: (way: RelayedWay) => RelayedWay): Alter => {
  return (request) => ({ ...request, relay: change(request.relay) })
}

const refusals = (mesh: RelayMesh, cause: string) =>
  sample(mesh.router('east').metrics, `fairlead_router_relays_refused_total{cause="${cause}"}`)
const arrivals = (mesh: RelayMesh) =>
  sample(mesh.router('east').metrics, 'fairlead_router_egress_flows_opened_total')

describe('what a relay alters is refused by the egress router, and no backend hears of it:', () => {
  const client =
    (change: object): Alter =>
    (request) => ({
      ...request,
      client: { ...request.client, ...change },
    })

  test.each<[string, Alter, string]>([
    ['the namespace of the client', client({ namespace: 'bank' }), 'forged'],
    ['the service account of the client', client({ serviceAccount: 'admin' }), 'forged'],
    ['the pod of the client', client({ pod: 'cart-1' }), 'forged'],
    ['the address of the client', client({ address: '10.0.0.1' }), 'forged'],
    ['the global address of the client', client({ globalAddress: '242.0.0.1' }), 'forged'],
    ['the port', (request) => ({ ...request, port: 81 }), 'forged'],
    ['the service', (request) => ({ ...request, service: 'demo/vault' }), 'forged'],
    [
      'the destination',
      (request) => ({ ...request, destination: { address: '10.0.0.1', port: 1 } }),
      'forged',
    ],
    ['the token', (request) => ({ ...request, resumable: { graceMs: 30_000, token: id('7') } }), 'forged'],
    [
      'the router that opened it',
      inWay((way) => ({ ...way, origin: { ...way.origin, name: 'west/r' } })),
      'forged',
    ],
    [
      'the cluster that opened it',
      inWay((way) => ({ ...way, origin: { cluster: 'north', router: id('f'), name: 'north/r' } })),
      'forged',
    ],
    ['the voucher, which it takes off', inWay(({ voucher: _, ...way }) => way), 'unsigned'],
    [
      'the time',
      inWay(({ voucher, ...way }) => ({ ...way, ...(voucher && { voucher: { ...voucher, time: 1 } }) })),
      'forged',
    ],
  ])(
    '%s',
    async (_what, alter, cause) => {
      const mesh = await hostileLine()
      tamper = altering(alter)
      const socket = await dial(await echoPort(mesh.router('west').dataPath))
      const closed = once(socket, 'close')
      socket.on('error', () => {})
      await eventually(async () => expect(await refusals(mesh, cause)).toBeGreaterThan(0))
      socket.destroy()
      await closed
      expect(await arrivals(mesh)).toBe(0)
    },
    60_000,
  )
})

test('a relay cannot vouch with its own certificate for the client of another cluster', async () => {
  const mesh = await hostileLine()
  const tls = await credentialsIn(await mesh.tlsDir('middle'))
  const anchors = { clusterset: tls.identity.clusterset, roots: readCertificates(tls.authority) }
  const own = new Vouchers({
    clock: systemClock,
    anchors: { current: () => anchors, subscribe: () => () => {} },
    signer: new Signer(tls),
  })
  tamper = altering((request) => {
    const changed = { ...request, client: { ...request.client, serviceAccount: 'admin' } }
    return { ...changed, relay: own.vouch(changed, request.relay) }
  })
  const socket = await dial(await echoPort(mesh.router('west').dataPath))
  socket.on('error', () => {})
  await eventually(async () => expect(await refusals(mesh, 'signer')).toBeGreaterThan(0))
  socket.destroy()
  expect(await arrivals(mesh)).toBe(0)
}, 60_000)

test('a relay that opens a flow a second time is refused, and the first goes on', async () => {
  const mesh = await hostileLine()
  tamper = (open) => (request, handler) => {
    const channel = open(request, handler)
    if (isRelayed(request)) open(request, () => NOBODY)
    return channel
  }
  const port = await echoPort(mesh.router('west').dataPath)
  expect(await ask(port, 'once')).toBe('once')
  await eventually(async () => expect(await refusals(mesh, 'replayed')).toBe(1))
  expect(await arrivals(mesh)).toBe(1)
}, 60_000)

test('a voucher of one flow is no good for another', async () => {
  const mesh = await hostileLine()
  const port = await echoPort(mesh.router('west').dataPath)
  let first: RelayedWay['voucher']
  tamper = altering((request) => {
    first = request.relay.voucher
    return request
  })
  expect(await ask(port, 'honest')).toBe('honest')
  tamper = altering(inWay((way) => (first === undefined ? way : { ...way, voucher: first })))
  const socket = await dial(port)
  socket.on('error', () => {})
  await eventually(async () => expect(await refusals(mesh, 'forged')).toBeGreaterThan(0))
  socket.destroy()
  expect(await arrivals(mesh)).toBe(1)
}, 60_000)

test('where there is an honest relay too every client is served', async () => {
  const ring = {
    between: ['left', 'right'],
    links: [
      ['west', 'left'],
      ['west', 'right'],
      ['left', 'east'],
      ['right', 'east'],
    ] as const,
  }
  const mesh = await meshWith(ring, 'left')
  tamper = altering((request) => ({ ...request, client: { ...request.client, serviceAccount: 'admin' } }))
  const port = await echoPort(mesh.router('west').dataPath)
  const texts = Array.from({ length: 20 }, (_, index) => `client ${index}`)
  expect(await Promise.all(texts.map((text) => ask(port, text)))).toEqual(texts)
}, 60_000)
