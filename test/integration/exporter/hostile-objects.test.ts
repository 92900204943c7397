/** What users can write in their namespaces brings them nothing elsewhere, and stops nobody's exports and imports. */
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { ServiceExport, ServiceImport } from '../../../src/api/mcs.ts'
import { Label, MANAGED_BY, SYSTEM_NAMESPACE, serviceKey } from '../../../src/api/names.ts'
import type { EndpointSlice, Service, ServicePort } from '../../../src/api/objects.ts'
import { Resource } from '../../../src/api/resources.ts'
import { derivedServiceName, endpointServiceName } from '../../../src/exporter/import-names.ts'
import { eventually } from '../../support/eventually.ts'
import { ExporterCluster } from '../../support/exporter-cluster.ts'
import { MemoryDirectory } from '../../support/memory-directory.ts'

let east: ExporterCluster
let west: ExporterCluster

/** `demo` is the victim's namespace, `tenant` the other one's. */
beforeEach(async () => {
  const routers = new MemoryDirectory()
  ;[east, west] = await Promise.all([
    ExporterCluster.start('east', routers.connect()),
    ExporterCluster.start('west', routers.connect()),
  ])
  await Promise.all([east, west].map((cluster) => cluster.api.namespace('tenant')))
  await east.exportService('web')
  await west.whenReady('web')
})
afterEach(async () => {
  await Promise.all([east, west].map((cluster) => cluster[Symbol.asyncDispose]()))
})

const portsOf = (service: Service | undefined) => service?.spec?.ports?.map(({ targetPort }) => targetPort)

async function createService(cluster: ExporterCluster, name: string, ports: ServicePort[], labels = {}) {
  await cluster.client.create<Service>(Resource.service, {
    metadata: { name, namespace: 'tenant', labels },
    spec: { ports },
  })
}

async function createExport(cluster: ExporterCluster, name: string, namespace = 'tenant'): Promise<void> {
  await cluster.client.create<ServiceExport>(Resource.serviceExport, { metadata: { name, namespace } })
}

async function conditionOf(cluster: ExporterCluster, name: string, type: string) {
  const found = await cluster.client.get<ServiceExport>(Resource.serviceExport, { namespace: 'tenant', name })
  return found?.status?.conditions?.find((each) => each.type === type)
}

/** Exports still go from cluster to cluster, and what there was is as it was. */
async function nothingHappened(before: Awaited<ReturnType<ExporterCluster['importSet']>>): Promise<void> {
  await east.exportService('later')
  await west.whenReady('later')
  const after = await west.importSet('web')
  expect(after.import?.spec).toEqual(before.import?.spec)
  expect(portsOf(after.service)).toEqual(portsOf(before.service))
  expect(after.slices.map(({ endpoints, ports }) => ({ endpoints, ports }))).toEqual(
    before.slices.map(({ endpoints, ports }) => ({ endpoints, ports })),
  )
}

test('a Service made to look derived goes; one that only has the label stays, and is no import', async () => {
  const before = await west.importSet('web')
  const stolen = [{ port: 80, targetPort: portsOf(before.service)?.[0] ?? 0 }]
  const forged = derivedServiceName(serviceKey('tenant', 'x'))
  await createService(west, 'plain', stolen, { [Label.derivedFrom]: 'web' })
  await createService(west, forged, stolen, { [Label.derivedFrom]: 'x' })
  await eventually(async () => {
    const found = await west.client.get(Resource.service, { namespace: 'tenant', name: forged })
    expect(found).toBeUndefined()
  })
  expect(await west.client.get(Resource.service, { namespace: 'tenant', name: 'plain' })).toBeDefined()
  await nothingHappened(before)
})

test('Services and slices made to look like those of remote endpoints go, and take nobody a router port', async () => {
  const before = await west.importSet('web')
  const stolen = [{ port: 80, targetPort: portsOf(before.service)?.[0] ?? 0 }]
  const key = serviceKey('tenant', 'x')
  const names = Array.from({ length: 20 }, (_, index) => `pod-${index}`)
  for (const id of names) {
    const labels = { [Label.derivedFrom]: 'x', [Label.endpointCluster]: 'east', [Label.endpoint]: id }
    await createService(west, endpointServiceName(key, { cluster: 'east', id }), stolen, labels)
  }
  await west.client.create<EndpointSlice>(Resource.endpointSlice, {
    metadata: {
      name: 'by-hand',
      namespace: 'tenant',
      labels: { [Label.derivedFrom]: 'x', [Label.managedBy]: MANAGED_BY },
    },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.244.0.66'] }],
  })
  await eventually(async () => {
    const services = await west.client.list(Resource.service, { namespace: 'tenant' })
    const slices = await west.client.list(Resource.endpointSlice, { namespace: 'tenant' })
    expect([...services.items, ...slices.items]).toEqual([])
  })
  await nothingHappened(before)
})

