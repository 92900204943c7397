/** Records travel from a controller through routers to every other controller. */
import { afterEach, expect, test } from '@jest/globals'
import type { OriginState } from '../../../src/api/service-record.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { silentLogger } from '../../../src/core/log.ts'
import { Snapshot } from '../../../src/core/snapshot.ts'
import { OriginPublisher } from '../../../src/exporter/origin-publisher.ts'
import type { DirectoryClient } from '../../../src/link/directory-client.ts'
import { TestClusterset } from '../../support/clusterset.ts'
import { eventually } from '../../support/eventually.ts'
import { linkTo, record, startClient, startNetwork, stateOf } from '../../support/network.ts'

const cleanups: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function clusterset(): Promise<TestClusterset> {
  const set = await TestClusterset.create()
  cleanups.push(() => set[Symbol.asyncDispose]())
  return set
}

async function router(
  set: TestClusterset,
  cluster: string,
  links = [] as ReturnType<typeof linkTo>[],
  port = 0,
) {
  const started = await startNetwork({ tlsDir: await set.tlsDir(cluster), links, port })
  cleanups.push(() => started.network.stop())
  return started
}

async function controller(set: TestClusterset, cluster: string, port: number): Promise<DirectoryClient> {
  const client = await startClient(await set.tlsDir(cluster, 'controller'), port)
  cleanups.push(() => client.stop())
  return client
}

const namesOf = (client: DirectoryClient, cluster: string) =>
  [...(client.directory.current().get(cluster)?.records.keys() ?? [])].sort()

test('a record that one controller publishes reaches the controller of another cluster, and so does its removal', async () => {
  const set = await clusterset()
  const east = await router(set, 'east')
  const west = await router(set, 'west', [linkTo('east', east.network.port)])
  const publisher = await controller(set, 'east', east.network.port)
  const reader = await controller(set, 'west', west.network.port)
  publisher.publish(stateOf('east', 1, 1, ['hello']))
  await eventually(() => expect(namesOf(reader, 'east')).toEqual(['demo/hello']))
  publisher.publish(stateOf('east', 1, 2, ['hello', 'more']))
  await eventually(() => expect(namesOf(reader, 'east')).toEqual(['demo/hello', 'demo/more']))
  publisher.publish(stateOf('east', 1, 3, []))
  await eventually(() => expect(namesOf(reader, 'east')).toEqual([]))
  expect(reader.directory.current().get('east')).toMatchObject({ epoch: 1, sequence: 3 })
  await eventually(() => expect(publisher.confirmed.current()).toMatchObject({ epoch: 1, sequence: 3 }))
})

test('records pass a router in between, and nothing goes round in a ring of routers', async () => {
  const set = await clusterset()
  const a = await router(set, 'a')
  const b = await router(set, 'b', [linkTo('a', a.network.port)])
  const c = await router(set, 'c', [linkTo('b', b.network.port), linkTo('a', a.network.port)])
  const publisher = await controller(set, 'a', a.network.port)
  const reader = await controller(set, 'c', c.network.port)
  for (let sequence = 1; sequence <= 50; sequence += 1) {
    publisher.publish(stateOf('a', 1, sequence, [`s${sequence}`]))
  }
  await eventually(() => expect(namesOf(reader, 'a')).toEqual(['demo/s50']))
  expect(b.network.directory.current().get('a')).toMatchObject({ sequence: 50 })
})

test('a router that comes back empty is told everything again by its controller and its peers', async () => {
  const set = await clusterset()
  const east = await router(set, 'east')
  const port = east.network.port
  const west = await router(set, 'west', [linkTo('east', port)])
  const publisher = await controller(set, 'east', port)
  const reader = await controller(set, 'west', west.network.port)
  publisher.publish(stateOf('east', 1, 1, ['hello']))
  reader.publish(stateOf('west', 1, 1, ['web']))
  await eventually(() => expect(namesOf(reader, 'east')).toEqual(['demo/hello']))
  await east.network.stop()
  expect(namesOf(reader, 'east')).toEqual(['demo/hello'])
  const again = await router(set, 'east', [], port)
  await eventually(() =>
    expect([...again.network.directory.current().keys()].sort()).toEqual(['east', 'west']),
  )
  publisher.publish(stateOf('east', 1, 2, ['hello', 'again']))
  await eventually(() => expect(namesOf(reader, 'east')).toEqual(['demo/again', 'demo/hello']))
})

