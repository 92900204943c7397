import { expect, test } from '@jest/globals'
import type { ServiceImport } from '../../../src/api/mcs.ts'
import type { EndpointSlice, KubeObject, Namespace } from '../../../src/api/objects.ts'
import { clusterSetSource, importIndexes } from '../../../src/dns/clusterset.ts'
import type { ZoneSnapshot } from '../../../src/dns/zone-snapshot.ts'
import { type IndexFunctions, ObjectStore } from '../../../src/kube/store.ts'
import { host, serviceImport, slice, ZONE } from '../../support/dns-fixture.ts'
import { FakeClock } from '../../support/fake-clock.ts'

let version = 0

function storeOf<T extends KubeObject>(indexes: IndexFunctions<T> = {}): ObjectStore<T> {
  return new ObjectStore<T>(indexes, (error) => {
    throw error
  })
}

function versioned<T extends KubeObject>(object: T): T {
  version += 1
  return {
    ...object,
    metadata: { ...object.metadata, uid: object.metadata.name ?? '', resourceVersion: `${version}` },
  }
}

async function start() {
  const imports = storeOf<ServiceImport>()
  const slices = storeOf<EndpointSlice>(importIndexes)
  const namespaces = storeOf<Namespace>()
  const clock = new FakeClock()
  const source = clusterSetSource({ imports, slices, namespaces, clock }, ZONE)
  await source.start()
  return { imports, slices, namespaces, clock, source, current: () => source.snapshots.current() }
}

const namespace: Namespace = { metadata: { name: 'testns' } }

test('nothing is served before the first list of every kind', async () => {
  const { imports, slices, namespaces, clock, source, current } = await start()
  imports.replace([versioned(serviceImport('web', { ips: ['10.0.0.1'] }))])
  slices.replace([])
  await clock.advance(1)
  expect([current().synced, source.notReady().length]).toEqual([false, 1])
  namespaces.replace([versioned(namespace)])
  await clock.advance(1)
  expect(current()).toMatchObject({ synced: true, namespaces: new Set(['testns']) })
  expect(source.notReady()).toEqual([])
  expect(current().services.get('testns/web')).toMatchObject({ ipv4: ['10.0.0.1'] })
})

test('a change replaces one service, keeps the others as they are, and raises the serial', async () => {
  const { imports, slices, namespaces, clock, current } = await start()
  namespaces.replace([versioned(namespace)])
  imports.replace([versioned(serviceImport('web')), versioned(serviceImport('db', { type: 'Headless' }))])
  slices.replace([])
  await clock.advance(1)
  const before = current()
  const endpoints = versioned(slice('db', 'IPv4', [host('db-0', '10.1.0.1')]))
  slices.put(endpoints)
  imports.put(versioned(serviceImport('web', { ips: ['10.0.0.1'] })))
  await clock.advance(1)
  const after = current()
  expect(endpointsOf(after, 'testns/db')?.get('db-0.east')).toMatchObject({ ipv4: ['10.1.0.1'] })
  expect(after.services.get('testns/web')).toMatchObject({ ipv4: ['10.0.0.1'] })
  expect(after.serial).toBe(before.serial + 1)
  slices.remove(endpoints)
  await clock.advance(1)
  expect(endpointsOf(current(), 'testns/db')?.size).toBe(0)
  expect(current().services.get('testns/web')).toBe(after.services.get('testns/web'))
})

test('an import and a namespace that go take their names with them', async () => {
  const { imports, slices, namespaces, clock, current } = await start()
  const web = versioned(serviceImport('web'))
  imports.replace([web])
  slices.replace([])
  namespaces.replace([versioned(namespace)])
  await clock.advance(1)
  imports.remove(web)
  namespaces.replace([])
  await clock.advance(1)
  expect([current().services.size, current().namespaces.size]).toEqual([0, 0])
})

test('a slice that changes its import leaves the old one', async () => {
  const { imports, slices, namespaces, clock, current } = await start()
  namespaces.replace([versioned(namespace)])
  imports.replace(['a', 'b'].map((name) => versioned(serviceImport(name, { type: 'Headless' }))))
  const first = versioned(slice('a', 'IPv4', ['10.1.0.1']))
  slices.replace([first])
  await clock.advance(1)
  const labels = { ...first.metadata.labels, 'multicluster.kubernetes.io/service-name': 'b' }
  slices.put({ ...first, metadata: { ...first.metadata, labels, resourceVersion: 'next' } })
  await clock.advance(1)
  const sizes = ['testns/a', 'testns/b'].map((key) => endpointsOf(current(), key)?.size)
  expect(sizes).toEqual([0, 1])
})

function endpointsOf(snapshot: ZoneSnapshot, key: string) {
  const service = snapshot.services.get(key)
  return service === undefined || service.type === 'External' ? undefined : service.endpoints
}
