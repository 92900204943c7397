/** The input of a node's table follows its stores and the slots that are told. */
import { beforeEach, expect, test } from '@jest/globals'
import type { SourceTable } from '../../../src/api/global-source.ts'
import { Annotation, Label } from '../../../src/api/names.ts'
import type { KubeObject } from '../../../src/api/objects.ts'
import { silentLogger } from '../../../src/core/log.ts'
import { createMetrics } from '../../../src/core/metrics.ts'
import { Snapshot } from '../../../src/core/snapshot.ts'
import type { AgentStores } from '../../../src/globalnet/agent-stores.ts'
import { NatInputSource } from '../../../src/globalnet/nat-input-source.ts'
import { ObjectStore } from '../../../src/kube/store.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const NAMES = ['services', 'slices', 'ingressIps', 'networks', 'pods', 'routerSlices'] as const
type Stores = Record<(typeof NAMES)[number], ObjectStore<KubeObject>>

let clock: FakeClock
let stores: Stores
let told: Snapshot<SourceTable>
let source: NatInputSource
let said: unknown[]

beforeEach(async () => {
  clock = new FakeClock()
  const store = () => new ObjectStore<KubeObject>({}, (error) => Promise.reject(error))
  stores = Object.fromEntries(NAMES.map((name) => [name, store()])) as Stores
  told = new Snapshot<SourceTable>(new Map())
  said = []
  source = new NatInputSource({
    stores: stores as unknown as AgentStores,
    sources: told,
    clock,
    log: { ...silentLogger, warn: ({ problem }) => void said.push(problem) },
    metrics: createMetrics(),
  })
  await source.start()
})

const fill = async (objects: Partial<Record<keyof Stores, KubeObject[]>> = {}) => {
  for (const name of NAMES) stores[name].replace(objects[name] ?? [])
  await clock.advance(1000)
}

const NETWORK = { metadata: { name: 'cluster', uid: 'n' }, status: { range: '242.0.0.0/8' } }
const ROUTERS = {
  metadata: { namespace: 'fairlead-system', name: 'r', uid: 'r' },
  addressType: 'IPv4',
  endpoints: [{ addresses: ['10.0.0.5'] }],
}
const SLOT = { first: 32_768, last: 32_831, address: '242.9.0.1' }

test('there is no input before the last store is complete, though it be empty', async () => {
  for (const name of NAMES.slice(1)) stores[name].replace([])
  await clock.advance(1000)
  expect(source.desired.current()).toBeUndefined()
  expect(source.notReady()).toEqual(['services'])
  stores.services.replace([])
  await clock.advance(1000)
  expect(source.desired.current()?.input.globals).toEqual([])
})

test('of a GlobalNetwork only another range changes anything', async () => {
  await fill({ networks: [NETWORK] })
  const before = source.desired.current()
  const change = async (status: object, resourceVersion: string) => {
    stores.networks.put({ metadata: { ...NETWORK.metadata, resourceVersion }, status } as KubeObject)
    await clock.advance(1000)
    return source.desired.current()
  }
  expect(await change({ ...NETWORK.status, resting: [] }, '1')).toBe(before)
  expect((await change({ range: '243.0.0.0/8' }, '2'))?.input.ranges).toHaveLength(1)
  expect(source.desired.current()).not.toBe(before)
  expect((await change({}, '3'))?.input.ranges).toEqual([])
})

test('a slot that is told is there at once', async () => {
  await fill({ networks: [NETWORK], routerSlices: [ROUTERS] })
  const slots = [SLOT]
  told.set(new Map([['10.0.0.5', slots]]))
  expect(source.desired.current()?.input.sources).toEqual([{ router: '10.0.0.5', ...SLOT }])
  expect(source.desired.current()?.sources.get('10.0.0.5')).toBe(slots)
})

test('a problem is said once, and again when it was gone in between', async () => {
  const claim = {
    metadata: {
      namespace: 'demo',
      name: 'derived-a',
      uid: 'a',
      labels: { [Label.derivedFrom]: 'a' },
      annotations: { [Annotation.globalIp]: '10.96.0.1' },
    },
  }
  await fill({ networks: [NETWORK], services: [claim] })
  stores.pods.put({ metadata: { name: 'p', uid: 'p' } })
  await clock.advance(1000)
  expect(said).toEqual(['Service demo/derived-a: 10.96.0.1 is no global address'])
  stores.services.remove(claim)
  await clock.advance(1000)
  stores.services.put(claim)
  await clock.advance(1000)
  expect(said).toHaveLength(2)
})

test('nothing happens after the end', async () => {
  await fill()
  const last = source.desired.current()
  await source.stop()
  stores.pods.put({ metadata: { name: 'p', uid: 'p' } })
  told.set(new Map())
  await clock.advance(1000)
  expect(source.desired.current()).toBe(last)
  expect(clock.pending).toBe(0)
})
