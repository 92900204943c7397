/**
 * The resources of global addresses (fairlead.dev/v1alpha1): GlobalNetwork and GlobalEgressIP. Fields are
 * described in manifests/base/crds.
 */
import type { Condition, KubeObject } from './objects.ts'

/** What a GlobalNetwork says when it says nothing. */
export const GLOBAL_DEFAULTS = { range: '242.0.0.0/8', blockSize: 65_536, egressAddresses: 8 } as const

/** Most addresses of one GlobalEgressIP, and of the cluster's own. Each has some 64,000 ports for each destination. */
export const MAX_EGRESS_ADDRESSES = 64

/** Cluster-scoped. Without one the cluster has no global addresses. */
export interface GlobalNetwork extends KubeObject {
  spec?: { range?: string; blockSize?: number; block?: string; egressAddresses?: number }
  status?: {
    block?: string
    /** RFC 3339 with milliseconds, by the cluster's own clock. */
    claimedAt?: string
    egressIPs?: string[]
    capacity?: { total: number; allocated: number }
    conditions?: Condition[]
  }
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
