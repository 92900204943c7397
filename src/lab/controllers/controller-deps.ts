/**
 * What every controller of the lab is given: a client, the watched stores, time and a log.
 */
import type { EndpointSlice, KubeObject, Service } from '../../api/objects.ts'
import { Resource, type ResourceType } from '../../api/resources.ts'
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/log.ts'
import type { KubeClient, ObjectRef, Store } from '../../kube/types.ts'
import {
  type ClusterNode,
  DAEMON_SET,
  type DaemonSet,
  type Deployment,
  type ReplicaSet,
  type StatefulSet,
  type WorkloadPod,
} from './workloads.ts'

/** Watched copies of everything the controllers read, all namespaces. */
export interface ControllerStores {
  readonly deployments: Store<Deployment>
  readonly replicaSets: Store<ReplicaSet>
  readonly statefulSets: Store<StatefulSet>
  readonly daemonSets: Store<DaemonSet>
  readonly pods: Store<WorkloadPod>
  readonly nodes: Store<ClusterNode>
  readonly services: Store<Service>
  readonly endpointSlices: Store<EndpointSlice>
}

/** The resource behind each store, for whoever starts the watches. */
export const CONTROLLER_RESOURCES: Readonly<Record<keyof ControllerStores, ResourceType>> = {
  deployments: Resource.deployment,
  replicaSets: Resource.replicaSet,
  statefulSets: Resource.statefulSet,
  daemonSets: DAEMON_SET,
  pods: Resource.pod,
  nodes: Resource.node,
  services: Resource.service,
  endpointSlices: Resource.endpointSlice,
}

export interface ControllerDeps {
  readonly client: KubeClient
  readonly stores: ControllerStores
  readonly clock: Clock
  readonly log: Logger
}

/** Where a namespaced object is. */
export function refOf(object: KubeObject): ObjectRef {
  const { namespace = 'default', name = '' } = object.metadata
  return { namespace, name }
}

/** Work-queue keys of namespaced objects. */
export function keyOf(namespace: string | undefined, name: string | undefined): string {
  return `${namespace ?? 'default'}/${name ?? ''}`
}

/** The way back from `keyOf`. */
export function refFromKey(key: string): { namespace: string; name: string } {
  const slash = key.indexOf('/')
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}
