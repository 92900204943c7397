/**
 * The parts of kube-controller-manager that a lab cluster needs. Garbage collection, namespaces and service accounts are the API server's.
 */
import { Lifecycle, type Startable } from '../../core/lifecycle.ts'
import type { ControllerDeps } from './controller-deps.ts'
import { daemonSetController } from './daemon-set-controller.ts'
import { deploymentController } from './deployment-controller.ts'
import { endpointSliceController } from './endpoint-slice-controller.ts'
import { replicaSetController } from './replica-set-controller.ts'
import { statefulSetController } from './stateful-set-controller.ts'

export { CONTROLLER_RESOURCES, type ControllerDeps, type ControllerStores } from './controller-deps.ts'

/** Every controller of one cluster. Start it after the stores; work begins when they are synced. */
export function clusterControllers(deps: ControllerDeps): Startable {
  return new Lifecycle([
    endpointSliceController(deps),
    replicaSetController(deps),
    deploymentController(deps),
    statefulSetController(deps),
    daemonSetController(deps),
  ])
}
