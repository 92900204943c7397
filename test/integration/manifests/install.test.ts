/** install, link, export, status and uninstall against a real API server, where no process runs. */

import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { GlobalNetwork } from '../../../src/api/globalnet.ts'
import type { LinkResource } from '../../../src/api/link.ts'
import type { ClusterProperty, ServiceExport, ServiceImport } from '../../../src/api/mcs.ts'
import type { KubeObject, Service } from '../../../src/api/objects.ts'
import { Resource, type ResourceType } from '../../../src/api/resources.ts'
import { type InstallReport, installFairlead } from '../../../src/cli/install/install.ts'
import { linkClusters } from '../../../src/cli/install/link-clusters.ts'
import type { Deployment } from '../../../src/cli/install/rollout.ts'
import { uninstallFairlead } from '../../../src/cli/install/uninstall.ts'
import { scopeOf } from '../../../src/cli/member.ts'
import { clusterStatus } from '../../../src/cli/status/cluster-status.ts'
import { connectKube } from '../../../src/kube/client.ts'
import { certificateIdentity } from '../../../src/pki/identity.ts'
import { eventually } from '../../support/eventually.ts'
import { type KubeApi, startKubeApi } from '../../support/kube-api.ts'

const COREFILE = '.:53 {\n    kubernetes cluster.local\n    reload\n}\n'
const SYSTEM = 'fairlead-system'

let api: KubeApi
let pkiDir: string

beforeAll(async () => {
  api = await startKubeApi()
  pkiDir = join(await mkdtemp(join(tmpdir(), 'fairlead-install-')), 'pki')
  for (const name of ['kube-system', 'demo']) await ensureNamespace(name)
  await api.client.create(Resource.configMap, {
    metadata: { namespace: 'kube-system', name: 'coredns' },
    data: { Corefile: COREFILE },
  } as KubeObject)
})

afterAll(async () => {
  await api.stop()
  await rm(join(pkiDir, '..'), { recursive: true, force: true })
})

async function ensureNamespace(name: string): Promise<void> {
  if ((await api.client.get(Resource.namespace, { name })) === undefined) {
    await api.client.create(Resource.namespace, { metadata: { name } })
  }
}

function install(
  options: { clusterId?: string; clusterset?: string; globalnet?: GlobalNetwork['spec'] } = {},
): Promise<InstallReport> {
  return installFairlead({ kubeconfig: api.kubeconfig, pkiDir, overlay: 'lab', ...options })
}

async function corefile(): Promise<string | undefined> {
  const found = await api.client.get<KubeObject & { data?: Record<string, string> }>(Resource.configMap, {
    namespace: 'kube-system',
    name: 'coredns',
  })
  return found?.data?.['Corefile']
}

async function secretFile(name: string, file: string): Promise<string> {
  const found = await api.client.get<KubeObject & { data: Record<string, string> }>(Resource.secret, {
    namespace: SYSTEM,
    name,
  })
  return Buffer.from(found?.data[file] ?? '', 'base64').toString()
}

test('admission policies are refused where the API server has none, before anything is written', async () => {
  const installing = installFairlead({ kubeconfig: api.kubeconfig, pkiDir, overlay: 'lab', admission: true })
  await expect(installing).rejects.toThrow('admission policies need Kubernetes 1.30')
  expect(await api.client.get(Resource.namespace, { name: SYSTEM })).toBeUndefined()
})

test('the first install makes everything, and a root key that only its owner may read', async () => {
  const report = await install({ clusterId: 'east', clusterset: 'shop' })
  expect(report.objects.filter(({ outcome }) => outcome !== 'created')).toEqual([])
  expect(report.dns).toEqual({ outcome: 'configured' })
  expect((await stat(join(pkiDir, 'ca.key'))).mode & 0o777).toBe(0o600)
  const certificate = await secretFile('fairlead-router-tls', 'tls.crt')
  expect(certificateIdentity(certificate)).toEqual({ clusterset: 'shop', cluster: 'east', role: 'router' })
  const root = await readFile(join(pkiDir, 'ca.crt'), 'utf8')
  for (const name of ['fairlead-router-tls', 'fairlead-authority'])
    expect(await secretFile(name, 'ca.crt')).toBe(root)
  expect(await secretFile('fairlead-root', 'tls.key')).toBe('')
  const property = await api.client.get<ClusterProperty>(Resource.clusterProperty, {
    name: 'cluster.clusterset.k8s.io',
  })
  expect(property?.spec.value).toBe('east')
  const dns = await api.client.get<Service>(Resource.service, { namespace: SYSTEM, name: 'fairlead-dns' })
  expect(await corefile()).toContain(`forward . ${dns?.spec?.clusterIP}\n`)
  expect(await corefile()).toContain(COREFILE)
})

