import { expect, test } from '@jest/globals'
import { planDaemonSet } from '../../../../src/lab/controllers/daemon-set-plan.ts'
import type { ClusterNode, DaemonSet, WorkloadPod } from '../../../../src/lab/controllers/workloads.ts'
import { daemonSet, NOW, pod, template } from '../../../support/workload-objects.ts'

const node = (name: string, labels = {}): ClusterNode => ({ metadata: { name, labels } })
const on = (set: DaemonSet, nodeName: string, options = {}): WorkloadPod => {
  const hash = planDaemonSet(set, [], [node('x')], NOW).create[0]?.metadata.labels
  return {
    ...pod(`agent-${nodeName}`, { ...options, spec: { nodeName } }),
    metadata: {
      ...pod(`agent-${nodeName}`, options).metadata,
      labels: { ...hash },
    },
  }
}
const step = (set: DaemonSet, pods: WorkloadPod[], nodes: ClusterNode[]) => {
  const { create, remove } = planDaemonSet(set, pods, nodes, NOW)
  return {
    create: create.map((each) => each.spec?.nodeName),
    remove: remove.map((each) => each.metadata.name),
  }
}

test('every node without a Pod gets one', () => {
  const set = daemonSet()
  expect(step(set, [on(set, 'a')], [node('a'), node('b')])).toEqual({ create: ['b'], remove: [] })
})

test('the node selector of the template is honoured', () => {
  const set = daemonSet({ template: { ...template(), spec: { nodeSelector: { disk: 'ssd' } } } })
  expect(step(set, [on(set, 'b')], [node('a', { disk: 'ssd' }), node('b')])).toEqual({
    create: ['a'],
    remove: ['agent-b'],
  })
})

test('a node waits for its old Pod to be gone', () => {
  const set = daemonSet()
  expect(step(set, [on(set, 'a', { terminating: true })], [node('a')])).toEqual({ create: [], remove: [] })
})

test('a new template replaces as many Pods as may be unavailable', () => {
  const before = daemonSet()
  const after = daemonSet({ template: template('b') })
  const nodes = [node('a'), node('b'), node('c')]
  expect(step(after, [on(before, 'a'), on(before, 'b'), on(after, 'c')], nodes).remove).toHaveLength(1)
  const busy = [on(before, 'a'), on(before, 'b'), on(after, 'c', { ready: false })]
  expect(step(after, busy, nodes)).toEqual({ create: [], remove: [] })
})

test('the status counts what kubectl rollout status reads', () => {
  const set = daemonSet()
  expect(planDaemonSet(set, [on(set, 'a'), on(set, 'gone')], [node('a'), node('b')], NOW).status).toEqual({
    observedGeneration: 1,
    desiredNumberScheduled: 2,
    currentNumberScheduled: 1,
    numberMisscheduled: 1,
    numberReady: 1,
    updatedNumberScheduled: 1,
    numberAvailable: 1,
    numberUnavailable: 1,
  })
})
