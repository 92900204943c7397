import { expect, test } from '@jest/globals'
import { isOnEveryNode, isRolledOut } from '../../../src/cli/install/rollout.ts'

const metadata = { name: 'fairlead-router', generation: 3 }
const done = {
  observedGeneration: 3,
  replicas: 2,
  updatedReplicas: 2,
  readyReplicas: 2,
  availableReplicas: 2,
}

test.each([
  ['all pods are new and available', done, true],
  ['the controller has not seen the change', { ...done, observedGeneration: 2 }, false],
  ['an old pod is still there', { ...done, replicas: 3 }, false],
  ['a new pod is missing', { ...done, updatedReplicas: 1, replicas: 1 }, false],
  ['a pod is not available', { ...done, availableReplicas: 1 }, false],
  ['nothing is known', undefined, false],
])('%s', (_, status, rolledOut) => {
  expect(isRolledOut({ metadata, spec: { replicas: 2 }, ...(status === undefined ? {} : { status }) })).toBe(
    rolledOut,
  )
})

test('a DaemonSet is rolled out when every node has an available pod of the present template', () => {
  const status = {
    observedGeneration: 2,
    desiredNumberScheduled: 3,
    updatedNumberScheduled: 3,
    numberAvailable: 3,
  }
  const daemonSet = { metadata: { generation: 2 }, status }
  expect(isOnEveryNode(daemonSet)).toBe(true)
  expect(isOnEveryNode({ ...daemonSet, status: { ...status, observedGeneration: 1 } })).toBe(false)
  expect(isOnEveryNode({ ...daemonSet, status: { ...status, updatedNumberScheduled: 2 } })).toBe(false)
  expect(isOnEveryNode({ ...daemonSet, status: { ...status, numberAvailable: 2 } })).toBe(false)
})
