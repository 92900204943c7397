/** The controllers against the embedded API server; kubelets are played by the test. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { EndpointSlice, KubeObject } from '../../../../src/api/objects.ts'
import { Resource, type ResourceType } from '../../../../src/api/resources.ts'
import { systemClock } from '../../../../src/core/clock.ts'
import { Lifecycle } from '../../../../src/core/lifecycle.ts'
import { silentLogger } from '../../../../src/core/log.ts'
import { reflect } from '../../../../src/kube/reflector.ts'
import {
  CONTROLLER_RESOURCES,
  type ControllerStores,
  clusterControllers,
} from '../../../../src/lab/controllers/cluster-controllers.ts'
import { isReady } from '../../../../src/lab/controllers/pod-state.ts'
import type {
  Deployment,
  ReplicaSet,
  StatefulSet,
  WorkloadPod,
} from '../../../../src/lab/controllers/workloads.ts'
import { DAEMON_SET } from '../../../../src/lab/controllers/workloads.ts'
import { ApiCluster } from '../../../support/api-cluster.ts'
import { eventually } from '../../../support/eventually.ts'
import { describeWith } from '../../../support/missing.ts'
import { run } from '../../../support/run.ts'

const NAMESPACE = 'demo'
let cluster: ApiCluster
let parts: Lifecycle
let addresses = 0

beforeAll(async () => {
  cluster = await ApiCluster.start()
  await cluster.namespace(NAMESPACE)
  const { client } = cluster
  const watch = { client, clock: systemClock, log: silentLogger }
  const named = Object.entries(CONTROLLER_RESOURCES).map(
    ([name, type]) => [name, reflect(watch, type)] as const,
  )
  const stores = Object.fromEntries(named) as unknown as ControllerStores
  const controllers = clusterControllers({ client, stores, clock: systemClock, log: silentLogger })
  parts = new Lifecycle([...named.map(([, store]) => store), controllers])
  await parts.start()
})
afterAll(async () => {
  await parts.stop()
  await cluster[Symbol.asyncDispose]()
})

describe('a Deployment', () => {
  test('becomes Available when its Pods are ready, and rolls to a new template without falling below', async () => {
    await create(Resource.deployment, deployment('web', 2))
    await eventually(async () => expect(await podsOf('web')).toHaveLength(2))
    await readyAll('web')
    await eventually(async () =>
      expect((await get<Deployment>(Resource.deployment, 'web'))?.status).toMatchObject({
        observedGeneration: 1,
        replicas: 2,
        availableReplicas: 2,
        conditions: expect.arrayContaining([
          expect.objectContaining({ type: 'Available', status: 'True' }),
          expect.objectContaining({ type: 'Progressing', reason: 'NewReplicaSetAvailable' }),
        ]),
      }),
    )
    const patch = { spec: { template: { metadata: { annotations: { version: '2' } } } } }
    await cluster.client.patch(Resource.deployment, ref('web'), 'merge', patch)
    await eventually(async () => {
      await readyAll('web')
      const { status, metadata } = (await get<Deployment>(Resource.deployment, 'web')) as Deployment
      expect(status?.availableReplicas).toBeGreaterThanOrEqual(2)
      expect(status).toMatchObject({
        observedGeneration: 2,
        updatedReplicas: 2,
        replicas: 2,
        availableReplicas: 2,
      })
      expect(metadata.annotations).toMatchObject({ 'deployment.kubernetes.io/revision': '2' })
    })
    const sets = await owned<ReplicaSet>(Resource.replicaSet, 'web')
    expect(sets.map((set) => set.spec.replicas).sort()).toEqual([0, 2])
    expect((await podsOf('web')).every((pod) => pod.metadata.annotations?.['version'] === '2')).toBe(true)
  })

  test('never has more Pods than it may, however quickly it is scaled', async () => {
    await create(Resource.deployment, deployment('burst', 5))
    for (const replicas of [8, 3, 6]) {
      await cluster.client.patch(Resource.deployment, ref('burst'), 'merge', { spec: { replicas } })
    }
    await eventually(async () => {
      const status = (await get<Deployment>(Resource.deployment, 'burst'))?.status
      expect(status?.observedGeneration).toBe(4)
      expect((await podsOf('burst')).filter((pod) => !pod.metadata.deletionTimestamp)).toHaveLength(6)
      expect(status?.replicas).toBe(6)
    })
  })

  test('a Pod that is deleted is replaced', async () => {
    const [victim] = await podsOf('burst')
    await cluster.client.delete(Resource.pod, ref(victim?.metadata.name ?? ''), { gracePeriodSeconds: 0 })
    await eventually(async () => {
      const pods = await podsOf('burst')
      expect(pods.filter((pod) => !pod.metadata.deletionTimestamp)).toHaveLength(6)
      expect(pods.map((pod) => pod.metadata.uid)).not.toContain(victim?.metadata.uid)
    })
  })
})

test('a StatefulSet makes its Pods one after another and removes them in reverse', async () => {
  const set = {
    metadata: { name: 'db', namespace: NAMESPACE },
    spec: {
      replicas: 2,
      serviceName: 'db',
      selector: { matchLabels: { app: 'db' } },
      template: template('db'),
    },
  }
  await create(Resource.statefulSet, set)
  await eventually(async () => expect(await names('db')).toEqual(['db-0']))
  await readyAll('db')
  await eventually(async () => expect(await names('db')).toEqual(['db-0', 'db-1']))
  await readyAll('db')
  await eventually(async () =>
    expect((await get<StatefulSet>(Resource.statefulSet, 'db'))?.status).toMatchObject({
      readyReplicas: 2,
      updatedReplicas: 2,
    }),
  )
  await cluster.client.patch(Resource.statefulSet, ref('db'), 'merge', { spec: { replicas: 1 } })
  await eventually(async () => {
    await finishDeletions()
    expect(await names('db')).toEqual(['db-0'])
  })
})

test('a DaemonSet has a Pod on each node', async () => {
  await cluster.client.create(Resource.node, { metadata: { name: 'node-1' } })
  const set = {
    metadata: { name: 'agent', namespace: NAMESPACE },
    spec: { selector: { matchLabels: { app: 'agent' } }, template: template('agent') },
  }
  await create(DAEMON_SET, set)
  await eventually(async () =>
    expect((await podsOf('agent')).map((pod) => pod.spec?.nodeName)).toEqual(['node-1']),
  )
  await cluster.client.create(Resource.node, { metadata: { name: 'node-2' } })
  await eventually(async () => expect(await podsOf('agent')).toHaveLength(2))
})

describe('EndpointSlices', () => {
  test('follow the Pods of the Service, and come back when somebody deletes them', async () => {
    await create(Resource.service, {
      metadata: { name: 'web', namespace: NAMESPACE },
      spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
    } as KubeObject)
    await eventually(async () => expect(await readyAddresses('web')).toHaveLength(2))
    const [slice] = await slicesOf('web')
    expect(slice?.metadata.name).toMatch(/^web-[a-z0-9]{5}$/)
    expect(slice?.ports).toMatchObject([{ name: 'http', port: 8080, protocol: 'TCP' }])
    const [first] = await podsOf('web')
    await setReady(first as WorkloadPod, false)
    await eventually(async () => expect(await readyAddresses('web')).toHaveLength(1))
    await cluster.client.delete(Resource.endpointSlice, ref(slice?.metadata.name ?? ''))
    await eventually(async () => expect(await readyAddresses('web')).toHaveLength(1))
    expect((await slicesOf('web'))[0]?.metadata.uid).not.toBe(slice?.metadata.uid)
  })

  test('go with their Service', async () => {
    await cluster.client.delete(Resource.service, ref('web'))
    await eventually(async () => expect(await slicesOf('web')).toEqual([]))
  })
})

describeWith(['kubectl'], 'kubectl', () => {
  test('rollout status, wait and rollout undo work', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fairlead-controllers-'))
    const file = join(folder, 'config')
    await writeFile(file, cluster.kubeconfig, { mode: 0o600 })
    const kubectl = (...args: string[]) => run(['kubectl', '--kubeconfig', file, '-n', NAMESPACE, ...args])
    try {
      const kubelet = playKubelet('web')
      const status = await kubectl('rollout', 'status', 'deployment/web', '--timeout=20s')
      expect(status.stdout).toContain('successfully rolled out')
      await kubectl('wait', '--for=condition=Available', 'deployment/web', '--timeout=20s')
      await kubectl('rollout', 'undo', 'deployment/web')
      await kubectl('rollout', 'status', 'deployment/web', '--timeout=20s')
      await kubelet.stop()
      const history = await kubectl('rollout', 'history', 'deployment/web')
      expect(history.stdout).toMatch(/\n2 .*\n3 /)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

function ref(name: string) {
  return { namespace: NAMESPACE, name }
}

function template(app: string) {
  return {
    metadata: { labels: { app } },
    spec: { containers: [{ name: 'main', image: 'none', ports: [{ name: 'http', containerPort: 8080 }] }] },
  }
}

function deployment(name: string, replicas: number): KubeObject {
  const spec = { replicas, selector: { matchLabels: { app: name } }, template: template(name) }
  return { metadata: { name, namespace: NAMESPACE }, spec } as KubeObject
}

async function create(type: ResourceType, object: KubeObject): Promise<void> {
  await cluster.client.create(type, object)
}

async function get<T extends KubeObject>(type: ResourceType, name: string): Promise<T | undefined> {
  return await cluster.client.get<T>(type, ref(name))
}

async function owned<T extends KubeObject>(type: ResourceType, app: string): Promise<T[]> {
  const list = await cluster.client.list<T>(type, { namespace: NAMESPACE, labelSelector: `app=${app}` })
  return list.items
}

async function podsOf(app: string): Promise<WorkloadPod[]> {
  return await owned<WorkloadPod>(Resource.pod, app)
}

async function names(app: string): Promise<(string | undefined)[]> {
  return (await podsOf(app)).map((pod) => pod.metadata.name).sort()
}

async function slicesOf(service: string): Promise<EndpointSlice[]> {
  const labelSelector = `kubernetes.io/service-name=${service}`
  return (
    await cluster.client.list<EndpointSlice>(Resource.endpointSlice, { namespace: NAMESPACE, labelSelector })
  ).items
}

async function readyAddresses(service: string): Promise<string[]> {
  const endpoints = (await slicesOf(service)).flatMap((slice) => slice.endpoints ?? [])
  return endpoints.filter((endpoint) => endpoint.conditions?.ready).flatMap((endpoint) => endpoint.addresses)
}

/** What a kubelet does: an address and readiness for Pods that are not ready, and the end of those that are deleted. */
async function readyAll(app: string): Promise<void> {
  await finishDeletions()
  for (const pod of await podsOf(app)) if (!isReady(pod)) await setReady(pod, true)
}

/** Makes Pods of `app` ready as they come, until stopped. */
function playKubelet(app: string): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const run = async () => {
    while (!stopping.signal.aborted) {
      await readyAll(app)
      await systemClock.sleep(50)
    }
  }
  const running = run()
  return {
    async stop() {
      stopping.abort()
      await running
    },
  }
}

async function finishDeletions(): Promise<void> {
  const { items } = await cluster.client.list<WorkloadPod>(Resource.pod, { namespace: NAMESPACE })
  for (const pod of items) {
    if (pod.metadata.deletionTimestamp === undefined) continue
    await cluster.client.delete(Resource.pod, ref(pod.metadata.name ?? ''), { gracePeriodSeconds: 0 })
  }
}

async function setReady(pod: WorkloadPod, ready: boolean): Promise<void> {
  addresses += 1
  const podIP = pod.status?.podIP ?? `10.244.0.${addresses}`
  const lastTransitionTime = new Date().toISOString().replace(/\.\d+/, '')
  const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime }]
  const status = { phase: 'Running', podIP, podIPs: [{ ip: podIP }], conditions }
  await cluster.client.patch(Resource.pod, ref(pod.metadata.name ?? ''), 'merge', { status }, 'status')
}
