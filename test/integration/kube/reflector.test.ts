/** Reflectors against a real API server behind a proxy that breaks things: the store ends equal to the server, always. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import type { KubeObject } from '../../../src/api/objects.ts'
import { Resource } from '../../../src/api/resources.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { type Logger, silentLogger } from '../../../src/core/log.ts'
import { createKubeClient } from '../../../src/kube/client.ts'
import { type Reflected, reflect } from '../../../src/kube/reflector.ts'
import type { WatchingKubeClient } from '../../../src/kube/types.ts'
import { eventually } from '../../support/eventually.ts'
import { type FaultyProxy, startFaultyProxy } from '../../support/faulty-api-proxy.ts'
import { type KubeApi, startKubeApi } from '../../support/kube-api.ts'

interface ConfigMap extends KubeObject {
  data?: Record<string, string>
}

let api: KubeApi
let proxy: FaultyProxy
let client: WatchingKubeClient
let store: Reflected<ConfigMap>
/** What a subscriber that only follows events believes to be there. */
let believed: Map<string, string>
let namespace = ''
let count = 0

beforeAll(async () => {
  api = await startKubeApi({ bookmarkInterval: 200 })
})

afterEach(async () => {
  await store.stop()
  await client.close()
  await proxy.stop()
})

afterAll(() => api.stop())

async function begin(log: Logger = silentLogger): Promise<void> {
  namespace = `test-${count++}`
  await api.client.create(Resource.namespace, { metadata: { name: namespace } })
  proxy = await startFaultyProxy(api.credentials)
  client = createKubeClient(proxy.credentials)
  store = reflect<ConfigMap>({ client, clock: systemClock, log }, Resource.configMap, {
    namespace,
    fieldSelector: 'metadata.name!=kube-root-ca.crt',
  })
  believed = new Map()
  store.subscribe(({ type, object }) => {
    const name = object.metadata.name ?? ''
    if (type === 'added' && believed.has(name)) throw new Error(`${name} was added twice`)
    if (type !== 'added' && !believed.has(name)) throw new Error(`${name} was never added`)
    if (type === 'deleted') believed.delete(name)
    else believed.set(name, object.data?.['value'] ?? '')
  })
  await store.start()
  await store.whenSynced()
}

async function put(name: string, value: string): Promise<void> {
  const found = await api.client.get<ConfigMap>(Resource.configMap, { namespace, name })
  const wanted = { metadata: { namespace, name, ...found?.metadata }, data: { value } }
  if (found === undefined) await api.client.create(Resource.configMap, wanted)
  else await api.client.update(Resource.configMap, wanted)
}

/** Creations, changes and deletions; every object ends in another state than it began. */
async function churn(rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const name = `map-${round % 7}`
    if (round % 5 === 4)
      await api.client.delete(Resource.configMap, { namespace, name: `map-${(round * 3) % 7}` })
    await put(name, `${round} ${'é'.repeat(round * 20)}`)
  }
}

async function expectSameAsServer(): Promise<void> {
  await eventually(async () => {
    const { items } = await api.client.list<ConfigMap>(Resource.configMap, {
      namespace,
      fieldSelector: 'metadata.name!=kube-root-ca.crt',
    })
    const wanted = items.map(({ metadata, data }) => [metadata.name, data?.['value']]).sort()
    const kept = store.list().map(({ metadata, data }) => [metadata.name, data?.['value']])
    expect(kept.sort()).toEqual(wanted)
    expect([...believed].sort()).toEqual(wanted)
  })
}

test('every change arrives over one list and one watch', async () => {
  await begin()
  await churn(60)
  await expectSameAsServer()
  expect(proxy.seen).toEqual({ lists: 1, watches: 1 })
})

test('watches cut in the middle of a line, or of a character, lose nothing and cause no list', async () => {
  await begin()
  proxy.cutWatchesAfter(1777)
  for (let cuts = 1; cuts <= 4; cuts++) {
    await churn(11)
    await eventually(() => proxy.seen.watches > cuts)
  }
  proxy.cutWatchesAfter(undefined)
  await expectSameAsServer()
  expect(proxy.seen.lists).toBe(1)
})

test('changes made while a watch cannot be resumed are found by one new list', async () => {
  await begin()
  await churn(10)
  await expectSameAsServer()
  proxy.expireWatches(1)
  proxy.dropAll()
  await churn(23)
  await expectSameAsServer()
  expect(proxy.seen.lists).toBe(2)
})

test('a restarted API server is noticed, and what changed right before and after is seen', async () => {
  await begin()
  await churn(10)
  await api.restart()
  await churn(11)
  await expectSameAsServer()
  await api.restart()
  await put('after', 'the second restart')
  await expectSameAsServer()
  expect(proxy.seen.lists).toBeLessThanOrEqual(3)
})

test('a subscriber that throws is logged by name and the watch goes on', async () => {
  const errors: object[] = []
  const log: Logger = { ...silentLogger, error: (fields) => errors.push(fields), child: () => log }
  await begin(log)
  store.subscribe(() => {
    throw new Error('broken handler')
  })
  await put('one', '1')
  await put('two', '2')
  await expectSameAsServer()
  expect(errors).toMatchObject([{ error: 'broken handler' }, { error: 'broken handler' }])
  expect(proxy.seen).toEqual({ lists: 1, watches: 1 })
})

test('a slow subscriber delays nobody for ever: all changes are still told in order', async () => {
  await begin()
  const told: string[] = []
  store.subscribe(({ object }) => {
    const until = performance.now() + 5
    while (performance.now() < until);
    if (object.metadata.name === 'counter') told.push(object.data?.['value'] ?? '')
  })
  for (let n = 0; n < 40; n++) await put('counter', String(n))
  await expectSameAsServer()
  expect(told).toEqual(Array.from({ length: 40 }, (_, n) => String(n)))
})
