/** Real routers over TLS: they see each other through others, agree on the paths, and find the replicas of their cluster. */
import { afterEach, expect, test } from '@jest/globals'
import { ReportPath, type TopologyReport } from '../../../src/api/network-report.ts'
import { Snapshot } from '../../../src/core/snapshot.ts'
import type { ReplicaAddress } from '../../../src/router/network/replicas.ts'
import { networkReports } from '../../../src/router/network/reports.ts'
import { TestClusterset } from '../../support/clusterset.ts'
import { CuttableProxy } from '../../support/cuttable-proxy.ts'
import { eventually } from '../../support/eventually.ts'
import {
  linkTo,
  type NetworkOptions,
  sample,
  startClient,
  startNetwork,
  stateOf,
  type TestNetwork,
} from '../../support/network.ts'
import { routerId } from '../../support/topology-world.ts'

const FAST = { intervalMs: 100, deadMs: 300 } as const

const cleanups: (() => PromiseLike<void>)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function clusterset(): Promise<TestClusterset> {
  const set = await TestClusterset.create()
  cleanups.push(() => set[Symbol.asyncDispose]())
  return set
}

let born = 0

/** A router of `cluster`; its name is `name` or that of its cluster. */
async function router(
  set: TestClusterset,
  cluster: string,
  options: Partial<NetworkOptions> = {},
): Promise<TestNetwork> {
  born += 1
  const started = await startNetwork({
    tlsDir: await set.tlsDir(cluster),
    heartbeat: FAST,
    name: cluster,
    dataConnections: 1,
    routerId: routerId(born),
    ...options,
  })
  cleanups.push(() => started.network.stop())
  return started
}

/** A Link of this cost. */
const dear = (name: string, port: number, cost: number) => ({ ...linkTo(name, port), cost })

/** Names of the routers that one sees, sorted. */
const seenBy = ({ network }: TestNetwork) =>
  [...network.topology.current().routers.values()].map(({ name }) => name).sort()

/** Clusters that the document about the topology has as unreachable, with a router each that is lost. */
function cutOff({ network }: TestNetwork): string[] {
  const documents = networkReports({ network, explain: () => [] })
  const answer = documents.get(ReportPath.topology)?.(new URLSearchParams())
  const { clusters, routers } = (answer ?? { value: {} }).value as TopologyReport
  const lost = routers.filter(({ reachable }) => !reachable).map(({ cluster }) => cluster)
  const unreachable = clusters.filter(({ reachable }) => !reachable).map(({ cluster }) => cluster)
  expect(lost).toEqual(unreachable)
  return unreachable
}

/** Paths to a router, by names. */
function paths({ network }: TestNetwork, to: TestNetwork): string[] {
  const view = network.topology.current()
  const names = (path: readonly string[]) => path.map((id) => view.routers.get(id)?.name ?? id).join(' ')
  return (view.routeTo(to.network.topology.current().self)?.paths ?? []).map(names)
}

function cost({ network }: TestNetwork, to: TestNetwork): number | undefined {
  return network.topology.current().routeTo(to.network.topology.current().self)?.cost
}

const portOf = ({ network }: TestNetwork) => network.port

/** Clusters a, b and c in a line: a dials b, c dials b. */
async function line(set: TestClusterset) {
  const b = await router(set, 'b')
  const a = await router(set, 'a', { links: [dear('b', portOf(b), 5)] })
  const c = await router(set, 'c', { links: [linkTo('b', portOf(b))] })
  await eventually(() => expect([a, b, c].map(seenBy)).toEqual(Array(3).fill(['a', 'b', 'c'])))
  return { a, b, c }
}

test('three clusters in a line see each other and agree on the paths, whoever dialled', async () => {
  const { a, b, c } = await line(await clusterset())
  expect([paths(a, c), paths(c, a), paths(a, b), paths(b, c)]).toEqual([['b c'], ['b a'], ['b'], ['c']])
  expect([cost(a, c), cost(c, a), cost(b, a)]).toEqual([6, 6, 5])
  expect(
    a.network.topology
      .current()
      .routersOf('c')
      .map(({ router }) => router.name),
  ).toEqual(['c'])
  expect(await sample(a.metrics, 'fairlead_topology_routers')).toBe(3)
  expect(await sample(a.metrics, 'fairlead_topology_messages_total{direction="received"}')).toBeGreaterThan(0)
})

test('when the one in the middle goes away the others see neither it nor each other, until another takes its place', async () => {
  const set = await clusterset()
  const { a, b, c } = await line(set)
  const port = portOf(b)
  await b.network.stop()
  await eventually(() => expect([a, c].map(seenBy)).toEqual([['a'], ['c']]))
  expect([cutOff(a), cutOff(c)]).toEqual([
    ['b', 'c'],
    ['a', 'b'],
  ])
  const again = await router(set, 'b', { port })
  await eventually(() => expect([a, again, c].map(seenBy)).toEqual(Array(3).fill(['a', 'b', 'c'])))
  expect(paths(a, c)).toEqual(['b c'])
  expect(cutOff(a)).toEqual([])
})

test('a link whose packets are lost without a word is left by the paths of routers far from it', async () => {
  const set = await clusterset()
  const d = await router(set, 'd')
  const proxy = await CuttableProxy.to(portOf(d))
  cleanups.push(() => proxy[Symbol.asyncDispose]())
  const b = await router(set, 'b', { links: [linkTo('d', proxy.port)] })
  const c = await router(set, 'c', { links: [dear('d', portOf(d), 9)] })
  const a = await router(set, 'a', { links: [linkTo('b', portOf(b)), linkTo('c', portOf(c))] })
  await eventually(() => expect(paths(a, d)).toEqual(['b d']))
  proxy.cut()
  await eventually(() => expect(paths(a, d)).toEqual(['c d']))
  proxy.heal()
  await eventually(() => expect(paths(a, d)).toEqual(['b d']))
})