test("a derived Service edited to another's router port is nobody's after a restart of the controller", async () => {
  await createService(east, 'thief', [{ name: 'http', port: 80 }])
  await createExport(east, 'thief')
  const own = await west.whenReady('thief', 'tenant')
  const victim = portsOf((await west.importSet('web')).service)?.[0]
  await west.whenQuiet()
  await west.stopController()
  const ref = { namespace: 'tenant', name: own.service?.metadata.name ?? '' }
  await west.client.patch(Resource.service, ref, 'merge', {
    spec: { ports: [{ name: 'http', port: 80, targetPort: victim }] },
  })
  await west.startController()
  await eventually(async () => {
    const [web, thief] = [await west.importSet('web'), await west.importSet('thief', 'tenant')]
    const claimed = [...(portsOf(web.service) ?? []), ...(portsOf(thief.service) ?? [])]
    expect(claimed).not.toContain(victim)
    expect(new Set(claimed).size).toBe(2)
    expect(web.slices[0]?.ports?.[0]?.port).toBe(portsOf(web.service)?.[0])
  })
})

test('the derived Service of an import cannot be exported again', async () => {
  await createService(east, 'mine', [{ port: 80 }])
  await createExport(east, 'mine')
  const { service } = await west.whenReady('mine', 'tenant')
  const name = service?.metadata.name ?? ''
  await createExport(west, name)
  await eventually(async () => {
    expect((await conditionOf(west, name, 'Valid'))?.reason).toBe('InvalidServiceType')
  })
  expect((await east.importSet(name, 'tenant')).import).toBeUndefined()
})

test("slices with the labels of imports, at other namespaces' pods, do not reach other imports", async () => {
  const before = await west.importSet('web')
  const slice = (namespace: string, service: string): EndpointSlice => ({
    metadata: {
      name: `by-hand-${service}`,
      namespace,
      labels: {
        [Label.serviceName]: service,
        [Label.sourceCluster]: 'east',
        [Label.managedBy]: MANAGED_BY,
        [Label.kubeServiceName]: derivedServiceName('demo/web'),
      },
    },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.244.0.66'] }],
    ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
  })
  await west.client.create(Resource.endpointSlice, slice('tenant', 'web'))
  await eventually(async () => {
    const found = await west.client.list(Resource.endpointSlice, { namespace: 'tenant' })
    expect(found.items).toEqual([])
  })
  await nothingHappened(before)
})

test('a ServiceImport made by hand, with a cluster that does not exist and 2000 ports, takes little', async () => {
  const before = await west.importSet('web')
  const ref = { namespace: 'tenant', name: 'greedy' }
  const ports = Array.from({ length: 2_000 }, (_, index) => ({
    name: `p${index}`,
    protocol: 'TCP' as const,
    port: index + 1,
  }))
  await west.stopController()
  await west.client.create<ServiceImport>(Resource.serviceImport, {
    metadata: ref,
    spec: { type: 'ClusterSetIP', ports },
  })
  await west.client.patch(
    Resource.serviceImport,
    ref,
    'merge',
    { status: { clusters: [{ cluster: 'ghost' }] } },
    'status',
  )
  await west.startController()
  await eventually(async () => {
    expect(portsOf((await west.importSet('greedy', 'tenant')).service)).toHaveLength(512)
  })
  await nothingHappened(before)
})

test('Services with 200 ports, without ports, with the longest name, and exports with names no Service can have', async () => {
  const before = await west.importSet('web')
  const many = Array.from({ length: 200 }, (_, index) => ({ name: `p${index}`, port: index + 1 }))
  await createService(east, 'many', many)
  await createExport(east, 'many')
  await east.client.create<Service>(Resource.service, {
    metadata: { name: 'none', namespace: 'tenant', annotations: { huge: 'x'.repeat(200_000) } },
    spec: { clusterIP: 'None' },
  })
  await createExport(east, 'none')
  const longest = 'l'.repeat(63)
  await createService(east, longest, [{ port: 80 }])
  await createExport(east, longest)
  await createExport(east, `${'a.'.repeat(120)}${'b'.repeat(13)}`)
  expect((await west.whenReady(longest, 'tenant')).import?.status?.clusters).toEqual([{ cluster: 'east' }])
  await eventually(async () => {
    expect((await conditionOf(east, 'many', 'Ready'))?.message).toContain('at most 64')
    expect((await west.importSet('none', 'tenant')).import?.spec).toMatchObject({
      type: 'Headless',
      ports: [],
    })
  })
  await nothingHappened(before)
})

test('an export of the routers themselves does not change who the routers are', async () => {
  const before = await west.importSet('web')
  await east.client.create<Service>(Resource.service, {
    metadata: { name: 'fairlead-router', namespace: SYSTEM_NAMESPACE },
    spec: { ports: [{ name: 'http', port: 5671 }] },
  })
  await createExport(east, 'fairlead-router', SYSTEM_NAMESPACE)
  await west.whenReady('fairlead-router', SYSTEM_NAMESPACE)
  await nothingHappened(before)
})

test("a Service of an import's name is the user's, and stays", async () => {
  const before = await west.importSet('web')
  await west.createService('web', [{ port: 1 }])
  await nothingHappened(before)
  const own = await west.client.get<Service>(Resource.service, { namespace: 'demo', name: 'web' })
  expect(own?.spec?.ports?.[0]?.port).toBe(1)
})
