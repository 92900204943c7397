/**
 * StatefulSet -> Pods with stable names.
 */
import { Resource } from '../../api/resources.ts'
import type { Startable } from '../../core/lifecycle.ts'
import { type ControllerDeps, refFromKey } from './controller-deps.ts'
import { nextAvailableIn } from './pod-state.ts'
import { PodWrites } from './pod-writes.ts'
import { planStatefulSet } from './stateful-set-plan.ts'
import { writeStatus } from './status-write.ts'
import { ownerKeys, ownKeys, WorkloadController } from './workload-controller.ts'

/** Walks each StatefulSet towards its spec, a step at a time. */
export function statefulSetController(deps: ControllerDeps): Startable {
  const { stores, client, clock } = deps
  const pods = new PodWrites(deps)
  return new WorkloadController(deps, {
    name: 'stateful-set-controller',
    sources: [ownKeys(stores.statefulSets), ownerKeys(stores.pods, Resource.statefulSet)],
    close: () => pods.close(),
    async reconcile(key) {
      const set = stores.statefulSets.get(refFromKey(key))
      if (set === undefined || set.metadata.deletionTimestamp !== undefined) return undefined
      const { create, remove } = planStatefulSet(set, pods.of(set), clock.now())
      await pods.remove(remove)
      await pods.create(create)
      const present = pods.of(set)
      await writeStatus(client, Resource.statefulSet, set, planStatefulSet(set, present, clock.now()).status)
      return nextAvailableIn(present, set.spec.minReadySeconds ?? 0, clock.now())
    },
  })
}
