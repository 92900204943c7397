/** Routers and the agents of their cluster on loopback: who is told what, who says what, who is let in. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { SourceTable } from '../../../src/api/global-source.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { type Logger, silentLogger } from '../../../src/core/log.ts'
import { createMetrics } from '../../../src/core/metrics.ts'
import { Snapshot, type SnapshotSource } from '../../../src/core/snapshot.ts'
import { PROTOCOL } from '../../../src/link/messages.ts'
import { SourceClient } from '../../../src/link/source-client.ts'
import type { RouterAddress } from '../../../src/link/source-router.ts'
import { type AnnouncedSources, NO_SOURCES } from '../../../src/link/sources.ts'
import { TestClusterset } from '../../support/clusterset.ts'
import { eventually } from '../../support/eventually.ts'
import { record, sample, startClient, startNetwork, type TestNetwork, tlsOf } from '../../support/network.ts'
import { gone, scriptedPeer, tlsSocket } from '../../support/stranger.ts'

const ADDRESS = '242.7.0.1'
const slot = (first: number, address: string) => ({ first, last: first + 63, address })
const announce = (version: number, slots: Readonly<Record<number, string>>): AnnouncedSources => ({
  version,
  slots: new Map(Object.entries(slots).map(([first, address]) => [Number(first), address])),
})

let set: TestClusterset
let sources: Snapshot<AnnouncedSources>
let router: TestNetwork
const ended: (() => Promise<void>)[] = []

beforeEach(async () => {
  set = await TestClusterset.create()
  sources = new Snapshot(NO_SOURCES)
  router = await startRouter('127.0.0.1', sources)
})

afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end()
  await set[Symbol.asyncDispose]()
})

async function startRouter(host: string, told: Snapshot<AnnouncedSources>, port = 0): Promise<TestNetwork> {
  const started = await startNetwork({ tlsDir: await set.tlsDir('east'), host, port, sources: told })
  ended.push(() => started.network.stop())
  return started
}

const addressOf = ({ network }: TestNetwork, host = '127.0.0.1', name = 'router-1'): RouterAddress => ({
  name,
  host,
  port: network.port,
})

/** An agent of a cluster; what it does with a table is up to the test. */
async function startAgent(routers: SnapshotSource<readonly RouterAddress[]>, cluster = 'east') {
  const metrics = createMetrics()
  const warned: string[] = []
  const logger: Logger = { ...silentLogger, warn: (_fields, message) => void warned.push(message) }
  const client = new SourceClient(
    { clock: systemClock, logger, metrics, routers, tls: tlsOf(await set.tlsDir(cluster, 'agent')) },
    { version: 'test' },
  )
  await client.start()
  ended.push(() => client.stop())
  return { client, metrics, warned }
}

/** It applies every table at once. */
function obedient(client: SourceClient): void {
  client.sources.subscribe((table) => client.applied(table))
  client.applied(client.sources.current())
}

const agentsOf = ({ network }: TestNetwork) => {
  if (network.agents === undefined) throw new Error('no agents are served')
  return network.agents
}
const slots = (client: SourceClient, host = '127.0.0.1') => client.sources.current().get(host)

test('an agent has all slots of its router, those that come and those that go', async () => {
  sources.set(announce(1, { 32768: ADDRESS }))
  const { client } = await startAgent(new Snapshot([addressOf(router)]))
  await eventually(() => expect(slots(client)).toEqual([slot(32_768, ADDRESS)]))
  sources.set(announce(2, { 32768: ADDRESS, 32832: '242.7.0.2' }))
  await eventually(() => expect(slots(client)).toHaveLength(2))
  sources.set(announce(3, { 32832: '242.7.0.2' }))
  await eventually(() => expect(slots(client)).toEqual([slot(32_832, '242.7.0.2')]))
})

