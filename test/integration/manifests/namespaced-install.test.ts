/** `install --namespace-scoped` and its end against a real API server, where no process runs: what it writes, and when it does not. */
import { X509Certificate } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { ServiceImport } from '../../../src/api/mcs.ts'
import type { KubeObject } from '../../../src/api/objects.ts'
import { Resource } from '../../../src/api/resources.ts'
import { inNamespace } from '../../../src/cli/install/in-namespace.ts'
import { manifestObjects } from '../../../src/cli/install/installation.ts'
import {
  installNamespaced,
  LEFT_OUT,
  type NamespacedOptions,
} from '../../../src/cli/install/namespaced-install.ts'
import { uninstallFairlead } from '../../../src/cli/install/uninstall.ts'
import { scopeOf } from '../../../src/cli/member.ts'
import { clusterStatus } from '../../../src/cli/status/cluster-status.ts'
import { connectKube } from '../../../src/kube/client.ts'
import { authorityIdentity } from '../../../src/pki/identity.ts'
import { docsPage } from '../../support/docs-page.ts'
import { eventually } from '../../support/eventually.ts'
import { type KubeApi, startKubeApi } from '../../support/kube-api.ts'

const TEAM = 'team'
const spec: NonNullable<ServiceImport['spec']> = { type: 'ClusterSetIP', ports: [{ port: 80 }] }

let api: KubeApi
let pkiDir: string

beforeAll(async () => {
  api = await startKubeApi()
  pkiDir = join(await mkdtemp(join(tmpdir(), 'fairlead-team-')), 'pki')
  for (const name of [TEAM, 'taken']) await api.client.create(Resource.namespace, { metadata: { name } })
})
afterAll(async () => {
  await api.stop()
  await rm(join(pkiDir, '..'), { recursive: true, force: true })
})

const install = (options: Partial<NamespacedOptions> = {}) =>
  installNamespaced({ kubeconfig: api.kubeconfig, pkiDir, overlay: 'base', namespace: TEAM, ...options })

interface Secret extends KubeObject {
  readonly data: Record<string, string>
}
const secret = async (name: string) => {
  const found = await api.client.get<Secret>(Resource.secret, { namespace: TEAM, name })
  return (key: string) => Buffer.from(found?.data[key] ?? '', 'base64').toString()
}
const everything = async () =>
  (
    await Promise.all(
      [Resource.secret, Resource.deployment, Resource.service, Resource.serviceAccount].map((type) =>
        api.client.list(type, { namespace: TEAM }),
      ),
    )
  ).flatMap(({ items }) => items.map(({ metadata }) => metadata.name ?? ''))

test('without the CRDs an administrator is asked for them, and nothing is written', async () => {
  await expect(install({ clusterId: 'west-team' })).rejects.toThrow(
    /lacks ServiceExport multicluster.x-k8s.io\/v1beta1, .*TrafficPolicy.*manifests\/base\/crds/,
  )
  expect((await everything()).filter((name) => name.startsWith('fairlead'))).toEqual([])
  const crds = (await manifestObjects('base')).filter(({ kind }) => kind === 'CustomResourceDefinition')
  for (const crd of crds) await api.client.create(Resource.customResourceDefinition, crd)
  await eventually(async () => void (await api.client.list(Resource.trafficPolicy)))
})

test.each<[string, Partial<NamespacedOptions>, string]>([
  ['no id', {}, 'give --cluster-id'],
  ['an id that is none', { clusterId: 'West' }, 'cannot be a cluster id'],
  [
    'the namespace of the cluster',
    { namespace: 'fairlead-system', clusterId: 'a' },
    'is where a whole cluster',
  ],
  ['an overlay of agents', { overlay: 'globalnet', clusterId: 'a' }, 'takes no overlay but base'],
])('%s is refused', async (_, options, message) => {
  await expect(install(options)).rejects.toThrow(message)
})

