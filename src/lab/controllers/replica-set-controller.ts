/**
 * ReplicaSet -> Pods.
 */
import { Resource } from '../../api/resources.ts'
import type { Startable } from '../../core/lifecycle.ts'
import { type ControllerDeps, refFromKey } from './controller-deps.ts'
import { nextAvailableIn } from './pod-state.ts'
import { podFromTemplate } from './pod-template.ts'
import { PodWrites } from './pod-writes.ts'
import { planReplicaSet } from './replica-set-plan.ts'
import { writeStatus } from './status-write.ts'
import { ownerKeys, ownKeys, WorkloadController } from './workload-controller.ts'

/** Keeps as many Pods as each ReplicaSet wants. */
export function replicaSetController(deps: ControllerDeps): Startable {
  const { stores, client, clock } = deps
  const pods = new PodWrites(deps)
  return new WorkloadController(deps, {
    name: 'replica-set-controller',
    sources: [ownKeys(stores.replicaSets), ownerKeys(stores.pods, Resource.replicaSet)],
    close: () => pods.close(),
    async reconcile(key) {
      const set = stores.replicaSets.get(refFromKey(key))
      if (set === undefined || set.metadata.deletionTimestamp !== undefined) return undefined
      const { create, remove } = planReplicaSet(set, pods.of(set), clock.now())
      const pod = podFromTemplate(set, Resource.replicaSet, set.spec.template)
      await pods.remove(remove)
      await pods.create(Array.from({ length: create }, () => pod))
      const present = pods.of(set)
      await writeStatus(client, Resource.replicaSet, set, planReplicaSet(set, present, clock.now()).status)
      return nextAvailableIn(present, set.spec.minReadySeconds ?? 0, clock.now())
    },
  })
}