test('a record that no peer would take is left out, and the rest is published', async () => {
  const set = await clusterset()
  const east = await router(set, 'east')
  const publisher = await controller(set, 'east', east.network.port)
  const state = stateOf('east', 1, 1, ['good', 'also-good'])
  const bad = record('also-good', { exportedLabels: { 'not a label': 'x' } })
  publisher.publish({ ...state, records: new Map(state.records).set('demo/also-good', bad) })
  await eventually(() => expect(namesOf(publisher, 'east')).toEqual(['demo/good']))
  await eventually(() => {
    expect([...(east.network.directory.current().get('east')?.records.keys() ?? [])]).toEqual(['demo/good'])
  })
})

test('a controller keeps what it last knew while its router is away, and says that it is not connected', async () => {
  const set = await clusterset()
  const east = await router(set, 'east')
  const reader = await controller(set, 'east', east.network.port)
  reader.publish(stateOf('east', 1, 1, ['hello']))
  await eventually(() => reader.connected.current())
  await east.network.stop()
  await eventually(() => !reader.connected.current())
  expect(namesOf(reader, 'east')).toEqual(['demo/hello'])
})

test('a state that the network remembers as newer wins over what a controller publishes', async () => {
  const set = await clusterset()
  const east = await router(set, 'east')
  const before = await controller(set, 'east', east.network.port)
  before.publish(stateOf('east', 9, 1, ['before']))
  await eventually(() => expect(before.confirmed.current()).toMatchObject({ epoch: 9 }))
  const after = await controller(set, 'east', east.network.port)
  after.publish(stateOf('east', 3, 1, ['after']))
  await eventually(() => expect(after.directory.current().get('east')?.epoch).toBe(9))
  after.publish(stateOf('east', 10, 1, ['after']))
  await eventually(() => expect(namesOf(before, 'east')).toEqual(['demo/after']))
})

test('thousands of records are exchanged whole when a link comes up', async () => {
  const set = await clusterset()
  const east = await router(set, 'east')
  const publisher = await controller(set, 'east', east.network.port)
  const names = Array.from({ length: 3000 }, (_, index) => `service-${index}`)
  publisher.publish(stateOf('east', 1, 1, names))
  const west = await router(set, 'west', [linkTo('east', east.network.port)])
  const reader = await controller(set, 'west', west.network.port)
  await eventually(() => expect(namesOf(reader, 'east')).toEqual(names.map((name) => `demo/${name}`).sort()))
})

test('a controller is told which clusters its router reaches, and knows nothing of it without a session', async () => {
  const set = await clusterset()
  const east = await router(set, 'east')
  const west = await router(set, 'west', [linkTo('east', east.network.port)])
  const reader = await controller(set, 'west', west.network.port)
  const reachable = () => reader.reachable.current() && [...(reader.reachable.current() ?? [])]
  await eventually(() => expect(reachable()).toEqual(['east']))
  await east.network.stop()
  await eventually(() => expect(reachable()).toEqual([]))
  await west.network.stop()
  await eventually(() => expect(reachable()).toBeUndefined())
})

test('a cluster whose clock was set back, and whose routers forgot what they had published, is heard again', async () => {
  const set = await clusterset()
  const west = await router(set, 'west')
  const before = await startNetwork({
    tlsDir: await set.tlsDir('east'),
    links: [linkTo('west', west.network.port)],
  })
  const later = Date.now() + 3_600_000
  before.network.publish(stateOf('east', later, 1, ['old']))
  await eventually(() => expect(west.network.directory.current().get('east')).toMatchObject({ epoch: later }))
  await before.network.stop()
  const links = [linkTo('west', west.network.port)]
  const again = await startNetwork({ tlsDir: await set.tlsDir('east'), links })
  cleanups.push(() => again.network.stop())
  const client = await controller(set, 'east', again.network.port)
  const records = new Snapshot<OriginState['records']>(stateOf('east', 0, 0, ['new']).records)
  const publisher = new OriginPublisher(
    { link: client, records, facts: new Snapshot({}), clock: systemClock, log: silentLogger },
    'east',
  )
  await publisher.start()
  cleanups.push(() => publisher.stop())
  await eventually(() => {
    const east = west.network.directory.current().get('east')
    expect([...(east?.records.keys() ?? [])]).toEqual(['demo/new'])
  })
  expect(again.network.outdone.current()).toBe(later)
})
