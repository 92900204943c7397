import { expect, test } from '@jest/globals'
import { planReplicaSet } from '../../../../src/lab/controllers/replica-set-plan.ts'
import { ago, NOW, pod, replicaSet } from '../../../support/workload-objects.ts'

const names = (pods: readonly { metadata: { name?: string } }[]) => pods.map((each) => each.metadata.name)

test('a ReplicaSet makes the Pods it lacks', () => {
  expect(planReplicaSet(replicaSet('web', 3), [pod('a')], NOW)).toMatchObject({ create: 2, remove: [] })
})

test('Pods that finished or are being deleted are replaced', () => {
  const pods = [pod('a', { phase: 'Failed' }), pod('b', { terminating: true }), pod('c')]
  expect(planReplicaSet(replicaSet('web', 2), pods, NOW)).toMatchObject({ create: 1, remove: [] })
})

test('a surplus is removed in the order unplaced, not ready, cheap, young', () => {
  const cheap = pod('cheap', { created: ago(500) })
  cheap.metadata.annotations = { 'controller.kubernetes.io/pod-deletion-cost': '-1' }
  const unplaced = pod('unplaced', { phase: 'Pending', ready: false })
  delete unplaced.spec?.nodeName
  const pods = [
    pod('old', { created: ago(500) }),
    pod('young'),
    cheap,
    unplaced,
    pod('ill', { ready: false }),
  ]
  const order = [1, 2, 3, 4].map((replicas) =>
    names(planReplicaSet(replicaSet('web', 5 - replicas), pods, NOW).remove).at(-1),
  )
  expect(order).toEqual(['unplaced', 'ill', 'cheap', 'young'])
})

test('a Pod counts as available only after minReadySeconds', () => {
  const set = replicaSet('web', 2)
  set.spec.minReadySeconds = 30
  const pods = [pod('a', { readySeconds: 60 }), pod('b', { readySeconds: 10 })]
  expect(planReplicaSet(set, pods, NOW).status).toEqual({
    replicas: 2,
    fullyLabeledReplicas: 2,
    readyReplicas: 2,
    availableReplicas: 1,
    observedGeneration: 1,
  })
})

test('one pass writes a bounded number of Pods', () => {
  expect(planReplicaSet(replicaSet('web', 100_000), [], NOW).create).toBe(100)
})