test('the second install changes nothing, and knows by itself which cluster it is', async () => {
  const report = await install()
  expect(report).toMatchObject({ clusterId: 'east', clusterset: 'shop', dns: { outcome: 'unchanged' } })
  expect(report.objects.filter(({ outcome }) => outcome !== 'unchanged')).toEqual([])
})

test('a member is not given another id', async () => {
  await expect(install({ clusterId: 'north' })).rejects.toThrow(
    'this cluster is a member with cluster id east',
  )
})

test('another root replaces the authority, and no pod', async () => {
  const before = await secretFile('fairlead-router-tls', 'tls.crt')
  await rm(pkiDir, { recursive: true })
  const report = await install()
  const changed = report.objects.filter(({ outcome }) => outcome === 'configured').map(({ object }) => object)
  expect(changed.sort()).toEqual([
    'secret/fairlead-authority -n fairlead-system',
    'secret/fairlead-router-tls -n fairlead-system',
  ])
  expect(await secretFile('fairlead-router-tls', 'tls.crt')).not.toBe(before)
})

test('newer CRDs of the standard are kept, ours are not put over them', async () => {
  const ref = { name: 'serviceexports.multicluster.x-k8s.io' }
  const label = (version: string) => ({
    metadata: { labels: { 'multicluster.x-k8s.io/release-version': version } },
  })
  await api.client.patch(Resource.customResourceDefinition, ref, 'merge', label('v9.0.0'))
  const { objects } = await install()
  expect(objects.find(({ object }) => object.endsWith(ref.name))?.outcome).toBe('newer kept')
  await api.client.patch(Resource.customResourceDefinition, ref, 'merge', label('v0.5.0'))
})

test('link asks the other cluster for the address of its router and its id', async () => {
  const ref = { namespace: SYSTEM, name: 'fairlead-router' }
  const status = { loadBalancer: { ingress: [{ ip: '203.0.113.9' }] } }
  await api.client.patch(Resource.service, ref, 'merge', { status }, 'status')
  const link = await linkClusters({ kubeconfig: api.kubeconfig, context: 'test', toContext: 'test' })
  expect(link).toMatchObject({
    metadata: { name: 'east', namespace: SYSTEM },
    spec: { endpoints: [{ host: '203.0.113.9', port: 5671, transport: 'tls' }], cost: 1 },
  })
})

test.each([
  ['no endpoint', { endpoints: [] }],
  ['a URL for a host', { endpoints: [{ host: 'https://east', port: 5671 }] }],
  ['a port out of range', { endpoints: [{ host: 'east', port: 0 }] }],
  ['a transport that is not spoken', { endpoints: [{ host: 'east', port: 1, transport: 'carrier-pigeon' }] }],
  ['nothing', undefined],
])('a Link with %s is refused by its schema', async (_, spec) => {
  const link = { metadata: { name: 'bad', namespace: SYSTEM }, spec } as unknown as LinkResource
  await expect(api.client.create(Resource.link, link)).rejects.toMatchObject({ status: 422 })
})

test('status tells what is there', async () => {
  await api.client.create<ServiceExport>(Resource.serviceExport, {
    metadata: { namespace: 'demo', name: 'hello' },
  })
  const connection = await connectKube({ kubeconfig: api.kubeconfig })
  const status = await clusterStatus({ ...connection, ...scopeOf() })
  await connection.client.close()
  expect(status).toMatchObject({
    context: 'test',
    clusterId: 'east',
    clusterset: 'shop',
    healthy: false,
    links: [{ name: 'east', ready: 'Unknown' }],
    exports: [{ namespace: 'demo', name: 'hello', valid: 'Unknown' }],
    imports: [],
  })
  expect(status.processes.map(({ name, wanted }) => [name, wanted]).sort()).toEqual([
    ['fairlead-controller', 1],
    ['fairlead-dns', 1],
    ['fairlead-router', 1],
  ])
})

