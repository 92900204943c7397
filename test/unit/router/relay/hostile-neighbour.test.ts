/** A neighbour of another cluster that abuses relays: real AMQP data connections in memory, certificates as told. */
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { DataConnection } from '../../../../src/amqp/data-connection.ts'
import type { FlowAcceptor, FlowError, FlowRequest, RelayedWay } from '../../../../src/amqp/flow-transport.ts'
import { MAX_HOPS } from '../../../../src/amqp/limits.ts'
import { emptyRouteSnapshot } from '../../../../src/api/route-snapshot.ts'
import { silentLogger } from '../../../../src/core/log.ts'
import { createMetrics, type Metrics } from '../../../../src/core/metrics.ts'
import { Snapshot } from '../../../../src/core/snapshot.ts'
import type { PeerSocket } from '../../../../src/link/tls-connect.ts'
import { amqpConnections } from '../../../../src/router/amqp-connection.ts'
import { DataConnections } from '../../../../src/router/network/data-connections.ts'
import { echo, handlerOf, REQUEST, until } from '../../../support/connection-pair.ts'
import { duplexPair } from '../../../support/duplex-pair.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { metricOf } from '../../../support/udp-metrics.ts'

const id = (letter: string) => letter.repeat(32)
const [HERE, EVIL, EAST] = [id('0'), id('e'), id('1')]
const TOKEN = id('7')

const clock = new FakeClock()
let metrics: Metrics
let here: DataConnections
let evil: DataConnection
/** Flows that reached our data path, by the cluster they are taken to come from. */
let taken: string[]
/** Flows that reached the router of east. */
let passed: FlowRequest[]
let believed: boolean

beforeEach(async () => {
  metrics = createMetrics()
  taken = []
  passed = []
  believed = true
  here = new DataConnections(
    {
      snapshot: new Snapshot(emptyRouteSnapshot),
      clock,
      metrics,
      createDataConnection: amqpConnections({ clock, log: silentLogger }),
      acceptFlow: (peer) => (request, channel) => {
        taken.push(peer.cluster)
        return echo(request, channel)
      },
      vouchers: {
        vouch: (_request, way) => way,
        verify: () =>
          believed
            ? undefined
            : { cause: 'forged', error: { condition: 'fairlead:unvouched', description: 'no signature' } },
      },
    },
    {
      instance: HERE,
      name: 'router',
      identity: () => ({ clusterset: 'set', cluster: 'here', role: 'router' }),
    },
  )
  evil = neighbour('evil', EVIL, echo)
  const east = neighbour('east', EAST, (request, channel) => {
    passed.push(request)
    return echo(request, channel)
  })
  await until(() => evil.peer !== undefined && east.peer !== undefined)
})

afterEach(async () => {
  await here.stop()
})

/** Another router with a data connection to us. */
function neighbour(cluster: string, instance: string, accept: FlowAcceptor): DataConnection {
  const [ours, theirs] = duplexPair()
  const config = { side: 'dialer', containerId: `${cluster}/router`, instance } as const
  const connection = new DataConnection(theirs, { clock, logger: silentLogger, accept }, config)
  connection.start()
  const peer = { clusterset: 'set', cluster, role: 'router' } as const
  here.open({ socket: ours, peer } as unknown as PeerSocket, 'acceptor')
  return connection
}

const WAY: RelayedWay = {
  path: [HERE, EAST],
  travelled: [],
  cluster: 'east',
  origin: { cluster: 'evil', router: EVIL, name: 'evil/router' },
}

/** What becomes of a flow that evil opens with this way: `accepted`, or the condition. */
async function outcome(
  way: Partial<RelayedWay>,
  from = evil,
  changes: Partial<FlowRequest> = {},
): Promise<string> {
  let told: string | undefined
  from.open({ ...REQUEST, ...changes, relay: { ...WAY, ...way } }, () =>
    handlerOf({
      onAccept: () => {
        told = 'accepted'
      },
      onReset: ({ condition }: FlowError) => {
        told = condition
      },
    }),
  )
  await until(() => told !== undefined)
  return told ?? ''
}

const refusedFor = (cause: string) =>
  metricOf(metrics, `fairlead_router_relays_refused_total{cause="${cause}"}`)

test('what is right is passed on with the way behind it, and taken here under the name of its origin', async () => {
  expect(await outcome({})).toBe('accepted')
  expect(passed.map(({ relay }) => relay)).toEqual([{ ...WAY, path: [EAST], travelled: [HERE] }])
  expect(await outcome({ path: [HERE], cluster: 'here' })).toBe('accepted')
  expect(taken).toEqual(['evil'])
})

