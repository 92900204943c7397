/** Leases, events and kubeconfigs against a real API server, which is strict about times. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { KubeObject } from '../../../src/api/objects.ts'
import { Resource } from '../../../src/api/resources.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { silentLogger } from '../../../src/core/log.ts'
import { connectKube } from '../../../src/kube/client.ts'
import { EventRecorder } from '../../../src/kube/events.ts'
import { LeaderElector, type Lease } from '../../../src/kube/lease.ts'
import { eventually } from '../../support/eventually.ts'
import { type KubeApi, startKubeApi } from '../../support/kube-api.ts'

const NAMESPACE = 'test'
let api: KubeApi

beforeAll(async () => {
  api = await startKubeApi()
  await api.client.create(Resource.namespace, { metadata: { name: NAMESPACE } })
})

afterAll(() => api.stop())

function candidate(identity: string): LeaderElector {
  return new LeaderElector(
    { client: api.client, clock: systemClock, log: silentLogger },
    { namespace: NAMESPACE, name: 'lock', identity, retryMs: 20, renewDeadlineMs: 500, durationMs: 1_000 },
  )
}

test('a kubeconfig with a client certificate connects', async () => {
  const { client, contextName, namespace } = await connectKube({ kubeconfig: api.kubeconfig })
  expect([contextName, namespace]).toEqual(['test', 'default'])
  expect(await client.raw('/version')).toMatchObject({ major: '1' })
  await client.close()
})

test('of two candidates one leads; when it stops the other does, with times the API server takes', async () => {
  const candidates = [candidate('one'), candidate('two')]
  await Promise.all(candidates.map((each) => each.start()))
  await eventually(() => candidates.some((each) => each.isLeader))
  const [first, second] = candidates.toSorted((a, b) => Number(b.isLeader) - Number(a.isLeader))
  expect(second?.isLeader).toBe(false)
  await first?.stop()
  await eventually(() => second?.isLeader === true)
  const lease = await api.client.get<Lease>(Resource.lease, { namespace: NAMESPACE, name: 'lock' })
  expect(lease?.spec?.renewTime).toMatch(/\.\d{6}Z$/)
  expect(lease?.spec?.leaseTransitions).toBe(1)
  await second?.stop()
})

test('recorded events are there for kubectl describe, repeats as one series', async () => {
  const service = await api.client.create(Resource.service, {
    metadata: { name: 'web', namespace: NAMESPACE },
    spec: { ports: [{ port: 80 }] },
  } as KubeObject)
  const recorder = new EventRecorder(
    { client: api.client, clock: systemClock, log: silentLogger },
    { controller: 'fairlead.dev/test', instance: 'pod-1' },
  )
  const event = { type: 'Warning', reason: 'Conflict', action: 'Merge', note: 'ports differ' } as const
  for (let n = 0; n < 3; n++) recorder.record(service, event)
  await recorder.stop()
  const { items } = await api.client.list<KubeObject>(Resource.event, { namespace: NAMESPACE })
  expect(items).toMatchObject([
    { reason: 'Conflict', regarding: { kind: 'Service', name: 'web' }, series: { count: 3 } },
  ])
})

test('a list of more than one page is whole', async () => {
  const names = Array.from({ length: 1203 }, (_, n) => `map-${n}`)
  await Promise.all(
    names.map((name) => api.client.create(Resource.configMap, { metadata: { name, namespace: NAMESPACE } })),
  )
  const { items } = await api.client.list(Resource.configMap, { namespace: NAMESPACE })
  const found = new Set(items.map(({ metadata }) => metadata.name))
  expect(names.filter((name) => !found.has(name))).toEqual([])
})
