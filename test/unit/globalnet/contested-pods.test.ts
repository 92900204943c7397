/** Which GlobalEgressIPs lose pods to an older one, as pods come and go, and whose pods are watched for that. */
import { setImmediate } from 'node:timers/promises'
import { beforeEach, expect, test } from '@jest/globals'
import type { GlobalEgressIP, PodSelector } from '../../../src/api/globalnet.ts'
import { contestedNamespaces, type SelectablePod } from '../../../src/globalnet/contested-pods.ts'
import { egressPool } from '../../../src/globalnet/egress-choice.ts'
import { EgressConflicts } from '../../../src/globalnet/egress-conflicts.ts'
import { CONTESTED_NAMESPACES_MAX } from '../../../src/globalnet/limits.ts'
import { ObjectStore } from '../../../src/kube/store.ts'

const egress = (name: string, podSelector?: PodSelector, namespace = 'demo', second = 0): GlobalEgressIP => ({
  metadata: {
    name,
    namespace,
    creationTimestamp: `2026-01-01T00:00:0${second}Z`,
  },
  spec: podSelector === undefined ? {} : { podSelector },
})
const older = egress('z-older', { matchLabels: { app: 'web' } })
const younger = egress('a-younger', { matchExpressions: [{ key: 'tier', operator: 'Exists' }] }, 'demo', 5)
const wide = egress('wide')

const pod = (name: string, labels: Record<string, string>, isOutside = false): SelectablePod => ({
  metadata: { name, namespace: 'demo', uid: name, resourceVersion: '1', labels },
  isOutside,
})

class Pods extends ObjectStore<SelectablePod> {
  running = false

  async start(): Promise<void> {
    this.running = true
  }

  async stop(): Promise<void> {
    this.running = false
  }
}

let stores: Map<string, Pods>
let changes: number
let conflicts: EgressConflicts
beforeEach(() => {
  stores = new Map()
  changes = 0
  conflicts = new EgressConflicts(
    (namespace) => {
      const store = new Pods({}, (error) => {
        throw error
      })
      stores.set(namespace, store)
      return store
    },
    () => {
      changes += 1
    },
  )
})

const running = () => [...stores].filter(([, each]) => each.running).map(([namespace]) => namespace)
const found = (objects: readonly GlobalEgressIP[]) => objects.map(conflicts.among(objects))

test('only pods of namespaces where several have selectors are watched, and no longer than that', async () => {
  const elsewhere = [egress('one', {}, 'x'), egress('all', undefined, 'x')]
  expect(found([older, wide, ...elsewhere])).toEqual(['none', 'none', 'none', 'none'])
  expect(running()).toEqual([])
  found([older, younger, ...elsewhere])
  expect(running()).toEqual(['demo'])
  found([older])
  expect(running()).toEqual([])
  found([older, younger])
  await conflicts.stop()
  expect(running()).toEqual([])
})

test('nothing is known of selectors before their pods are, and all of what has none', async () => {
  const second = egress('second', undefined, 'demo', 3)
  expect(found([older, younger, wide, second])).toMatchObject(['unknown', 'unknown', 'none', { to: 'wide' }])
  stores.get('demo')?.replace([])
  await setImmediate()
  expect(changes).toBeGreaterThan(0)
  expect(found([older, younger])).toEqual(['none', 'none'])
})

test('the younger loses the pods that both select, as long as there are any', () => {
  found([older, younger])
  const store = stores.get('demo')
  store?.replace([pod('web-0', { app: 'web' }), pod('db-0', { tier: 'back' })])
  expect(found([older, younger])).toEqual(['none', 'none'])
  const before = changes
  store?.put(pod('web-1', { app: 'web', tier: 'front' }))
  expect(changes).toBe(before + 1)
  const lost = { namespace: 'demo', name: 'a-younger', to: 'z-older', pods: ['web-1'] }
  expect(found([older, younger])).toEqual(['none', lost])
  store?.remove(pod('web-1', {}))
  expect(found([older, younger])).toEqual(['none', 'none'])
})

test('a pod with the network of its node is in the way of nobody', () => {
  found([older, younger])
  stores.get('demo')?.replace([pod('web-1', { app: 'web', tier: 'front' }, true)])
  expect(found([older, younger])).toEqual(['none', 'none'])
})

test('as many namespaces are watched as there is room for', () => {
  const pools = Array.from({ length: CONTESTED_NAMESPACES_MAX + 2 }, (_, at) =>
    ['a', 'b'].map((name) => egressPool(egress(name, {}, `ns-${at}`))),
  ).flat()
  expect(contestedNamespaces(pools).size).toBe(CONTESTED_NAMESPACES_MAX)
})
