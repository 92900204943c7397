/** The admission policies on a real API server: they compile, take what the controller writes, and refuse the rest. */
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { ServiceExport, ServiceImport } from '../../src/api/mcs.ts'
import { Annotation, Label, MANAGED_BY } from '../../src/api/names.ts'
import type { EndpointSlice, KubeObject, OwnerReference, Service } from '../../src/api/objects.ts'
import { apiVersion, Resource } from '../../src/api/resources.ts'
import { createKubeClient } from '../../src/kube/client.ts'
import type { KubeClient } from '../../src/kube/types.ts'
import { EXPORT_CASES, IMPORT_CASES } from '../support/admission-cases.ts'
import { eventually } from '../support/eventually.ts'
import { describeWithRealApi, type RealApi, startRealApi } from '../support/real-api.ts'
import { run } from '../support/run.ts'
import { ROOT } from '../support/source-tree.ts'

const TIMEOUT = 180_000
const SOON = { within: 60_000, every: 200 }
const MANIFESTS = join(ROOT, 'manifests')
const WRITERS = 'only the controller of fairlead writes'
const { serviceImport: IMPORT, endpointSlice: SLICE, service: SERVICE } = Resource

interface Policy extends KubeObject {
  readonly status?: {
    readonly observedGeneration?: number
    readonly typeChecking?: { readonly expressionWarnings?: readonly unknown[] }
  }
}

const ENDPOINTS = { group: '', version: 'v1', plural: 'endpoints', kind: 'Endpoints', namespaced: true }

let api: RealApi
/** A member of system:masters. */
let admin: KubeClient
/** The controller, with no more than its own RBAC. */
let controller: KubeClient
/** Somebody whom RBAC allows everything. */
let owner: KubeClient
let names = 0

const ref = (name: string, namespace = 'demo') => ({ namespace, name })
const nextName = () => `name-${names++}`
const spec: NonNullable<ServiceImport['spec']> = { type: 'ClusterSetIP', ports: [{ port: 80 }] }

/** A client that acts for somebody else. */
function actingAs(user: string): KubeClient {
  const headers = { 'Impersonate-User': user }
  return createKubeClient({
    server: api.credentials.server,
    load: async () => ({ ...(await api.credentials.load()), headers }),
  })
}

/** An import that the controller made. */
async function anImport(fields: Partial<ServiceImport> = {}): Promise<ServiceImport> {
  const object = { metadata: ref(nextName()), spec, ...fields } as ServiceImport
  return await controller.apply(IMPORT, object, { fieldManager: 'fairlead-importer' })
}

function slice(labels: Record<string, string>, owners: OwnerReference[] = []): EndpointSlice {
  return {
    metadata: { ...ref(nextName()), labels, ownerReferences: owners },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['192.0.2.1'] }],
    ports: [{ port: 80 }],
  }
}

const sliceLabels = {
  [Label.serviceName]: 'hello',
  [Label.sourceCluster]: 'east',
  [Label.managedBy]: MANAGED_BY,
}

/** A name that the controller gives; `endpoint` adds that of one endpoint. */
const derivedName = (endpoint = '') => `derived-${`${names++}`.padStart(10, '0')}${endpoint}`
const ENDPOINT = '-0123456789abcdefghij'

/** What makes a Service one of ours. */
const derivedLabels = {
  [Label.derivedFrom]: 'hello',
  [Label.endpoint]: 'web-0',
  [Label.endpointCluster]: 'east',
}

function service(metadata: Partial<Service['metadata']> = {}): Service {
  return { metadata: { ...ref(nextName()), ...metadata }, spec: { ports: [{ port: 80 }] } }
}

/** As the controller writes them. */
const derivedService = (name = derivedName()) =>
  service({ name, labels: { ...derivedLabels }, annotations: { [Annotation.globalIp]: '242.0.0.9' } })

/** The cases with what becomes of them in their names. */
function named<Spec>(cases: readonly (readonly [string, Spec, string?])[]): [string, Spec, string][] {
  return cases.map(([what, values, refusal = '']) => [
    `${what} is ${refusal === '' ? 'taken' : 'refused'}`,
    values,
    refusal,
  ])
}

async function takenOrRefused(written: Promise<unknown>, refusal: string): Promise<void> {
  if (refusal === '') await written
  else await expect(written).rejects.toThrow(refusal)
}

