/**
 * The TrafficPolicy resource (fairlead.dev/v1alpha1): how flows of Services of its namespace are treated. Fields are
 * described in manifests/base/crds/trafficpolicies.yaml; what they come to is TrafficSettings.
 */
import type { Condition, KubeObject } from './objects.ts'
import type { Locality, ProxyProtocol } from './traffic-settings.ts'

/** One of the two. */
export interface PolicyTarget {
  name?: string
  selector?: { matchLabels: Record<string, string> }
}

/** Durations are strings such as `1m30s`. */
export interface TrafficPolicySpec {
  targets: PolicyTarget[]
  locality?: Locality
  failover?: string[]
  weights?: Record<string, number>
  connectTimeout?: string
  retries?: number
  ejection?: { consecutiveFailures?: number; baseTime?: string; maxTime?: string }
  proxyProtocol?: ProxyProtocol
  idleTimeout?: string
  resumeGrace?: string
  udpIdleTimeout?: string
}

/** An imported Service and the clusters that its new flows go to. */
export interface PolicyService {
  name: string
  clusters: string[]
}

export interface TrafficPolicy extends KubeObject {
  spec?: TrafficPolicySpec
  status?: { services?: PolicyService[]; conditions?: Condition[] }
}

export const PolicyCondition = { accepted: 'Accepted', conflicted: 'Conflicted' } as const
export const PolicyReason = {
  accepted: 'Accepted',
  invalid: 'Invalid',
  noTargets: 'NoTargets',
  conflicted: 'Conflicted',
  noConflicts: 'NoConflicts',
} as const