test('a slot is in force once the node translates by it, and not when the agent only knows it', async () => {
  const { client } = await startAgent(new Snapshot([addressOf(router)]))
  await eventually(() => expect(agentsOf(router).size).toBe(1))
  sources.set(announce(1, { 32768: ADDRESS }))
  await eventually(() => expect(slots(client)).toHaveLength(1))
  expect(await agentsOf(router).whenApplied(1, 50)).toBe(false)
  const wait = agentsOf(router).whenApplied(1, 10_000)
  client.applied(client.sources.current())
  expect(await wait).toBe(true)
})

test('an older table acknowledges no more than it has', async () => {
  const { client } = await startAgent(new Snapshot([addressOf(router)]))
  sources.set(announce(1, { 32768: ADDRESS }))
  await eventually(() => expect(slots(client)).toHaveLength(1))
  const old: SourceTable = client.sources.current()
  sources.set(announce(2, {}))
  await eventually(() => expect(slots(client)).toEqual([]))
  client.applied(old)
  expect(await agentsOf(router).whenApplied(1, 10_000)).toBe(true)
  expect(await agentsOf(router).whenApplied(2, 50)).toBe(false)
})

test('a router without slots is in the table, and one that has told nothing yet is not', async () => {
  const nobody = { name: 'router-2', host: '127.0.0.2', port: router.network.port }
  const { client } = await startAgent(new Snapshot([addressOf(router), nobody]))
  await eventually(() => expect(client.sources.current()).toEqual(new Map([['127.0.0.1', []]])))
  expect(client.missing).toEqual(['router-2'])
})

test('all agents are waited for', async () => {
  const routers = new Snapshot([addressOf(router)])
  const [one, two] = [await startAgent(routers), await startAgent(routers)]
  obedient(one.client)
  await eventually(() => expect(agentsOf(router).size).toBe(2))
  expect(await sample(router.metrics, 'fairlead_router_agents')).toBe(2)
  sources.set(announce(1, { 32768: ADDRESS }))
  expect(await agentsOf(router).whenApplied(1, 200)).toBe(false)
  obedient(two.client)
  expect(await agentsOf(router).whenApplied(1, 10_000)).toBe(true)
})

test('what a router told last stays while it cannot be reached, and is told whole when it is back', async () => {
  sources.set(announce(1, { 32768: ADDRESS }))
  const { client, metrics } = await startAgent(new Snapshot([addressOf(router)]))
  obedient(client)
  await eventually(() => expect(slots(client)).toHaveLength(1))
  const { port } = router.network
  await router.network.stop()
  await eventually(() => expect(client.missing).toEqual(['router-1']))
  expect(await sample(metrics, 'fairlead_agent_router_sessions')).toBe(0)
  expect(slots(client)).toEqual([slot(32_768, ADDRESS)])
  // Another process: its versions begin anew.
  const again = new Snapshot<AnnouncedSources>(announce(1, { 33024: '242.7.0.9' }))
  const back = await startRouter('127.0.0.1', again, port)
  await eventually(() => expect(slots(client)).toEqual([slot(33_024, '242.7.0.9')]))
  expect(await agentsOf(back).whenApplied(1, 10_000)).toBe(true)
  expect(client.missing).toEqual([])
})

test('every router of the list has its own slots, and takes them with it when it leaves', async () => {
  const others = new Snapshot<AnnouncedSources>(announce(1, { 32768: '242.7.0.2' }))
  const other = await startRouter('127.0.0.2', others)
  sources.set(announce(1, { 32768: ADDRESS }))
  const both = [addressOf(router), addressOf(other, '127.0.0.2', 'router-2')]
  const routers = new Snapshot<readonly RouterAddress[]>(both)
  const { client } = await startAgent(routers)
  await eventually(() => {
    expect(slots(client)).toEqual([slot(32_768, ADDRESS)])
    expect(slots(client, '127.0.0.2')).toEqual([slot(32_768, '242.7.0.2')])
  })
  routers.set([...both.slice(1), { name: 'router-6', host: 'fd00::6', port: 1 }])
  expect([...client.sources.current().keys()]).toEqual(['127.0.0.2'])
  await eventually(() => expect(agentsOf(router).size).toBe(0))
  expect(agentsOf(other).size).toBe(1)
})