/** Policies act a moment after they are there, each in its own time. */
async function everyPolicyActs(): Promise<void> {
  const attempts: (() => Promise<unknown>)[] = [
    () => owner.create(IMPORT, { metadata: ref(nextName()), spec }),
    () => owner.create(SLICE, slice(sliceLabels)),
    () => owner.create(SERVICE, derivedService()),
    () => owner.create(Resource.serviceExport, { metadata: ref(`${nextName()}.bad`) }),
    () => anImport({ spec: { ...spec, ports: [{ port: 0 }] } }),
    () => writeStatus('before', 'Bad'),
  ]
  for (const attempt of attempts) {
    await eventually(() => expect(attempt()).rejects.toThrow('ValidatingAdmissionPolicy'), SOON)
  }
}

/** What the controller says of an import: who exports it. */
async function writeStatus(name: string, cluster: string): Promise<void> {
  const object = { metadata: ref(name), status: { clusters: [{ cluster }] } } as ServiceImport
  await controller.apply(IMPORT, object, { fieldManager: 'fairlead-importer', subresource: 'status' })
}

describeWithRealApi('the admission policies', ['kubectl'], () => {
  beforeAll(async () => {
    api = await startRealApi()
    admin = api.client
    controller = actingAs('system:serviceaccount:fairlead-system:fairlead-controller')
    owner = actingAs('owner')
    const kubectl = (...args: string[]) => run(['kubectl', '--kubeconfig', api.kubeconfig, ...args])
    const base = join(MANIFESTS, 'base')
    await kubectl('apply', '-f', join(base, 'crds'), '-f', join(base, 'namespace.yaml'))
    await kubectl('wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s')
    await kubectl('apply', '-f', join(base, 'controller/service-account.yaml'))
    await kubectl('apply', '-f', join(base, 'controller/rbac.yaml'))
    await kubectl('create', 'clusterrolebinding', 'owner', '--clusterrole=cluster-admin', '--user=owner')
    await kubectl('create', 'namespace', 'demo')
    await anImport({ metadata: ref('before'), spec: { ...spec, ports: [{ port: 0 }] } })
    await kubectl('apply', '-k', join(MANIFESTS, 'overlays/admission'), '--validate=strict')
    await everyPolicyActs()
  }, TIMEOUT)

  afterAll(async () => {
    await controller?.close()
    await owner?.close()
    await api?.stop()
  }, TIMEOUT)

  test(
    'compile without a warning of the type check',
    async () => {
      const path = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies'
      const statuses = await eventually(async () => {
        const { items } = (await admin.raw(path)) as { items: Policy[] }
        const generations = items.map(({ metadata }) => metadata.generation)
        expect(items.map(({ status }) => status?.observedGeneration)).toEqual(generations)
        return items.map(({ status }) => status)
      }, SOON)
      expect(statuses).toHaveLength(6)
      expect(statuses.flatMap((status) => status?.typeChecking?.expressionWarnings ?? [])).toEqual([])
    },
    TIMEOUT,
  )

  test.each(named(IMPORT_CASES))('a ServiceImport with %s', async (_, values, refusal) => {
    await takenOrRefused(anImport({ spec: values }), refusal)
  })

  test.each(named(EXPORT_CASES))('a ServiceExport with %s', async (_, values, refusal) => {
    const object: ServiceExport = { metadata: ref(nextName()), spec: values }
    await takenOrRefused(owner.create(Resource.serviceExport, object), refusal)
  })

  test.each(['a.b', 'a'.repeat(64)])('a ServiceExport called %s is refused', async (name) => {
    const created = owner.create(Resource.serviceExport, { metadata: ref(name) })
    await expect(created).rejects.toThrow('no Service can have that name')
  })

  test('what was there before a policy can be labelled and deleted, but not changed to something else that is wrong', async () => {
    await owner.patch(IMPORT, ref('before'), 'merge', { metadata: { labels: { a: 'b' } } })
    const worse = { spec: { ports: [{ port: -1 }] } }
    await expect(controller.patch(IMPORT, ref('before'), 'merge', worse)).rejects.toThrow('1 to 65535')
    await controller.patch(IMPORT, ref('before'), 'merge', { spec: { ports: [{ port: 1 }] } })
    await controller.delete(IMPORT, ref('before'))
  })

  describe('on who writes imports', () => {
    test.each(['v1alpha1', 'v1beta1'])(
      'let nobody else create or change one, through %s',
      async (version) => {
        const type = { ...IMPORT, version }
        const { metadata } = await anImport()
        const mine = ref(metadata.name ?? '')
        await expect(owner.create(type, { metadata: ref(nextName()), spec })).rejects.toThrow(WRITERS)
        await expect(owner.patch(type, mine, 'merge', { spec: { ips: ['10.0.0.1'] } })).rejects.toThrow(
          WRITERS,
        )
        const status = { clusters: [{ cluster: 'mine' }] }
        await expect(owner.patch(type, mine, 'merge', { status }, 'status')).rejects.toThrow(WRITERS)
        await expect(admin.patch(type, mine, 'merge', { spec: { ips: ['10.0.0.1'] } })).rejects.toThrow(
          WRITERS,
        )
      },
    )

    test('let nobody else say which global address stands for one', async () => {
      const { metadata } = await anImport()
      const annotations = { [Annotation.globalIp]: '242.0.0.9' }
      const patched = owner.patch(IMPORT, ref(metadata.name ?? ''), 'merge', { metadata: { annotations } })
      await expect(patched).rejects.toThrow(WRITERS)
    })

    test('let others label one, and only administrators delete it', async () => {
      const { metadata } = await anImport()
      const mine = ref(metadata.name ?? '')
      await owner.patch(IMPORT, mine, 'merge', { metadata: { annotations: { a: 'b' } } })
      await expect(owner.delete(IMPORT, mine)).rejects.toThrow(WRITERS)
      expect(await admin.delete(IMPORT, mine)).toBe(true)
    })

    test('let the controller write its status, with ids of clusters', async () => {
      const { metadata } = await anImport()
      const { name = '' } = metadata
      await writeStatus(name, 'east')
      await expect(writeStatus(name, 'East')).rejects.toThrow('RFC 1123')
    })
  })

  describe('on who writes EndpointSlices of imports', () => {
    test.each(Object.entries(sliceLabels))('let nobody else make one with %s=%s', async (key, value) => {
      await expect(owner.create(SLICE, slice({ [key]: value }))).rejects.toThrow(WRITERS)
    })

    test('let nobody else change or delete one', async () => {
      const { metadata } = await controller.create(SLICE, slice(sliceLabels))
      const mine = ref(metadata.name ?? '')
      const labels = Object.fromEntries(Object.keys(sliceLabels).map((key) => [key, null]))
      await expect(owner.patch(SLICE, mine, 'merge', { metadata: { labels } })).rejects.toThrow(WRITERS)
      await expect(owner.patch(SLICE, mine, 'merge', { endpoints: [] })).rejects.toThrow(WRITERS)
      await expect(owner.patch(SLICE, mine, 'merge', { ports: [{ port: 81 }] })).rejects.toThrow(WRITERS)
      await expect(owner.delete(SLICE, mine)).rejects.toThrow(WRITERS)
      await owner.patch(SLICE, mine, 'merge', { metadata: { annotations: { a: 'b' } } })
      await controller.patch(SLICE, mine, 'merge', { endpoints: [] })
      expect(await controller.delete(SLICE, mine)).toBe(true)
    })

    test.each([
      ['of a derived Service', { [Label.kubeServiceName]: 'derived-0123456789' }],
      ['of one endpoint', { [Label.kubeServiceName]: `derived-0123456789${ENDPOINT}` }],
      ['with a label of ours', { [Label.derivedFrom]: 'hello' }],
    ])('let nobody else make one %s', async (_, labels) => {
      await expect(owner.create(SLICE, slice(labels))).rejects.toThrow(WRITERS)
    })

    test(
      'let nobody else have Kubernetes mirror Endpoints into one',
      async () => {
        const name = derivedName()
        await controller.create(SERVICE, derivedService(name))
        const other = nextName()
        await owner.create(SERVICE, service({ name: other }))
        const subsets = [{ addresses: [{ ip: '192.0.2.1' }], ports: [{ port: 80 }] }]
        for (const each of [name, other])
          await admin.create(ENDPOINTS, { metadata: ref(each), subsets } as KubeObject)
        const mirrored = async (of: string) =>
          (await admin.list(SLICE, { namespace: 'demo', labelSelector: `${Label.kubeServiceName}=${of}` }))
            .items
        await eventually(async () => expect(await mirrored(other)).toHaveLength(1), SOON)
        expect(await mirrored(name)).toEqual([])
      },
      TIMEOUT,
    )

    test('mind no other EndpointSlice, unless it becomes one of an import', async () => {
      const { metadata } = await owner.create(SLICE, slice({ [Label.kubeServiceName]: 'hello' }))
      const mine = ref(metadata.name ?? '')
      await owner.patch(SLICE, mine, 'merge', { endpoints: [] })
      const labels = { [Label.serviceName]: 'hello' }
      await expect(owner.patch(SLICE, mine, 'merge', { metadata: { labels } })).rejects.toThrow(WRITERS)
      expect(await owner.delete(SLICE, mine)).toBe(true)
    })
  })

  describe('on who writes derived Services', () => {
    test.each([
      ...Object.entries(derivedLabels).map(
        ([key, value]) => [`${key}=${value}`, { labels: { [key]: value } }] as const,
      ),
      [
        `the annotation ${Annotation.globalIp}`,
        { annotations: { [Annotation.globalIp]: '242.0.0.9' } },
      ] as const,
      ['the name of one', { name: derivedName() }] as const,
      ['the name of one of an endpoint', { name: derivedName(ENDPOINT) }] as const,
    ])('let nobody else make one with %s, or make another Service one', async (_, metadata) => {
      await expect(owner.create(SERVICE, service(metadata))).rejects.toThrow(WRITERS)
      if ('name' in metadata) return
      const { metadata: plain } = await owner.create(SERVICE, service())
      await expect(owner.patch(SERVICE, ref(plain.name ?? ''), 'merge', { metadata })).rejects.toThrow(
        WRITERS,
      )
    })

    test('let nobody else change or delete one', async () => {
      const { metadata } = await controller.create(SERVICE, derivedService())
      const mine = ref(metadata.name ?? '')
      for (const key of Object.keys(derivedLabels)) {
        const labels = { [key]: null }
        await expect(owner.patch(SERVICE, mine, 'merge', { metadata: { labels } })).rejects.toThrow(WRITERS)
      }
      const annotations = { [Annotation.globalIp]: '242.0.0.10' }
      await expect(owner.patch(SERVICE, mine, 'merge', { metadata: { annotations } })).rejects.toThrow(
        WRITERS,
      )
      for (const spec of [{ selector: { app: 'mine' } }, { ports: [{ port: 81 }] }])
        await expect(owner.patch(SERVICE, mine, 'merge', { spec })).rejects.toThrow(WRITERS)
      await expect(owner.delete(SERVICE, mine)).rejects.toThrow(WRITERS)
      await owner.patch(SERVICE, mine, 'merge', { metadata: { labels: { a: 'b' }, annotations: { a: 'b' } } })
      await controller.patch(SERVICE, mine, 'merge', { spec: { ports: [{ port: 81 }] } })
      expect(await controller.delete(SERVICE, mine)).toBe(true)
    })

    test('mind no other Service', async () => {
      for (const name of [nextName(), 'derived-from-something', `derived-0123456789-${names++}`]) {
        await owner.create(SERVICE, service({ name, labels: { app: 'mine' } }))
        await owner.patch(SERVICE, ref(name), 'merge', { spec: { selector: { app: 'mine' } } })
        expect(await owner.delete(SERVICE, ref(name))).toBe(true)
      }
    })
  })

  test(
    'let go what an import owned, and what is in a namespace that ends',
    async () => {
      const { metadata } = await anImport()
      const { name = '', uid = '' } = metadata
      const reference = { apiVersion: apiVersion(IMPORT), kind: IMPORT.kind, name, uid }
      const owned = await controller.create(SLICE, slice(sliceLabels, [reference]))
      const derived = derivedService()
      await controller.create(SERVICE, {
        ...derived,
        metadata: { ...derived.metadata, ownerReferences: [reference] },
      })
      await controller.delete(IMPORT, ref(name))
      const gone = async (type: typeof SLICE | typeof SERVICE, name: string) =>
        (await admin.get(type, ref(name))) === undefined
      await eventually(() => gone(SLICE, owned.metadata.name ?? ''), SOON)
      await eventually(() => gone(SERVICE, derived.metadata.name ?? ''), SOON)
      const left = await controller.create(SLICE, slice(sliceLabels))
      await owner.delete(Resource.namespace, { name: 'demo' })
      await eventually(
        async () => (await admin.get(Resource.namespace, { name: 'demo' })) === undefined,
        SOON,
      )
      expect(await gone(SLICE, left.metadata.name ?? '')).toBe(true)
    },
    TIMEOUT,
  )
})
