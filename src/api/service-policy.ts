/**
 * The ServicePolicy resource (fairlead.dev/v1alpha1): who of the clusterset may call the exports of its namespace, and
 * how much. Fields are described in manifests/base/crds/servicepolicies.yaml; what they come to is AccessPolicy.
 */
import type { Condition, KubeObject } from './objects.ts'
import type { PolicyTarget } from './traffic-policy.ts'

/** Clients that may call: all lists that are given have to match. At least one is. */
export interface ServicePolicyRule {
  /** Cluster ids, or `*`. */
  clusters?: string[]
  namespaces?: string[]
  /** `name` in any of `namespaces`, or `namespace/name`. */
  serviceAccounts?: string[]
}

export interface ServicePolicySpec {
  targets: PolicyTarget[]
  /** Absent: the policy says nothing of who may call. Empty: it lets nobody. */
  allow?: ServicePolicyRule[]
  limits?: { connections?: number; connectionsPerSecond?: number; bytesPerSecond?: number }
}

/** What was refused of one cluster's clients. */
export interface PolicyRefusals {
  cluster: string
  count: number
  /** Of the last one: DenialReason. */
  reason: string
  /** RFC 3339. */
  lastTime: string
}

export interface ServicePolicyStatus {
  /** Names of ServiceExports that it targets. By the controller, as the conditions. */
  exports?: string[]
  conditions?: Condition[]
  /** Flows refused since the policy was made. By the routers, as the next. */
  denied?: number
  refusals?: PolicyRefusals[]
}

export interface ServicePolicy extends KubeObject {
  spec?: ServicePolicySpec
  status?: ServicePolicyStatus
}

/** Condition of a ServicePolicy; its reasons. */
export const ACCESS_ACCEPTED = 'Accepted'
export const AccessReason = {
  accepted: 'Accepted',
  invalid: 'Invalid',
  noTargets: 'NoTargets',
  tooMany: 'TooManyPolicies',
} as const