/** What kubelets and controllers would do, once the routers are those of globalnet. */
async function rollOutRouters(): Promise<void> {
  const ref = { namespace: SYSTEM, name: 'fairlead-router' }
  await eventually(async () => {
    const found = await api.client.get<Deployment>(Resource.deployment, ref)
    expect(JSON.stringify(found?.spec)).toContain('FAIRLEAD_GLOBALNET')
    const status = {
      observedGeneration: found?.metadata.generation,
      replicas: 1,
      updatedReplicas: 1,
      readyReplicas: 1,
      availableReplicas: 1,
    }
    await api.client.patch(Resource.deployment, ref, 'merge', { status }, 'status')
  })
}

test('agents are there only with global addresses, which the next install leaves on', async () => {
  const agents = () => names(Resource.daemonSet, SYSTEM)
  expect(await agents()).toEqual([])
  const installing = install({ globalnet: { blockSize: 256 } })
  await rollOutRouters()
  await installing
  expect(await agents()).toEqual(['fairlead-agent'])
  const again = await install()
  expect(again.objects.filter(({ outcome }) => outcome !== 'unchanged')).toEqual([])
  const network = await api.client.get<GlobalNetwork>(Resource.globalNetwork, { name: 'cluster' })
  expect(network?.spec).toEqual({ blockSize: 256 })
})

test('uninstall removes what we made, keeps what is not ours, and leaves CRDs and exports unless told otherwise', async () => {
  await pretendToExport()
  await uninstallFairlead({ kubeconfig: api.kubeconfig })
  expect(await corefile()).toBe(COREFILE)
  expect(await names(Resource.service, 'demo')).toEqual(['hello'])
  expect(await names(Resource.serviceImport, 'demo')).toEqual(['foreign'])
  expect(await names(Resource.clusterProperty)).toEqual([])
  expect(await api.client.get(Resource.namespace, { name: SYSTEM })).toBeUndefined()
  const kept = await api.client.get<ServiceExport>(Resource.serviceExport, {
    namespace: 'demo',
    name: 'hello',
  })
  expect(kept?.status?.conditions?.map(({ type }) => type)).toEqual(['Theirs'])

  const again = await uninstallFairlead({ kubeconfig: api.kubeconfig, crds: true })
  expect(again.deleted.filter((object) => !object.startsWith('customresourcedefinition/'))).toEqual([])
  expect(again.deleted).toHaveLength(12)
})

/** What a controller would have written. */
async function pretendToExport(): Promise<void> {
  const metadata = { namespace: 'demo', name: 'hello' }
  const ports = [{ port: 80 }]
  const condition = {
    status: 'True',
    reason: 'Valid',
    message: '',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  }
  const conditions = [
    { ...condition, type: 'Valid' },
    { ...condition, type: 'Theirs' },
  ]
  const { client } = api
  await client.create(Resource.service, { metadata, spec: { ports } } as Service)
  await client.patch(Resource.serviceExport, metadata, 'merge', { status: { conditions } }, 'status')
  const spec = { type: 'ClusterSetIP', ports } as const
  await client.apply<ServiceImport>(
    Resource.serviceImport,
    { metadata, spec },
    { fieldManager: 'fairlead-importer' },
  )
  const foreign = { metadata: { ...metadata, name: 'foreign' }, spec }
  await client.apply<ServiceImport>(Resource.serviceImport, foreign, { fieldManager: 'somebody' })
  const derived = { ...metadata, name: 'derived-x', labels: { 'fairlead.dev/derived-from': 'hello' } }
  await client.create(Resource.service, { metadata: derived, spec: { ports } } as Service)
}

async function names(type: ResourceType, namespace?: string): Promise<(string | undefined)[]> {
  const { items } = await api.client.list(type, namespace === undefined ? {} : { namespace })
  return items.map(({ metadata }) => metadata.name)
}
