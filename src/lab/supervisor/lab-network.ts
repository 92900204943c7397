/** What the supervisor needs of the networks of a lab, whether they are real or made believe. */
import type { ClientPod, CutPod, SlowPath } from '../control/protocol.ts'
import type { PathShape } from '../slow/path-shape.ts'
import type { ClusterPlan } from '../topology.ts'

/** Which client pod is wanted. */
export interface ClientPodRequest {
  readonly namespace: string
  readonly node?: string | undefined
}

/** Client pods of `lab exec` in one cluster. */
export interface ClientSource {
  /** Pods that live now. */
  readonly count: number
  /** Makes a pod that lives until `gone` aborts, on the node of that name or on the first. */
  create(request: ClientPodRequest, gone: AbortSignal): Promise<ClientPod>
}

/** Separating clusters from each other. */
export interface CutControl {
  list(): readonly (readonly [string, string])[]
  change(action: 'cut' | 'heal', names: readonly [string, string]): Promise<void>
  /** Resets open TCP connections between a cluster and another, or all others. */
  reset(name: string, peer: string | undefined): Promise<void>
}

/** Separating single pods from other clusters and from the other pods of their own. */
export interface PodCutControl {
  list(): readonly CutPod[]
  /** `pod` is a name, or a namespace and a name. */
  cut(cluster: string, pod: string): Promise<void>
  heal(cluster: string, pod: string): Promise<void>
}

/** Delay and loss between two clusters. */
export interface SlowControl {
  list(): readonly SlowPath[]
  change(names: readonly [string, string], shape: PathShape): Promise<void>
}

/** All that makes the networks worse. */
export interface LabFaults {
  readonly cuts: CutControl
  readonly pods: PodCutControl
  readonly slow: SlowControl
}

/** `command` as it has to be called to run on a node. */
export type InsideNode = (command: readonly string[]) => [string, ...string[]]

/** One cluster's place in the networks. */
export interface ClusterPlace {
  readonly plan: ClusterPlan
  readonly clients: ClientSource
  /** For each node, the way to write a command so that it runs there. */
  readonly inside: readonly InsideNode[]
}

export interface LabNetwork {
  readonly places: readonly ClusterPlace[]
  readonly faults: LabFaults
}