test('paths of equal cost are all offered, and one that drains is relayed through no more', async () => {
  const set = await clusterset()
  // Round trips are not measured in the test's time: they would break ties as the machine pleases.
  const heartbeat = { intervalMs: 60_000, deadMs: 180_000 }
  const d = await router(set, 'd', { heartbeat })
  const b = await router(set, 'b', { heartbeat, links: [linkTo('d', portOf(d))] })
  const c = await router(set, 'c', { heartbeat, links: [linkTo('d', portOf(d))] })
  const a = await router(set, 'a', { heartbeat, links: [linkTo('b', portOf(b)), linkTo('c', portOf(c))] })
  await eventually(() => expect(paths(a, d).sort()).toEqual(['b d', 'c d']))
  b.network.drain()
  await eventually(() => expect(paths(a, d)).toEqual(['c d']))
  expect(paths(a, b)).toEqual(['b'])
})

/** Two routers of `east` that know of each other. */
async function replicas(set: TestClusterset) {
  const source = new Snapshot<readonly ReplicaAddress[]>([])
  const one = await router(set, 'east', { name: 'east-1', replicas: source })
  const two = await router(set, 'east', { name: 'east-2', replicas: source })
  const addresses = [one, two].map((each, index) => ({
    name: `east-${index + 1}`,
    host: '127.0.0.1',
    port: portOf(each),
  }))
  source.set(addresses)
  await eventually(() => expect([one, two].map(seenBy)).toEqual(Array(2).fill(['east-1', 'east-2'])))
  return { one, two, source }
}

test('the replicas of a cluster find each other over one link, and none of them is a cluster to reach', async () => {
  const { one, two } = await replicas(await clusterset())
  expect(await sample(one.metrics, 'fairlead_link_sessions')).toBe(0)
  expect(await sample(two.metrics, 'fairlead_link_sessions')).toBe(1)
  await eventually(async () => expect(await sample(one.metrics, 'fairlead_link_data_connections')).toBe(1))
  expect([one, two].map(({ network }) => network.peers.reachable())).toEqual([[], []])
  expect(one.network.linkStatus.current()).toEqual([])
})

test('replicas share the directory: a controller may be connected to any of them', async () => {
  const set = await clusterset()
  const { one, two } = await replicas(set)
  const west = await router(set, 'west', { links: [linkTo('east', portOf(two))] })
  const east = await startClient(await set.tlsDir('east', 'controller'), portOf(one))
  const reader = await startClient(await set.tlsDir('west', 'controller'), portOf(west))
  cleanups.push(
    () => east.stop(),
    () => reader.stop(),
  )
  east.publish(stateOf('east', 1, 1, ['hello']))
  reader.publish(stateOf('west', 1, 1, ['web']))
  await eventually(() => expect(reader.directory.current().get('east')?.records.has('demo/hello')).toBe(true))
  await eventually(() => expect(east.directory.current().get('west')?.records.has('demo/web')).toBe(true))
})

test('another cluster sees all replicas, and when one is gone reaches the other through the rest', async () => {
  const set = await clusterset()
  const { one, two, source } = await replicas(set)
  const west = await router(set, 'west', { links: [linkTo('east', portOf(two))] })
  await eventually(() => expect(seenBy(west)).toEqual(['east-1', 'east-2', 'west']))
  expect(paths(west, one)).toEqual(['east-2 east-1'])
  const names = () =>
    west.network.topology
      .current()
      .routersOf('east')
      .map((route) => route.router.name)
  expect(names()).toEqual(['east-2', 'east-1'])
  await one.network.stop()
  await eventually(() => expect([west, two].map(seenBy)).toEqual(Array(2).fill(['east-2', 'west'])))
  const third = await router(set, 'east', { name: 'east-3', replicas: source })
  source.set([...source.current().slice(1), { name: 'east-3', host: '127.0.0.1', port: portOf(third) }])
  await eventually(() =>
    expect([west, two, third].map(seenBy)).toEqual(Array(3).fill(['east-2', 'east-3', 'west'])),
  )
})

test('a replica that is no longer listed is not dialled any more', async () => {
  const { one, two, source } = await replicas(await clusterset())
  source.set(source.current().slice(0, 1))
  await eventually(() => expect([one, two].map(seenBy)).toEqual([['east-1'], ['east-2']]))
})

test('what is listed as a replica and is a router of another cluster, or we ourselves, is not taken for one', async () => {
  const set = await clusterset()
  const source = new Snapshot<readonly ReplicaAddress[]>([])
  const west = await router(set, 'west')
  const east = await router(set, 'east', { name: 'east-1', replicas: source })
  const down = 'fairlead_link_down_total'
  source.set([{ name: 'east-2', host: '127.0.0.1', port: portOf(west) }])
  await eventually(async () =>
    expect(await sample(east.metrics, `${down}{cause="refused"}`)).toBeGreaterThan(0),
  )
  source.set([{ name: 'east-3', host: '127.0.0.1', port: portOf(east) }])
  // Whichever end notices first tells the other.
  const ended = 'fairlead_link_sessions_ended_total'
  await eventually(async () => {
    const counts = await Promise.all(
      [down, ended].map((name) => sample(east.metrics, `${name}{cause="violation"}`)),
    )
    expect(Math.max(...counts)).toBeGreaterThan(0)
  })
  expect([west, east].map(seenBy)).toEqual([['west'], ['east-1']])
})
