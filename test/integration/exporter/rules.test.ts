/** Rules of the Multi-Cluster Services API that live in the order of events: controllers against embedded API servers. */
import { afterEach, expect, test } from '@jest/globals'
import type { ServiceExport, ServiceImport } from '../../../src/api/mcs.ts'
import type { KubeObject, Service } from '../../../src/api/objects.ts'
import { Resource } from '../../../src/api/resources.ts'
import { eventually } from '../../support/eventually.ts'
import { ExporterCluster } from '../../support/exporter-cluster.ts'
import { MemoryDirectory } from '../../support/memory-directory.ts'

const cleanups: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function pair(): Promise<{ east: ExporterCluster; west: ExporterCluster }> {
  const routers = new MemoryDirectory()
  const [east, west] = await Promise.all([
    ExporterCluster.start('east', routers.connect()),
    ExporterCluster.start('west', routers.connect()),
  ])
  cleanups.push(
    () => east[Symbol.asyncDispose](),
    () => west[Symbol.asyncDispose](),
  )
  return { east, west }
}

const WEB = { namespace: 'demo', name: 'web' }

test('rule 10: an export whose name no Service can have says so', async () => {
  const { east } = await pair()
  await east.createExport('web.v2')
  await eventually(async () => {
    const { Valid } = await east.conditions('web.v2')
    expect(Valid).toMatchObject({ status: 'False', reason: 'NoService' })
    expect(Valid?.message).toContain('no Service can be called so')
  })
})

test('rules 11, 12: a Service that becomes ExternalName is exported no longer, and is again when it is one no more', async () => {
  const { east, west } = await pair()
  await east.exportService('web')
  await west.whenReady('web')
  const spec = { type: 'ExternalName', externalName: 'example.com', clusterIP: null, clusterIPs: null }
  await east.client.patch(Resource.service, WEB, 'merge', { spec })
  await west.whenGone('web')
  await eventually(async () =>
    expect((await east.conditions('web'))['Valid']?.reason).toBe('InvalidServiceType'),
  )
  await east.client.patch(Resource.service, WEB, 'merge', { spec: { type: 'ClusterIP', externalName: null } })
  await west.whenReady('web')
  await eventually(async () => expect((await east.conditions('web'))['Valid']?.status).toBe('True'))
})

test('rule 20: an import ends with its namespace and comes again with it', async () => {
  const { east, west } = await pair()
  await east.exportService('web')
  const before = await west.whenReady('web')
  await west.client.delete(Resource.namespace, { name: 'demo' })
  await west.whenGone('web')
  await eventually(async () => (await west.client.get(Resource.namespace, { name: 'demo' })) === undefined)
  await west.whenQuiet()
  expect((await west.importSet('web')).import).toBeUndefined()
  await west.api.namespace('demo')
  const after = await west.whenReady('web')
  expect(after.import?.metadata.uid).not.toBe(before.import?.metadata.uid)
})

test('rule 20: the export says which clusters lack the namespace, and no more once they have it', async () => {
  const { east, west } = await pair()
  const imported = async () => (await east.conditions('web'))['fairlead.dev/Imported']
  await west.client.delete(Resource.namespace, { name: 'demo' })
  await eventually(async () => (await west.client.get(Resource.namespace, { name: 'demo' })) === undefined)
  await east.exportService('web')
  await eventually(async () =>
    expect(await imported()).toMatchObject({
      status: 'False',
      reason: 'NamespaceMissing',
      message: 'there is no namespace demo in: west',
    }),
  )
  expect((await east.conditions('web'))['Ready']?.reason).toBe('Exported')
  await west.api.namespace('demo')
  await west.whenReady('web')
  await eventually(async () => expect(await imported()).toBeUndefined())
})

test('flows go to the clusters that the export selects by their properties', async () => {
  const { east, west } = await pair()
  await east.setProperty('region.example.com', 'eu')
  const selectors = [{ matchLabels: { 'region.example.com': '@SameAsImporter@' } }]
  await east.exportService('web', ['10.244.0.10'])
  await west.exportService('web', ['10.244.0.20'])
  for (const cluster of [east, west])
    await cluster.client.patch(Resource.serviceExport, WEB, 'merge', {
      metadata: { annotations: { 'fairlead.dev/cluster-selectors': JSON.stringify(selectors) } },
    })
  const active = async (cluster: ExporterCluster) =>
    Object.fromEntries(
      (await cluster.importSet('web')).slices.map(({ metadata: { labels } }) => [
        labels?.['multicluster.kubernetes.io/source-cluster'],
        labels?.['multicluster.kubernetes.io/active'],
      ]),
    )
  await eventually(async () => expect(await active(east)).toEqual({ east: 'true', west: 'false' }))
  await west.setProperty('region.example.com', 'eu')
  await east.setProperty('region.example.com', 'us')
  await eventually(async () => expect(await active(west)).toEqual({ east: 'false', west: 'true' }))
  for (const cluster of [east, west])
    await eventually(async () =>
      expect((await cluster.conditions('web'))['Conflict']?.reason).toBe('NoConflicts'),
    )
})