test.each<[string, Partial<RelayedWay>, string]>([
  ['a path to a router that is not next to us', { path: [HERE, id('9')] }, 'no-neighbour'],
  ['a path to nobody at all', { path: [id('9')] }, 'path'],
  ['a path that names us twice', { path: [HERE, EAST, HERE] }, 'loop'],
  ['a path that names another twice', { path: [HERE, EAST, id('3'), EAST] }, 'loop'],
  ['a path back to its sender', { path: [HERE, EVIL] }, 'loop'],
  [
    'a path longer than it may be',
    {
      path: [HERE, ...Array.from({ length: MAX_HOPS - 1 }, (_, at) => at.toString(16).padStart(32, '5'))],
      travelled: [EVIL],
      origin: { cluster: 'west', router: id('a'), name: 'west/router' },
    },
    'hops',
  ],
  ['a cluster whose router the last one is not', { cluster: 'west' }, 'cluster'],
])('%s is refused with no-route, and nobody else hears of it', async (_name, way, cause) => {
  expect(await outcome(way)).toBe('fairlead:no-route')
  expect([passed, taken, await refusedFor(cause)]).toEqual([[], [], 1])
})

test.each<[string, Partial<RelayedWay>]>([
  ['another cluster', { origin: { cluster: 'west', router: EVIL, name: 'evil/router' } }],
  ['another router', { origin: { cluster: 'evil', router: id('a'), name: 'evil/router' } }],
  ['another name', { origin: { cluster: 'evil', router: EVIL, name: 'evil/other' } }],
  [
    'our own cluster',
    { travelled: [EVIL], origin: { cluster: 'here', router: id('a'), name: 'here/router' } },
  ],
  [
    'a relay that it is not',
    { travelled: [id('a')], origin: { cluster: 'west', router: id('b'), name: 'west/r' } },
  ],
])('a neighbour cannot speak for %s', async (_name, way) => {
  for (const path of [{ path: [HERE, EAST] }, { path: [HERE], cluster: 'here' }]) {
    expect(await outcome({ ...way, ...path })).toBe('amqp:unauthorized-access')
  }
  expect([passed, taken, await refusedFor('origin')]).toEqual([[], [], 2])
})

test('an origin that is not believed goes no further than here, and other routers judge for themselves', async () => {
  believed = false
  expect(await outcome({ path: [HERE], cluster: 'here' })).toBe('fairlead:unvouched')
  expect(await outcome({})).toBe('accepted')
  expect([taken, await refusedFor('forged')]).toEqual([[], 1])
})

test('a process that claims the instance of another cannot have the flows that are for its cluster', async () => {
  const impostor = neighbour('north', id('4'), echo)
  await until(() => impostor.peer !== undefined)
  expect(await outcome({ path: [HERE, id('4')] })).toBe('fairlead:no-route')
  expect(await outcome({ path: [HERE, id('4')], cluster: 'north' })).toBe('accepted')
})

test('a draining relay passes on no new flows, and those that are resumed', async () => {
  here.drain()
  expect(await outcome({})).toBe('fairlead:no-route')
  const at = { received: 0, ended: false }
  const resumable = { token: TOKEN, graceMs: 1000, at }
  expect(await outcome({}, evil, { resumable })).toBe('accepted')
  expect(await refusedFor('draining')).toBe(1)
})

test('what is told over relays of a process next to us does not end its flows', async () => {
  const west = neighbour('west', id('a'), echo)
  await until(() => west.peer !== undefined)
  let lost: FlowError | undefined
  west.open({ ...REQUEST, resumable: { token: TOKEN, graceMs: 1000 } }, () =>
    handlerOf({
      onReset: (error) => {
        lost = error
      },
    }),
  )
  await until(() => taken.length === 1)
  const origin = { cluster: 'west', router: id('b'), name: 'west/router' }
  expect(await outcome({ path: [HERE], cluster: 'here', travelled: [EVIL], origin })).toBe('accepted')
  expect([west.usable, lost]).toEqual([true, undefined])
})

test('a token resumes no flow for another origin than the one that opened it', async () => {
  const resumable = { token: TOKEN, graceMs: 1000 }
  expect(await outcome({ path: [HERE], cluster: 'here' }, evil, { resumable })).toBe('accepted')
  const origin = { cluster: 'west', router: id('a'), name: 'west/router' }
  const stolen = { ...resumable, at: { received: 0, ended: false } }
  const way = { path: [HERE], cluster: 'here', travelled: [EVIL], origin }
  expect(await outcome(way, evil, { resumable: stolen })).toBe('fairlead:unknown-flow')
})

test('one neighbour cannot name origins without end', async () => {
  const outcomes = new Set<string>()
  for (let index = 0; index < 1_200; index += 1) {
    const router = index.toString(16).padStart(32, 'd')
    const origin = { cluster: `c${index % 7}`, router, name: `n${index}` }
    outcomes.add(await outcome({ path: [HERE], cluster: 'here', travelled: [EVIL], origin }))
  }
  expect(outcomes).toEqual(new Set(['accepted', 'fairlead:no-route']))
  expect(taken.length).toBeLessThanOrEqual(1_024)
})
