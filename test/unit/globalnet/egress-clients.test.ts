import { expect, test } from '@jest/globals'
import type { LabelledClient } from '../../../src/api/client-identity.ts'
import type { GlobalEgressIP, GlobalIngressIP, GlobalNetwork } from '../../../src/api/globalnet.ts'
import type { KubeObject } from '../../../src/api/objects.ts'
import { EgressClients } from '../../../src/globalnet/egress-clients.ts'
import { PLAN_PAUSE_MS } from '../../../src/globalnet/limits.ts'
import { ObjectStore } from '../../../src/kube/store.ts'
import { FakeClock } from '../../support/fake-clock.ts'

function storeOf<T extends KubeObject>(...objects: T[]): ObjectStore<T> {
  const store = new ObjectStore<T>({}, (error) => {
    throw error
  })
  store.replace(objects)
  return store
}

const PODS: Readonly<Record<string, LabelledClient>> = {
  '10.0.0.1': { namespace: 'demo', pod: 'web-1', serviceAccount: 'web', labels: { app: 'web' } },
  '10.0.0.2': { namespace: 'demo', pod: 'db-0', serviceAccount: 'db', labels: { app: 'db' } },
  '10.0.0.3': { namespace: 'other', pod: 'job', serviceAccount: 'default' },
}

const egress = (name: string, ips: string[], app?: string): GlobalEgressIP => ({
  metadata: { name, namespace: 'demo', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: app === undefined ? {} : { podSelector: { matchLabels: { app } } },
  status: { allocatedIPs: ips },
})

async function clients() {
  const networks = storeOf<GlobalNetwork>({
    metadata: { name: 'cluster' },
    status: { egressIPs: ['242.1.0.9'] },
  })
  const pools = storeOf<GlobalEgressIP>()
  const ingress = storeOf<GlobalIngressIP>({
    metadata: { name: 'db-0.db', namespace: 'demo' },
    spec: { target: { kind: 'Endpoint', service: 'db', endpoint: 'db-0' } },
    status: { allocatedIP: '242.1.0.5', endpoint: { address: '10.0.0.2', ports: [] } },
  })
  const clock = new FakeClock()
  const found = new EgressClients({
    stores: { networks, egress: pools, ingress },
    pods: { find: (address) => PODS[address] },
    clock,
  })
  await found.start()
  return { found, networks, pools, clock }
}

test('a pod has the address of what says most about it, and everybody else that of the cluster', async () => {
  const { found, pools, clock } = await clients()
  expect(found.find('10.0.0.1')).toEqual({
    namespace: 'demo',
    pod: 'web-1',
    serviceAccount: 'web',
    globalAddress: '242.1.0.9',
  })
  expect(found.find('10.0.0.2')?.globalAddress).toBe('242.1.0.5')
  expect(found.find('192.168.1.1')).toBeUndefined()
  expect(found.globalAddressOf('192.168.1.1')).toBe('242.1.0.9')
  pools.replace([egress('all', ['242.1.0.20']), egress('databases', ['242.1.0.30'], 'db')])
  await clock.advance(PLAN_PAUSE_MS)
  expect(Object.keys(PODS).map((address) => found.find(address)?.globalAddress)).toEqual([
    '242.1.0.20',
    '242.1.0.30',
    '242.1.0.9',
  ])
})

test('without a GlobalNetwork nobody has one', async () => {
  const { found, networks, clock } = await clients()
  networks.replace([])
  await clock.advance(PLAN_PAUSE_MS)
  expect(found.find('10.0.0.1')).toEqual({ namespace: 'demo', pod: 'web-1', serviceAccount: 'web' })
  expect(found.globalAddressOf('10.0.0.1')).toBeUndefined()
})
