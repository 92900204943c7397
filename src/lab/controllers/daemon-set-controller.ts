/**
 * DaemonSet -> one Pod per node.
 */
import type { Startable } from '../../core/lifecycle.ts'
import { source } from '../../kube/reconciler.ts'
import { type ControllerDeps, keyOf, refFromKey } from './controller-deps.ts'
import { planDaemonSet } from './daemon-set-plan.ts'
import { nextAvailableIn } from './pod-state.ts'
import { PodWrites } from './pod-writes.ts'
import { writeStatus } from './status-write.ts'
import { ownerKeys, ownKeys, WorkloadController } from './workload-controller.ts'
import { DAEMON_SET } from './workloads.ts'

/** Keeps each DaemonSet's Pod on every node it selects. */
export function daemonSetController(deps: ControllerDeps): Startable {
  const { stores, client, clock } = deps
  const pods = new PodWrites(deps)
  const allSets = () =>
    stores.daemonSets.list().map((set) => keyOf(set.metadata.namespace, set.metadata.name))
  return new WorkloadController(deps, {
    name: 'daemon-set-controller',
    sources: [ownKeys(stores.daemonSets), ownerKeys(stores.pods, DAEMON_SET), source(stores.nodes, allSets)],
    close: () => pods.close(),
    async reconcile(key) {
      const set = stores.daemonSets.get(refFromKey(key))
      if (set === undefined || set.metadata.deletionTimestamp !== undefined) return undefined
      const nodes = stores.nodes.list()
      const { create, remove } = planDaemonSet(set, pods.of(set), nodes, clock.now())
      await pods.remove(remove)
      await pods.create(create)
      const present = pods.of(set)
      await writeStatus(client, DAEMON_SET, set, planDaemonSet(set, present, nodes, clock.now()).status)
      return nextAvailableIn(present, set.spec.minReadySeconds ?? 0, clock.now())
    },
  })
}
