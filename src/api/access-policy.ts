/**
 * Who may call an exported service: what its ServicePolicies come to, and what follows from that. Pure: the routers ask
 * it for each new flow, controllers for what the record tells.
 */
import { MAX_IMPORTERS } from './limits.ts'
import type { ServiceKey } from './names.ts'
import type { ClusterExport } from './service-record.ts'

/** Any cluster, in the lists that people write. */
export const ANY_CLUSTER = '*'

/** Clients that may call: every list that is there has to hold the client. */
export interface AccessRule {
  /** Absent: any cluster. */
  readonly clusters?: readonly string[]
  /** Absent: any namespace, also one that is not known. */
  readonly namespaces?: readonly string[]
  /** `name`, in any namespace, or `namespace/name`. Absent: any, also one that is not known. */
  readonly serviceAccounts?: readonly string[]
}

/** Bounds of all flows that a policy covers, together. What is absent is not bounded. */
export interface AccessLimits {
  /** Open at a time. */
  readonly connections?: number
  readonly connectionsPerSecond?: number
  /** Both directions together. */
  readonly bytesPerSecond?: number
}

/** What one ServicePolicy says. */
export interface AccessPolicy {
  /** `namespace/name` of the policy. */
  readonly policy: ServiceKey
  /** Absent: it says nothing of who may call. Empty: it lets nobody. */
  readonly rules?: readonly AccessRule[]
  readonly limits: AccessLimits
}

/** The policies that target one service. None: the whole clusterset may call it. */
export type ServiceAccess = readonly AccessPolicy[]

/** A client as its cluster's router vouches for it; the cluster is that of the router's certificate. */
export interface AccessClient {
  readonly cluster: string
  /** Absent: not known, as of clients on a host's network or outside Kubernetes. */
  readonly namespace?: string | undefined
  readonly serviceAccount?: string | undefined
}

/** Whether every list of the rule holds the client. What is not known of a client is in no list. */
export function ruleMatches(
  { clusters, namespaces, serviceAccounts }: AccessRule,
  { cluster, namespace, serviceAccount }: AccessClient,
): boolean {
  if (clusters?.includes(cluster) === false) return false
  if (namespaces !== undefined && (namespace === undefined || !namespaces.includes(namespace))) return false
  if (serviceAccounts === undefined) return true
  if (namespace === undefined || serviceAccount === undefined) return false
  return (
    serviceAccounts.includes(serviceAccount) || serviceAccounts.includes(`${namespace}/${serviceAccount}`)
  )
}

/** Whether the policy is about flows of that client, so that its limits are: one of its rules matches, or it has none. */
export function covers({ rules }: AccessPolicy, client: AccessClient): boolean {
  return rules === undefined || rules.some((rule) => ruleMatches(rule, client))
}

/** The policies that say who may call. */
export function guardsOf(access: ServiceAccess): ServiceAccess {
  return access.filter(({ rules }) => rules !== undefined)
}

/** Any rule of any policy lets the client, or no policy says who may call. */
export function mayCall(access: ServiceAccess, client: AccessClient): boolean {
  const guards = guardsOf(access)
  return guards.length === 0 || guards.some((policy) => covers(policy, client))
}

/**
 * The clusters of which some client may call, sorted, for the record; undefined when it could be any. So it is of more than
 * MAX_IMPORTERS too: they see an import of which flows are refused.
 */
export function importersOf(access: ServiceAccess): string[] | undefined {
  const rules = guardsOf(access).flatMap((policy) => policy.rules ?? [])
  if (guardsOf(access).length === 0 || rules.some(({ clusters }) => clusters === undefined)) return undefined
  const importers = new Set(rules.flatMap(({ clusters }) => clusters ?? []))
  return importers.size > MAX_IMPORTERS ? undefined : [...importers].sort()
}

/** Whether an export is there for `cluster`, by what its record says of importers. Its own cluster always sees it. */
export function isVisibleTo(cluster: string, { cluster: exporter, record }: ClusterExport): boolean {
  return exporter === cluster || record.importers === undefined || record.importers.includes(cluster)
}
