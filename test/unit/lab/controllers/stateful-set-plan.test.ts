import { describe, expect, test } from '@jest/globals'
import { planStatefulSet, statefulPod } from '../../../../src/lab/controllers/stateful-set-plan.ts'
import type { StatefulSet, WorkloadPod } from '../../../../src/lab/controllers/workloads.ts'
import { NOW, pod, statefulSet, template } from '../../../support/workload-objects.ts'

const revision = (set: StatefulSet) => planStatefulSet(set, [], NOW).status.updateRevision ?? ''
const running = (set: StatefulSet, ordinal: number, options = {}): WorkloadPod => {
  const made = pod(`db-${ordinal}`, options)
  made.metadata.labels = { ...statefulPod(set, ordinal, revision(set)).metadata.labels }
  return made
}
const step = (set: StatefulSet, pods: WorkloadPod[]) => {
  const { create, remove } = planStatefulSet(set, pods, NOW)
  return {
    create: create.map((each) => each.metadata.name),
    remove: remove.map((each) => each.metadata.name),
  }
}

test('a Pod has a stable name, host name, subdomain and labels', () => {
  const set = statefulSet()
  expect(planStatefulSet(set, [], NOW).create[0]).toMatchObject({
    metadata: {
      name: 'db-0',
      labels: {
        app: 'web',
        'statefulset.kubernetes.io/pod-name': 'db-0',
        'apps.kubernetes.io/pod-index': '0',
        'controller-revision-hash': revision(set),
      },
      ownerReferences: [{ kind: 'StatefulSet', name: 'db', controller: true }],
    },
    spec: { hostname: 'db-0', subdomain: 'db' },
  })
})

describe('in order', () => {
  test('each Pod waits for the one before it', () => {
    const set = statefulSet()
    expect(step(set, [])).toEqual({ create: ['db-0'], remove: [] })
    expect(step(set, [running(set, 0, { ready: false })])).toEqual({ create: [], remove: [] })
    expect(step(set, [running(set, 0)])).toEqual({ create: ['db-1'], remove: [] })
  })

  test('the highest number is removed first, and only when all others are healthy', () => {
    const set = statefulSet({ replicas: 1 })
    const pods = [running(set, 0), running(set, 1), running(set, 2)]
    expect(step(set, pods)).toEqual({ create: [], remove: ['db-2'] })
    expect(step(set, [running(set, 0), running(set, 1), running(set, 2, { terminating: true })])).toEqual({
      create: [],
      remove: [],
    })
    expect(step(set, [running(set, 0, { ready: false }), running(set, 1)])).toEqual({
      create: [],
      remove: [],
    })
  })

  test('numbers may start elsewhere than at zero', () => {
    expect(step(statefulSet({ ordinals: { start: 5 } }), [])).toEqual({ create: ['db-5'], remove: [] })
  })
})

test('Parallel makes and removes all at once', () => {
  const set = statefulSet({ podManagementPolicy: 'Parallel' })
  expect(step(set, [])).toEqual({ create: ['db-0', 'db-1', 'db-2'], remove: [] })
  const fewer = statefulSet({ podManagementPolicy: 'Parallel', replicas: 0 })
  expect(step(fewer, [running(set, 0), running(set, 1)])).toEqual({ create: [], remove: ['db-1', 'db-0'] })
})

test('a Pod that finished is removed so that it can come back', () => {
  const set = statefulSet()
  expect(step(set, [running(set, 0, { phase: 'Failed', ready: false })])).toEqual({
    create: [],
    remove: ['db-0'],
  })
})

describe('a new template', () => {
  const before = statefulSet()
  const after = statefulSet({ template: template('b') })

  test('replaces one Pod at a time from the highest number down', () => {
    const old = [0, 1, 2].map((ordinal) => running(before, ordinal))
    expect(step(after, old)).toEqual({ create: [], remove: ['db-2'] })
    const half = [running(before, 0), running(before, 1), running(after, 2, { ready: false })]
    expect(step(after, half)).toEqual({ create: [], remove: [] })
    expect(step(after, [running(before, 0), running(before, 1), running(after, 2)])).toEqual({
      create: [],
      remove: ['db-1'],
    })
  })

  test('leaves Pods below the partition alone', () => {
    const set = statefulSet({
      template: template('b'),
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } },
    })
    expect(step(set, [running(before, 0), running(before, 1), running(set, 2)])).toEqual({
      create: [],
      remove: [],
    })
  })

  test('waits for the user with OnDelete', () => {
    const set = statefulSet({ template: template('b'), updateStrategy: { type: 'OnDelete' } })
    expect(
      step(
        set,
        [0, 1, 2].map((ordinal) => running(before, ordinal)),
      ),
    ).toEqual({ create: [], remove: [] })
  })

  test('becomes the current revision when every Pod has it', () => {
    const updating = { ...after, status: { replicas: 3, currentRevision: revision(before) } }
    const mixed = [running(before, 0), running(before, 1), running(after, 2)]
    expect(planStatefulSet(updating, mixed, NOW).status).toMatchObject({
      currentRevision: revision(before),
      updateRevision: revision(after),
      currentReplicas: 2,
      updatedReplicas: 1,
    })
    const done = [0, 1, 2].map((ordinal) => running(after, ordinal))
    expect(planStatefulSet(updating, done, NOW).status.currentRevision).toBe(revision(after))
  })
})