test('cluster selectors that cannot be read are told of, and select nobody', async () => {
  const { east, west } = await pair()
  await east.exportService('web')
  await east.client.patch(Resource.serviceExport, WEB, 'merge', {
    metadata: { annotations: { 'fairlead.dev/cluster-selectors': '[{"matchLabel":{}}]' } },
  })
  await eventually(async () => {
    const { Valid, Ready, ...more } = await east.conditions('web')
    expect([Valid?.status, Ready?.status]).toEqual(['True', 'True'])
    expect(more['fairlead.dev/Configured']).toMatchObject({
      status: 'False',
      reason: 'InvalidClusterSelector',
      message: expect.stringContaining('selectors[0].matchLabel is none of matchLabels, matchExpressions'),
    })
  })
  const { slices } = await west.whenReady('web')
  expect(slices.map(({ metadata }) => metadata.labels)).not.toContainEqual(
    expect.objectContaining({ 'multicluster.kubernetes.io/active': expect.anything() }),
  )
})

test('rule 22: what others write into the status of an import or an export is put right, and their own is left alone', async () => {
  const { east, west } = await pair()
  await east.exportService('web')
  await west.whenReady('web')
  await eventually(async () => expect((await east.conditions('web'))['Ready']?.status).toBe('True'))
  const condition = (type: string) => ({
    type,
    status: 'False',
    reason: 'Edited',
    message: 'by hand',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  })
  await east.client.patch<ServiceExport>(
    Resource.serviceExport,
    WEB,
    'merge',
    { status: { conditions: [condition('Valid'), condition('example.com/Theirs')] } },
    'status',
  )
  await west.client.patch<ServiceImport>(
    Resource.serviceImport,
    WEB,
    'merge',
    { status: { clusters: [{ cluster: 'nowhere' }], conditions: [condition('Ready')] } },
    'status',
  )
  await eventually(async () => {
    const found = await east.conditions('web')
    const reasons = ['Valid', 'Ready', 'Conflict', 'example.com/Theirs'].map((type) => found[type]?.reason)
    expect(reasons).toEqual(['Valid', 'Exported', 'NoConflicts', 'Edited'])
  })
  await eventually(async () => {
    const { status } = (await west.importSet('web')).import ?? {}
    expect(status?.clusters).toEqual([{ cluster: 'east' }])
    expect(status?.conditions?.map(({ type, reason }) => [type, reason])).toEqual([['Ready', 'Ready']])
  })
})

test('rules 31, 33: when the oldest export leaves, what is imported is what the others say, and the conflict ends', async () => {
  const { east, west } = await pair()
  await east.exportService('web')
  await east.whenReady('web')
  await eventually(async () => {
    const made = await east.client.get<KubeObject>(Resource.serviceExport, WEB)
    expect(new Date().toISOString() > `${made?.metadata.creationTimestamp}`.replace('Z', '.999Z')).toBe(true)
  })
  await west.createService('web', [{ name: 'http', protocol: 'TCP', port: 80 }], {
    sessionAffinity: 'ClientIP',
    trafficDistribution: 'PreferClose',
  })
  await west.createExport('web')
  for (const cluster of [east, west])
    await eventually(async () =>
      expect((await cluster.conditions('web'))['Conflict']?.reason).toBe(
        'SessionAffinityConflict,TrafficDistributionConflict',
      ),
    )
  const spec = async () => (await east.importSet('web')).import?.spec
  expect(await spec()).toMatchObject({ sessionAffinity: 'None' })
  await east.unexport('web')
  await eventually(async () =>
    expect(await spec()).toMatchObject({ sessionAffinity: 'ClientIP', trafficDistribution: 'PreferClose' }),
  )
  await eventually(async () => expect((await west.conditions('web'))['Conflict']?.reason).toBe('NoConflicts'))
})

test('rules 14, 24: the local Service is never written to', async () => {
  const { east, west } = await pair()
  await east.exportService('web')
  await west.whenReady('web')
  await west.exportService('web', ['10.244.0.20'])
  await west.whenQuiet()
  const version = async () =>
    (await west.client.get<Service>(Resource.service, WEB))?.metadata.resourceVersion
  const before = await version()
  await west.unexport('web')
  await eventually(async () =>
    expect((await west.importSet('web')).import?.status?.clusters).toEqual([{ cluster: 'east' }]),
  )
  expect(await version()).toBe(before)
  expect([...west.writes, ...east.writes].filter((write) => / services web$/.test(write))).toEqual([])
})