test('another pod that has the address of one that is gone has none of its slots', async () => {
  sources.set(announce(1, { 32768: ADDRESS }))
  const routers = new Snapshot([addressOf(router)])
  const { client } = await startAgent(routers)
  await eventually(() => expect(slots(client)).toHaveLength(1))
  routers.set([{ name: 'router-9', host: '127.0.0.1', port: 1 }])
  expect(slots(client)).toBeUndefined()
  expect(client.missing).toEqual(['router-9'])
})

describe('strangers:', () => {
  const hello = (changes: object = {}) => ({
    type: 'hello',
    id: 'stranger',
    cluster: 'east',
    role: 'agent',
    version: 'test',
    protocol: PROTOCOL,
    ...changes,
  })

  async function speakAs(role: 'agent' | 'controller' | 'router', messages: readonly unknown[]) {
    const peer = scriptedPeer(await tlsSocket(router.network.port, await set.tlsDir('east', role)))
    for (const message of messages) peer.send(message)
    return peer.closed
  }

  test('an agent of another cluster gets nothing', async () => {
    sources.set(announce(1, { 32768: ADDRESS }))
    await gone(await tlsSocket(router.network.port, await set.tlsDir('west', 'agent')))
    expect(await sample(router.metrics, 'fairlead_link_refused_total{reason="role"}')).toBe(1)
    expect(agentsOf(router).size).toBe(0)
  })

  test('an agent takes nothing from a router of another cluster', async () => {
    const west = await startNetwork({
      tlsDir: await set.tlsDir('west'),
      sources: new Snapshot(announce(1, { 32768: ADDRESS })),
    })
    ended.push(() => west.network.stop())
    const { client, warned } = await startAgent(new Snapshot([addressOf(west)]))
    await eventually(() => expect(warned).toContain('no session to a router'))
    expect(slots(client)).toBeUndefined()
    expect(client.missing).toEqual(['router-1'])
  })

  test('a controller may not say that a node translates, and is not waited for', async () => {
    const closed = speakAs('controller', [
      hello({ role: 'controller' }),
      { type: 'sources-applied', version: 0 },
    ])
    expect(await closed).toBe('amqp:unauthorized-access')
    const controller = await startClient(await set.tlsDir('east', 'controller'), router.network.port)
    await eventually(() => controller.connected.current())
    expect(agentsOf(router).size).toBe(0)
    expect(await agentsOf(router).whenApplied(1, 10_000)).toBe(true)
    await controller.stop()
  })

  test.each<[string, object]>([
    [
      'records',
      {
        type: 'directory-origin',
        cluster: 'east',
        epoch: 1,
        sequence: 1,
        part: 0,
        last: true,
        records: [record('a')],
      },
    ],
    ['a digest', { type: 'directory-digest', last: true, origins: [] }],
    ['the topology', { type: 'topology-digest', part: 0, last: true, routers: [] }],
    ['whom it reaches', { type: 'reach', last: true, clusters: ['north'] }],
    ['an epoch', { type: 'outdone', epoch: 2 ** 50 }],
    ['slots of its own', { type: 'sources', version: 1, upserts: [], removes: [] }],
  ])('an agent that tells %s is shut out', async (_what, message) => {
    expect(await speakAs('agent', [hello(), message])).toBe('amqp:unauthorized-access')
    expect(router.network.directory.current().size).toBe(0)
    await eventually(() => expect(agentsOf(router).size).toBe(0))
  })

  test('an agent that has applied what it was never told is shut out', async () => {
    expect(await speakAs('agent', [hello(), { type: 'sources-applied', version: 7 }])).toBe(
      'amqp:invalid-field',
    )
  })

  test('an agent that says it is a router is shut out', async () => {
    expect(await speakAs('agent', [hello({ role: 'router' })])).toBe('amqp:unauthorized-access')
  })

  test('an agent that speaks an older protocol is told so', async () => {
    expect(await speakAs('agent', [hello({ protocol: { min: 1, max: 2 } })])).toBe('amqp:not-allowed')
  })
})
