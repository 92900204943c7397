/** Pods of a real API as the identities of clients. */
import { afterEach, expect, test } from '@jest/globals'
import { SYSTEM_NAMESPACE } from '../../../src/api/names.ts'
import type { Pod } from '../../../src/api/objects.ts'
import { Resource } from '../../../src/api/resources.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { silentLogger } from '../../../src/core/log.ts'
import { createMetrics } from '../../../src/core/metrics.ts'
import { PodIdentities } from '../../../src/exporter/pod-identities.ts'
import { createRouteSource } from '../../../src/exporter/route-source.ts'
import { ApiCluster } from '../../support/api-cluster.ts'
import { eventually } from '../../support/eventually.ts'

const cleanups: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function setUp(durable = false) {
  const api = await ApiCluster.start({ durable })
  cleanups.push(() => api[Symbol.asyncDispose]())
  await api.namespace('demo')
  const deps = { client: api.client, clock: systemClock, log: silentLogger }
  const pods = new PodIdentities(deps, createMetrics())
  await pods.start()
  cleanups.push(() => pods.stop())
  return { api, pods, deps }
}

interface PodShape {
  readonly hostNetwork?: boolean
  readonly startTime?: string
}

/** A pod that the kubelet has given an address. */
async function createPod({ client }: ApiCluster, name: string, ip: string, shape: PodShape = {}) {
  const { hostNetwork = false, startTime = '2026-01-01T00:00:00Z' } = shape
  const containers = [{ name: 'main', image: 'any' }]
  const spec = { hostNetwork, serviceAccountName: `${name}-account`, containers }
  await client.create<Pod>(Resource.pod, { metadata: { name, namespace: 'demo' }, spec })
  await setStatus(client, name, { phase: 'Running', podIP: ip, podIPs: [{ ip }], startTime })
}

async function setStatus(client: ApiCluster['client'], name: string, status: Pod['status']): Promise<void> {
  await client.patch(Resource.pod, { namespace: 'demo', name }, 'merge', { status }, 'status')
}

const deletePod = ({ client }: ApiCluster, name: string) =>
  client.delete(Resource.pod, { namespace: 'demo', name }, { gracePeriodSeconds: 0 })

test('a pod is known by its address as long as it has it', async () => {
  const { api, pods } = await setUp()
  await createPod(api, 'web', '10.244.0.9')
  const web = { namespace: 'demo', pod: 'web', serviceAccount: 'web-account' }
  await eventually(() => expect(pods.find('10.244.0.9')).toMatchObject(web))
  expect(pods.find('10.244.0.10')).toBeUndefined()
  await deletePod(api, 'web')
  await eventually(() => expect(pods.find('10.244.0.9')).toBeUndefined())
})

test('addresses of the host and of pods that have ended are nobody’s', async () => {
  const { api, pods } = await setUp()
  await createPod(api, 'agent', '192.168.0.1', { hostNetwork: true })
  await createPod(api, 'job', '10.244.0.9')
  await eventually(() => expect(pods.find('10.244.0.9')).toMatchObject({ pod: 'job' }))
  expect(pods.find('192.168.0.1')).toBeUndefined()
  await setStatus(api.client, 'job', { phase: 'Succeeded' })
  await eventually(() => expect(pods.find('10.244.0.9')).toBeUndefined())
})

test('an address that is used again while its last pod is not gone is the newer pod’s', async () => {
  const { api, pods } = await setUp()
  await createPod(api, 'newer', '10.244.0.9', { startTime: '2026-01-02T00:00:00Z' })
  await createPod(api, 'older', '10.244.0.9')
  await createPod(api, 'last', '10.244.0.10')
  await eventually(() => expect(pods.find('10.244.0.10')).toBeDefined())
  expect(pods.find('10.244.0.9')).toMatchObject({ pod: 'newer' })
  await deletePod(api, 'newer')
  await eventually(() => expect(pods.find('10.244.0.9')).toMatchObject({ pod: 'older' }))
})

test('what is known stays while the API server is away, and what changed meanwhile is caught up with', async () => {
  const { api, pods } = await setUp(true)
  await createPod(api, 'stays', '10.244.0.1')
  await createPod(api, 'goes', '10.244.0.2')
  await eventually(() => expect(pods.find('10.244.0.2')).toBeDefined())
  await api.restart()
  expect(pods.find('10.244.0.1')).toMatchObject({ pod: 'stays' })
  await deletePod(api, 'goes')
  await createPod(api, 'comes', '10.244.0.3')
  await eventually(() => expect(pods.find('10.244.0.3')).toBeDefined(), { within: 20_000 })
  expect(pods.find('10.244.0.2')).toBeUndefined()
  expect(pods.find('10.244.0.1')).toMatchObject({ pod: 'stays' })
}, 40_000)

test('pods that come and go change no routes', async () => {
  const { api, pods, deps } = await setUp()
  const routes = createRouteSource(deps, { namespace: SYSTEM_NAMESPACE })
  await routes.start()
  cleanups.push(() => routes.stop())
  await eventually(() => routes.snapshots.current().synced)
  let swaps = 0
  routes.snapshots.subscribe(() => {
    swaps += 1
  })
  const names = Array.from({ length: 50 }, (_, index) => `pod-${index}`)
  await Promise.all(names.map((name, index) => createPod(api, name, `10.244.1.${index}`)))
  await eventually(() => expect(names.every((_, index) => pods.find(`10.244.1.${index}`))).toBe(true))
  await Promise.all(names.map((name) => deletePod(api, name)))
  await eventually(() => expect(names.some((_, index) => pods.find(`10.244.1.${index}`))).toBe(false))
  expect(swaps).toBe(0)
})
