/** The watched copies of a cluster's objects that the parts of a node share: one watch a resource. */
import type { KubeObject } from '../../api/objects.ts'
import { Resource } from '../../api/resources.ts'
import { type Reflected, type ReflectorDeps, reflect } from '../../kube/reflector.ts'
import type { Store } from '../../kube/types.ts'
import { CONTROLLER_RESOURCES, type ControllerStores } from '../controllers/cluster-controllers.ts'
import type { ConfigMap, LabPod, Secret } from '../kubelet/pod.ts'

export interface NodeWatches {
  readonly stores: ControllerStores
  readonly pods: Store<LabPod>
  readonly configMaps: Store<ConfigMap>
  readonly secrets: Store<Secret>
  /** All of them, to be started and stopped. */
  readonly all: readonly Reflected<KubeObject>[]
}

/** Not started yet. */
export function nodeWatches(deps: ReflectorDeps): NodeWatches {
  const all: Reflected<KubeObject>[] = []
  const watch = <T extends KubeObject>(name: keyof typeof CONTROLLER_RESOURCES): Reflected<T> => {
    const store = reflect<T>(deps, CONTROLLER_RESOURCES[name])
    all.push(store as unknown as Reflected<KubeObject>)
    return store
  }
  // The kubelet reads more of a Pod than the controllers do; it is the same object.
  const pods = watch<LabPod & ReturnType<ControllerStores['pods']['list']>[number]>('pods')
  const stores: ControllerStores = {
    deployments: watch('deployments'),
    replicaSets: watch('replicaSets'),
    statefulSets: watch('statefulSets'),
    daemonSets: watch('daemonSets'),
    pods,
    nodes: watch('nodes'),
    services: watch('services'),
    endpointSlices: watch('endpointSlices'),
  }
  const configMaps = reflect<ConfigMap>(deps, Resource.configMap)
  const secrets = reflect<Secret>(deps, Resource.secret)
  return { stores, pods, configMaps, secrets, all: [...all, configMaps, secrets] }
}
