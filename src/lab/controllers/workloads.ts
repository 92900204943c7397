/**
 * The workload kinds of apps/v1 and the parts of Pods and Nodes that the controllers read. Shapes are those of the Kubernetes API.
 */
import type { Condition, KubeObject, OwnerReference } from '../../api/objects.ts'
import { apiVersion, type ResourceType } from '../../api/resources.ts'

/** Which Pods a workload owns; ownership itself is by reference, so the expressions are only carried along. */
export interface LabelSelector {
  matchLabels?: Record<string, string>
  matchExpressions?: unknown[]
}

export interface ContainerPort {
  name?: string
  containerPort: number
  protocol?: string
}

export interface PodSpec {
  nodeName?: string
  nodeSelector?: Record<string, string>
  hostname?: string
  subdomain?: string
  hostNetwork?: boolean
  containers?: { name: string; ports?: ContainerPort[] }[]
  volumes?: { name: string }[]
}

export interface PodCondition {
  type: string
  status: string
  lastTransitionTime?: string
}

/** A Pod as the controllers see it; the rest of its spec is carried along untouched. */
export interface WorkloadPod extends KubeObject {
  spec?: PodSpec
  status?: {
    phase?: string
    podIP?: string
    podIPs?: { ip: string }[]
    conditions?: PodCondition[]
    containerStatuses?: { restartCount?: number }[]
  }
}

export interface PodTemplate {
  metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> }
  spec: PodSpec
}

/** An integer, or a percentage of the replicas such as `25%`. */
export type IntOrPercent = number | string

/** Deployment conditions carry a lastUpdateTime that metav1.Condition has not. */
export interface DeploymentCondition extends Condition {
  lastUpdateTime: string
}

export interface DeploymentStatus {
  observedGeneration?: number
  replicas?: number
  updatedReplicas?: number
  readyReplicas?: number
  availableReplicas?: number
  unavailableReplicas?: number
  conditions?: DeploymentCondition[]
}

export interface Deployment extends KubeObject {
  spec: {
    replicas?: number
    selector: LabelSelector
    template: PodTemplate
    strategy?: {
      type?: 'RollingUpdate' | 'Recreate'
      rollingUpdate?: { maxSurge?: IntOrPercent; maxUnavailable?: IntOrPercent }
    }
    minReadySeconds?: number
    revisionHistoryLimit?: number
    progressDeadlineSeconds?: number
    paused?: boolean
  }
  status?: DeploymentStatus
}

export interface ReplicaSetStatus {
  replicas: number
  fullyLabeledReplicas?: number
  readyReplicas?: number
  availableReplicas?: number
  observedGeneration?: number
}

export interface ReplicaSet extends KubeObject {
  spec: { replicas?: number; selector: LabelSelector; template: PodTemplate; minReadySeconds?: number }
  status?: ReplicaSetStatus
}

export interface StatefulSetStatus {
  observedGeneration?: number
  replicas: number
  readyReplicas?: number
  availableReplicas?: number
  currentReplicas?: number
  updatedReplicas?: number
  currentRevision?: string
  updateRevision?: string
}

export interface StatefulSet extends KubeObject {
  spec: {
    replicas?: number
    serviceName?: string
    selector: LabelSelector
    template: PodTemplate
    podManagementPolicy?: 'OrderedReady' | 'Parallel'
    updateStrategy?: { type?: 'RollingUpdate' | 'OnDelete'; rollingUpdate?: { partition?: number } }
    minReadySeconds?: number
    ordinals?: { start?: number }
  }
  status?: StatefulSetStatus
}

export interface DaemonSetStatus {
  observedGeneration?: number
  currentNumberScheduled: number
  desiredNumberScheduled: number
  numberMisscheduled: number
  numberReady: number
  updatedNumberScheduled?: number
  numberAvailable?: number
  numberUnavailable?: number
}

export interface DaemonSet extends KubeObject {
  spec: {
    selector: LabelSelector
    template: PodTemplate
    minReadySeconds?: number
    updateStrategy?: {
      type?: 'RollingUpdate' | 'OnDelete'
      rollingUpdate?: { maxUnavailable?: IntOrPercent }
    }
  }
  status?: DaemonSetStatus
}

/** The part of a Node that DaemonSets look at: its labels. */
export type ClusterNode = KubeObject

/** Only the lab's controllers deal with DaemonSets. */
export const DAEMON_SET: ResourceType = {
  group: 'apps',
  version: 'v1',
  plural: 'daemonsets',
  kind: 'DaemonSet',
  namespaced: true,
}

/** The reference a dependent carries to the one controller that owns it. */
export function controllerReference(owner: KubeObject, type: ResourceType): OwnerReference {
  return {
    apiVersion: apiVersion(type),
    kind: type.kind,
    name: owner.metadata.name ?? '',
    uid: owner.metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  }
}

/** The owner reference marked as controller, if there is one. */
export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((reference) => reference.controller === true)
}

/** True when `owner` is the controller of `object`; compared by uid, so a namesake made later owns nothing. */
export function isControlledBy(object: KubeObject, owner: KubeObject): boolean {
  return owner.metadata.uid !== undefined && controllerOf(object)?.uid === owner.metadata.uid
}
