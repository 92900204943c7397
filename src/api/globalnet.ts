/**
 * The resources of global addresses (fairlead.dev/v1alpha1): GlobalNetwork, GlobalEgressIP, GlobalIngressIP. Fields are
 * described in manifests/base/crds.
 */
import type { Condition, KubeObject, Protocol } from './objects.ts'

/** There is one GlobalNetwork in a cluster, with this name. */
export const GLOBAL_NETWORK = 'cluster'

/** What a GlobalNetwork says when it says nothing. */
export const GLOBAL_DEFAULTS = { range: '242.0.0.0/8', blockSize: 65_536, egressAddresses: 8 } as const

/** Most addresses of one GlobalEgressIP, and of the cluster's own. Each has some 64,000 ports for each destination. */
export const MAX_EGRESS_ADDRESSES = 64

/** Cluster-scoped. Without one the cluster has no global addresses. */
export interface GlobalNetwork extends KubeObject {
  spec?: { range?: string; blockSize?: number; block?: string; egressAddresses?: number }
  status?: {
    /** The last range that was in nobody's way: the only one that nodes translate. */
    range?: string
    block?: string
    /** RFC 3339 with milliseconds, by the cluster's own clock. */
    claimedAt?: string
    egressIPs?: string[]
    capacity?: { total: number; allocated: number }
    /** What was given up and rests, the soonest free first; a new controller begins with it. */
    resting?: RestingStatus[]
    restingBlocks?: RestingBlockStatus[]
    conditions?: Condition[]
  }
}

/** An address of this cluster's block that only its last owner may have until then (RFC 3339 with milliseconds). */
export interface RestingStatus {
  address: string
  /** As the controller names owners, such as `service/demo/web#0`. */
  owner: string
  until: string
}

/** A block that another cluster gave up. */
export interface RestingBlockStatus {
  block: string
  cluster: string
  until: string
}

/** As in Kubernetes: all of it has to hold. */
export interface PodSelector {
  matchLabels?: Record<string, string>
  matchExpressions?: {
    key: string
    operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
    values?: string[]
  }[]
}

/** Source addresses of the pods of its namespace, or of those that the selector selects. */
export interface GlobalEgressIP extends KubeObject {
  spec?: { count?: number; podSelector?: PodSelector }
  status?: { allocatedIPs?: string[]; conditions?: Condition[] }
}

export type IngressTarget =
  | { readonly kind: 'Service'; readonly service: string }
  /** `endpoint` is its name in the record of the headless Service, such as the host name of a StatefulSet's pod. */
  | { readonly kind: 'Endpoint'; readonly service: string; readonly endpoint: string }

/** The address at which others reach a Service, or one endpoint of a headless one. The controller makes them. */
export interface GlobalIngressIP extends KubeObject {
  spec?: { target: IngressTarget }
  status?: {
    allocatedIP?: string
    /** Where an endpoint is now: the nodes' agents lead its address there. */
    endpoint?: {
      address: string
      ports: readonly { protocol: Protocol; port: number; targetPort: number }[]
    }
    conditions?: Condition[]
  }
}

export const GlobalCondition = {
  /** Of all three kinds. */
  allocated: 'Allocated',
  /**
   * Of a GlobalNetwork: another cluster claims some of the block, or has the block that is wanted. Of a GlobalEgressIP: an
   * older one has some of its pods.
   */
  conflict: 'Conflict',
  /** Of a GlobalNetwork: the range is in the way of other addresses. */
  overlap: 'Overlap',
} as const
export const GlobalReason = {
  allocated: 'Allocated',
  invalid: 'Invalid',
  exhausted: 'Exhausted',
  noConflict: 'NoConflict',
  /** With Conflict False: the block went to another cluster, and this one has another now. */
  renumbered: 'Renumbered',
  blockClaimed: 'BlockClaimed',
  wantedBlockTaken: 'WantedBlockTaken',
  olderSelects: 'OlderSelects',
  noOverlap: 'NoOverlap',
  overlaps: 'Overlaps',
} as const