test('everything is made in the namespace, with certificates of its own id', async () => {
  const said: string[] = []
  const report = await install({ clusterId: 'west-team', clusterset: 'shop', say: (text) => said.push(text) })
  expect(
    report.objects.filter(({ object, outcome }) => outcome !== 'created' || !object.endsWith(`-n ${TEAM}`)),
  ).toEqual([])
  expect(said).toEqual(expect.arrayContaining(LEFT_OUT.map((what) => `left out: ${what}`)))
  const certificate = (await secret('fairlead-authority'))('tls.crt')
  expect(authorityIdentity(new X509Certificate(certificate))).toEqual({
    clusterset: 'shop',
    cluster: 'west-team',
  })
  expect((await secret('fairlead-reports'))('token')).toMatch(/^[0-9a-f]{64}$/)
  expect((await api.client.list(Resource.clusterProperty)).items).toEqual([])
})

test('the second time nothing changes, and the id is known; another id is refused', async () => {
  const token = (await secret('fairlead-reports'))('token')
  const { objects, clusterId } = await install()
  expect([clusterId, objects.filter(({ outcome }) => outcome !== 'unchanged')]).toEqual(['west-team', []])
  expect((await secret('fairlead-reports'))('token')).toBe(token)
  await expect(install({ clusterId: 'other' })).rejects.toThrow('is a member as west-team of shop')
})

test('before a controller has looked, status reads the id out of the certificate', async () => {
  const connection = await connectKube({ kubeconfig: api.kubeconfig })
  const status = await clusterStatus({ ...connection, ...scopeOf(TEAM) })
  await connection.client.close()
  expect(status).toMatchObject({
    namespace: TEAM,
    clusterId: 'west-team',
    clusterset: 'shop',
    healthy: false,
  })
  expect(status.processes.map(({ name }) => name).sort()).toEqual([
    'fairlead-controller',
    'fairlead-dns',
    'fairlead-router',
  ])
})

test('an overlay changes the routers, and network policies can be left out', async () => {
  const { objects } = await install({ overlay: 'nodeport', routerReplicas: 3, networkPolicies: false })
  expect(objects.filter(({ outcome }) => outcome !== 'unchanged').map(({ object }) => object)).toEqual([
    `service/fairlead-router -n ${TEAM}`,
    `deployment/fairlead-router -n ${TEAM}`,
  ])
  expect(objects.filter(({ object }) => object.startsWith('networkpolicy'))).toEqual([])
})

test('a namespace that a fairlead of the whole cluster serves is refused', async () => {
  const object: ServiceImport = { metadata: { namespace: 'taken', name: 'hello' }, spec }
  await api.client.apply(Resource.serviceImport, object, { fieldManager: 'fairlead-importer' })
  await expect(install({ namespace: 'taken', clusterId: 'a' })).rejects.toThrow(
    'serves namespace taken already',
  )
})

test('uninstall takes the namespace of the member and no other', async () => {
  const foreign = {
    metadata: { namespace: 'taken', name: 'derived-x', labels: { 'fairlead.dev/derived-from': 'x' } },
  }
  await api.client.create(Resource.service, { ...foreign, spec: { ports: [{ port: 80 }] } } as KubeObject)
  const derived = { metadata: { ...foreign.metadata, namespace: TEAM }, spec: { ports: [{ port: 80 }] } }
  await api.client.create(Resource.service, derived as KubeObject)
  const { deleted } = await uninstallFairlead({
    kubeconfig: api.kubeconfig,
    namespaceScoped: true,
    namespace: TEAM,
  })
  expect(deleted.filter((object) => !object.endsWith(`-n ${TEAM}`))).toEqual([])
  expect((await everything()).filter((name) => /fairlead|derived/.test(name))).toEqual([])
  const left = await api.client.get(Resource.service, { namespace: 'taken', name: 'derived-x' })
  expect(left).toBeDefined()
})

test('an object of no namespace cannot be put into one', () => {
  expect(() => inNamespace([{ kind: 'ClusterRole', metadata: { name: 'x' } }], TEAM)).toThrow(
    'ClusterRole x is of no namespace',
  )
})

test('the page names what is left out in the words of the command', () => {
  const page = docsPage('docs/security.md')
  expect(LEFT_OUT.filter((what) => !page.includes(`\n- ${what}\n`))).toEqual([])
})
