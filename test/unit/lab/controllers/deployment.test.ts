import { describe, expect, test } from '@jest/globals'
import {
  draftReplicaSet,
  forgettable,
  revisionHistory,
} from '../../../../src/lab/controllers/deployment-revisions.ts'
import { rolloutBounds, scaleRollout } from '../../../../src/lab/controllers/deployment-scale.ts'
import { deploymentStatus, progressDeadlineIn } from '../../../../src/lab/controllers/deployment-status.ts'
import type { Deployment, ReplicaSet } from '../../../../src/lab/controllers/workloads.ts'
import { ago, deployment, NOW, replicaSet, runningSet, template } from '../../../support/workload-objects.ts'

const noPods = () => 0
const scaled = (target: Deployment, current: ReplicaSet, ...old: ReplicaSet[]) =>
  Object.fromEntries(scaleRollout(target, current, old, noPods))

describe('bounds of a rollout', () => {
  test.each([
    [4, undefined, undefined, 5, 3],
    [1, undefined, undefined, 2, 1],
    [10, '30%', '15%', 13, 9],
    [2, 0, 0, 2, 1],
    [3, 2, 1, 5, 2],
  ])(
    '%s replicas, surge %s, unavailable %s',
    (replicas, maxSurge, maxUnavailable, maxTotal, minAvailable) => {
      const rollingUpdate = {
        ...(maxSurge !== undefined && { maxSurge }),
        ...(maxUnavailable !== undefined && { maxUnavailable }),
      }
      const target = deployment({ replicas, strategy: { type: 'RollingUpdate', rollingUpdate } })
      expect(rolloutBounds(target)).toEqual({ replicas, maxTotal, minAvailable })
    },
  )
})

describe('rolling update', () => {
  test('the first ReplicaSet starts at full size', () => {
    expect(scaled(deployment(), replicaSet('new', 0))).toEqual({ new: 3 })
  })

  test('the new set grows by the surge first', () => {
    expect(scaled(deployment(), replicaSet('new', 0), runningSet('old', 3))).toEqual({ new: 1 })
  })

  test('an old set shrinks once the new Pod is available', () => {
    expect(scaled(deployment(), runningSet('new', 1), runningSet('old', 3))).toEqual({ old: 2 })
  })

  test('no old Pod goes while the new one is not available', () => {
    expect(scaled(deployment(), runningSet('new', 1, 0), runningSet('old', 3))).toEqual({})
  })

  test('unavailable old Pods go before available ones', () => {
    const sets = [runningSet('healthy', 2), runningSet('ill', 1, 0)]
    expect(scaled(deployment(), runningSet('new', 1), ...sets)).toEqual({ ill: 0 })
  })

  test('it ends with everything in the new set', () => {
    expect(simulate(deployment({ replicas: 5 }), runningSet('old', 5))).toEqual({ new: 5, old: 0 })
  })

  test('scaling up and down in the middle of a rollout ends right too', () => {
    expect(simulate(deployment({ replicas: 2 }), runningSet('old', 5))).toEqual({ new: 2, old: 0 })
    expect(simulate(deployment({ replicas: 9 }), runningSet('old', 5))).toEqual({ new: 9, old: 0 })
  })
})

describe('other ways to roll out', () => {
  test('Recreate waits until the last old Pod is gone', () => {
    const target = deployment({ strategy: { type: 'Recreate' } })
    expect(scaled(target, replicaSet('new', 0), runningSet('old', 3))).toEqual({ old: 0 })
    expect(
      Object.fromEntries(scaleRollout(target, replicaSet('new', 0), [runningSet('old', 0)], () => 1)),
    ).toEqual({})
    expect(scaled(target, replicaSet('new', 0), runningSet('old', 0))).toEqual({ new: 3 })
  })

  test('a paused Deployment only follows replicas', () => {
    const target = deployment({ paused: true, replicas: 5 })
    expect(scaled(target, replicaSet('new', 0), runningSet('old', 3))).toEqual({ old: 5 })
    expect(scaled(target, runningSet('new', 1), runningSet('old', 3))).toEqual({})
  })
})

describe('history', () => {
  test('the same template finds its set again, and becomes the newest revision', () => {
    const first = draftReplicaSet(deployment(), 1)
    const second = draftReplicaSet(deployment({ template: template('b') }), 2)
    const history = revisionHistory(deployment(), [first, second])
    expect(history.current).toBe(first)
    expect(history.revision).toBe(3)
  })

  test('the hash does not depend on the order of keys', () => {
    const a = deployment({ template: { metadata: { labels: { x: '1', y: '2' } }, spec: {} } })
    const b = deployment({ template: { spec: {}, metadata: { labels: { y: '2', x: '1' } } } })
    expect(draftReplicaSet(a, 1).metadata.name).toBe(draftReplicaSet(b, 1).metadata.name)
  })

  test('only empty sets beyond the limit are forgotten, oldest first', () => {
    const old = [replicaSet('r1', 0), replicaSet('r2', 1), replicaSet('r3', 0)]
    const names = forgettable(deployment({ revisionHistoryLimit: 1 }), old).map((set) => set.metadata.name)
    expect(names).toEqual(['r1'])
  })
})

describe('status', () => {
  test('a complete rollout is Available and says NewReplicaSetAvailable', () => {
    const current = runningSet('new', 3)
    expect(deploymentStatus(deployment(), current, [current], NOW)).toMatchObject({
      observedGeneration: 1,
      replicas: 3,
      updatedReplicas: 3,
      availableReplicas: 3,
      unavailableReplicas: 0,
      conditions: [
        { type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable' },
        { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' },
      ],
    })
  })

  test('an unchanged status keeps its times, so that nothing is written', () => {
    const current = runningSet('new', 3)
    const target = deployment()
    target.status = deploymentStatus(target, current, [current], NOW - 60_000)
    expect(deploymentStatus(target, current, [current], NOW)).toEqual(target.status)
  })

  test('a rollout that stands still past its deadline says so, once it is due', () => {
    const current = runningSet('new', 3, 1)
    const target = deployment({ progressDeadlineSeconds: 60 })
    target.status = deploymentStatus(target, current, [current], NOW - 61_000)
    expect(progressDeadlineIn(target, NOW - 11_000)).toBe(10_000)
    expect(deploymentStatus(target, current, [current], NOW).conditions?.[1]).toMatchObject({
      type: 'Progressing',
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
      lastTransitionTime: '2026-01-01T00:10:00Z',
    })
    expect(ago(0)).toBe('2026-01-01T00:10:00.000Z')
  })
})

/** Plays a rollout in which every Pod becomes available at once; checks the bounds at each step. */
function simulate(target: Deployment, old: ReplicaSet): Record<string, number> {
  const sizes: Record<string, number> = { new: 0, old: old.spec.replicas ?? 0 }
  const bounds = rolloutBounds(target)
  for (let step = 0; step < 100; step++) {
    const scaling = scaled(target, runningSet('new', sizes['new'] ?? 0), runningSet('old', sizes['old'] ?? 0))
    if (Object.keys(scaling).length === 0) return sizes
    Object.assign(sizes, scaling)
    const total = Object.values(sizes).reduce((sum, size) => sum + size)
    expect(total).toBeLessThanOrEqual(Math.max(bounds.maxTotal, old.spec.replicas ?? 0))
    expect(total).toBeGreaterThanOrEqual(Math.min(bounds.minAvailable, old.spec.replicas ?? 0))
  }
  throw new Error('the rollout does not end')
}
