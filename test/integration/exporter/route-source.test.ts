/** The router's view of its cluster, from an embedded API server. */
import { afterEach, expect, test } from '@jest/globals'
import type { LinkResource } from '../../../src/api/link.ts'
import { SYSTEM_NAMESPACE } from '../../../src/api/names.ts'
import type { EndpointSlice, Service } from '../../../src/api/objects.ts'
import { Resource } from '../../../src/api/resources.ts'
import type { RouteSnapshot } from '../../../src/api/route-snapshot.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { silentLogger } from '../../../src/core/log.ts'
import { Snapshot } from '../../../src/core/snapshot.ts'
import { derivedServiceName } from '../../../src/exporter/import-names.ts'
import { LinkStatusWriter } from '../../../src/exporter/link-status.ts'
import { createRouteSource, type RouteSource } from '../../../src/exporter/route-source.ts'
import type { LinkStatus } from '../../../src/link/link-status.ts'
import { ApiCluster } from '../../support/api-cluster.ts'
import { eventually } from '../../support/eventually.ts'

const cleanups: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function setUp(durable = false): Promise<{ api: ApiCluster; source: RouteSource }> {
  const api = await ApiCluster.start({ durable })
  cleanups.push(() => api[Symbol.asyncDispose]())
  await api.namespace('demo')
  await api.namespace(SYSTEM_NAMESPACE)
  const deps = { client: api.client, clock: systemClock, log: silentLogger }
  const source = createRouteSource(deps, { namespace: SYSTEM_NAMESPACE })
  await source.start()
  cleanups.push(() => source.stop())
  return { api, source }
}

async function createWeb(api: ApiCluster): Promise<void> {
  await api.client.create<Service>(Resource.service, {
    metadata: { name: 'web', namespace: 'demo' },
    spec: { ports: [{ name: 'http', port: 80 }] },
  })
  await api.client.create<EndpointSlice>(Resource.endpointSlice, {
    metadata: { name: 'web-1', namespace: 'demo', labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.244.0.9'] }],
    ports: [{ name: 'http', port: 8080 }],
  })
}

const backends = ({ exports }: RouteSnapshot) =>
  exports.get('demo/web')?.flatMap((port) => port.backends.map(({ address, port: to }) => `${address}:${to}`))

const createLink = (api: ApiCluster, name = 'west') =>
  api.client.create<LinkResource>(Resource.link, {
    metadata: { name, namespace: SYSTEM_NAMESPACE },
    spec: { endpoints: [{ host: '192.0.2.1', port: 5671 }] },
  })

test('the first snapshot that says synced is complete', async () => {
  const { api, source } = await setUp()
  await eventually(() => source.snapshots.current().synced)
  await createWeb(api)
  await api.client.create(Resource.serviceExport, { metadata: { name: 'web', namespace: 'demo' } })
  const deps = { client: api.client, clock: systemClock, log: silentLogger }
  const late = createRouteSource(deps, { namespace: SYSTEM_NAMESPACE })
  const firstSynced = new Promise<RouteSnapshot>((resolve) => {
    late.snapshots.subscribe((next) => next.synced && resolve(next))
  })
  await late.start()
  cleanups.push(() => late.stop())
  expect(backends(await firstSynced)).toEqual(['10.244.0.9:8080'])
})

test('a Service is reachable while its export is there, and only then', async () => {
  const { api, source } = await setUp()
  await createWeb(api)
  await eventually(() => source.snapshots.current().synced)
  expect(source.snapshots.current().exports.size).toBe(0)
  await api.client.create(Resource.serviceExport, { metadata: { name: 'web', namespace: 'demo' } })
  await eventually(() => expect(backends(source.snapshots.current())).toEqual(['10.244.0.9:8080']))
  await api.client.delete(Resource.serviceExport, { namespace: 'demo', name: 'web' })
  await eventually(() => source.snapshots.current().exports.size === 0)
})

test('derived Services give listeners, Links give clusters to dial', async () => {
  const { api, source } = await setUp()
  const derived = await api.client.create<Service>(Resource.service, {
    metadata: {
      name: derivedServiceName('demo/web'),
      namespace: 'demo',
      labels: { 'fairlead.dev/derived-from': 'web' },
    },
    spec: { ports: [{ port: 80, targetPort: 20_080 }] },
  })
  await createLink(api)
  await eventually(() => {
    const { listeners, links } = source.snapshots.current()
    expect(listeners).toEqual([
      {
        service: 'demo/web',
        protocol: 'TCP',
        port: 80,
        listenPort: 20_080,
        addresses: derived.spec?.clusterIPs,
      },
    ])
    expect(links).toMatchObject([{ name: 'west', cost: 1, endpoints: [{ host: '192.0.2.1', port: 5671 }] }])
  })
})

test('what is known stays while the API server is away, and what it says later is taken', async () => {
  const { api, source } = await setUp(true)
  const names = ({ links }: RouteSnapshot) => links.map(({ name }) => name)
  const seen: string[] = []
  source.snapshots.subscribe((next) => seen.push(`${next.synced} ${names(next)}`))
  await createLink(api)
  await eventually(() => source.snapshots.current().links.length === 1)
  await api.restart()
  await createLink(api, 'north')
  await eventually(() => source.snapshots.current().links.length === 2)
  expect(seen.slice(seen.indexOf('true west'))).toEqual(['true west', 'true north,west'])
})

test('the state of a link is written to its status once, and again when it changes', async () => {
  const { api, source } = await setUp()
  await createLink(api)
  const states = new Snapshot<readonly LinkStatus[]>([{ name: 'west', state: { kind: 'idle' } }])
  let applied = 0
  const client: Pick<ApiCluster['client'], 'apply'> = {
    apply: (type, object, options) => {
      applied += 1
      return api.client.apply(type, object, options)
    },
  }
  const deps = { client, states, links: source.links, clock: systemClock, log: silentLogger }
  const writer = new LinkStatusWriter(deps, SYSTEM_NAMESPACE)
  await writer.start()
  cleanups.push(() => writer.stop())
  const status = async () =>
    (await api.client.get<LinkResource>(Resource.link, { namespace: SYSTEM_NAMESPACE, name: 'west' }))?.status
  const ready = async () => (await status())?.conditions?.find(({ type }) => type === 'Ready')?.status
  await eventually(async () => expect(await ready()).toBe('False'))
  const up = {
    kind: 'established',
    endpoint: '192.0.2.1:5671',
    remoteCluster: 'west',
    remoteRouter: 'r',
    since: 0,
  } as const
  states.set([{ name: 'west', state: up }])
  await eventually(async () => expect(await ready()).toBe('True'))
  expect((await status())?.remoteCluster).toBe('west')
  states.set([{ name: 'west', state: { ...up, roundTripMs: 3 } }])
  states.set([{ name: 'west', state: { ...up, roundTripMs: 4 } }])
  await eventually(() => source.links.list()[0]?.status?.remoteCluster === 'west')
  expect(applied).toBe(2)
})
