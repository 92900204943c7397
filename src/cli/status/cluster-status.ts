/**
 * What fairlead is and does in one cluster, read from the cluster's API.
 */
import { findCondition } from '../../api/conditions.ts'
import { LinkCondition, type LinkResource } from '../../api/link.ts'
import { ExportCondition, type ServiceExport, type ServiceImport } from '../../api/mcs.ts'
import type { Condition, KubeObject } from '../../api/objects.ts'
import { Resource, type ResourceType } from '../../api/resources.ts'
import { ACCESS_ACCEPTED, type ServicePolicy } from '../../api/service-policy.ts'
import { isUnknownApi } from '../../kube/errors.ts'
import type { KubeClient, ListOptions } from '../../kube/types.ts'
import { membershipOf } from '../install/membership.ts'
import type { Deployment } from '../install/rollout.ts'
import type { Member } from '../member.ts'

export interface ProcessStatus {
  readonly name: string
  readonly ready: number
  readonly wanted: number
}

export interface LinkStatus {
  readonly name: string
  readonly remoteCluster?: string
  readonly ready: Condition['status']
  readonly message: string
}

export interface ExportStatus {
  readonly namespace: string
  readonly name: string
  readonly valid: Condition['status']
  readonly ready: Condition['status']
  readonly conflict: Condition['status']
  /** Of the first condition that is not as it should be. */
  readonly message: string
}

export interface ImportStatus {
  readonly namespace: string
  readonly name: string
  readonly type: string
  readonly ips: readonly string[]
  /** `port/protocol`, with the name where there is one. */
  readonly ports: readonly string[]
  readonly clusters: readonly string[]
}

/** A ServicePolicy. */
export interface PolicyStatus {
  readonly namespace: string
  readonly name: string
  readonly accepted: Condition['status']
  readonly exports: readonly string[]
  /** Flows that it refused. */
  readonly denied: number
  /** Why it is not accepted, or else whom it refused. */
  readonly message: string
}

export interface ClusterStatus {
  readonly context: string
  /** Of a member of one namespace. */
  readonly namespace?: string
  readonly clusterId?: string
  readonly clusterset?: string
  /** Every process and link is ready, and there is at least one process. */
  readonly healthy: boolean
  readonly processes: readonly ProcessStatus[]
  readonly links: readonly LinkStatus[]
  readonly exports: readonly ExportStatus[]
  readonly imports: readonly ImportStatus[]
  readonly policies: readonly PolicyStatus[]
}

/** Reads it all, in parallel. */
export async function clusterStatus(member: Member): Promise<ClusterStatus> {
  const { client, contextName, systemNamespace, served } = member
  const inSystem = { namespace: systemNamespace }
  const [{ clusterId, clusterset }, deployments, links, exports, imports, policies] = await Promise.all([
    membershipOf(member),
    listed<Deployment>(client, Resource.deployment, {
      ...inSystem,
      labelSelector: 'app.kubernetes.io/part-of=fairlead',
    }),
    listed<LinkResource>(client, Resource.link, inSystem),
    listed<ServiceExport>(client, Resource.serviceExport, served),
    listed<ServiceImport>(client, Resource.serviceImport, served),
    listed<ServicePolicy>(client, Resource.servicePolicy, served),
  ])
  const processes = deployments.map(processStatus)
  const linkStatuses = links.map(linkStatus)
  return {
    context: contextName,
    ...served,
    ...(clusterId === undefined ? {} : { clusterId }),
    ...(clusterset === undefined ? {} : { clusterset }),
    healthy: isHealthy(processes, linkStatuses),
    processes,
    links: linkStatuses,
    exports: exports.map(exportStatus),
    imports: imports.map(importStatus),
    policies: policies.map(policyStatus),
  }
}

/** Nothing of a kind the cluster does not know. */
async function listed<T extends KubeObject>(
  client: KubeClient,
  type: ResourceType,
  options: ListOptions<T>,
): Promise<readonly T[]> {
  try {
    return (await client.list<T>(type, options)).items
  } catch (error) {
    if (isUnknownApi(error)) return []
    throw error
  }
}

function isHealthy(processes: readonly ProcessStatus[], links: readonly LinkStatus[]): boolean {
  const running = processes.length > 0 && processes.every(({ ready, wanted }) => ready >= wanted)
  return running && links.every(({ ready }) => ready === 'True')
}

/** Pure. */
export function processStatus({ metadata, spec, status }: Deployment): ProcessStatus {
  return { name: metadata.name ?? '', ready: status?.readyReplicas ?? 0, wanted: spec?.replicas ?? 1 }
}

/** Pure. */
export function linkStatus({ metadata, status }: LinkResource): LinkStatus {
  const ready = findCondition(status?.conditions, LinkCondition.ready)
  const remote = status?.remoteCluster
  return {
    name: metadata.name ?? '',
    ...(remote === undefined ? {} : { remoteCluster: remote }),
    ready: ready?.status ?? 'Unknown',
    message: ready?.message ?? 'no router has reported yet',
  }
}

/** Pure. */
export function exportStatus({ metadata, status }: ServiceExport): ExportStatus {
  const of = (type: string) => findCondition(status?.conditions, type)
  const [valid, ready, conflict] = [
    ExportCondition.valid,
    ExportCondition.ready,
    ExportCondition.conflict,
  ].map(of)
  const bad = [
    valid?.status === 'False' && valid,
    conflict?.status === 'True' && conflict,
    ready?.status !== 'True' && ready,
  ].find((condition) => condition)
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name ?? '',
    valid: valid?.status ?? 'Unknown',
    ready: ready?.status ?? 'Unknown',
    conflict: conflict?.status ?? 'Unknown',
    message: (bad || undefined)?.message ?? '',
  }
}

/** Pure. */
export function importStatus({ metadata, spec, status }: ServiceImport): ImportStatus {
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name ?? '',
    type: spec?.type ?? '',
    ips: spec?.ips ?? [],
    ports: (spec?.ports ?? []).map(({ name, port, protocol = 'TCP' }) => {
      const number = `${port}/${protocol}`
      return name === undefined || name === '' ? number : `${name}:${number}`
    }),
    clusters: (status?.clusters ?? []).map(({ cluster }) => cluster),
  }
}

/** Pure. */
export function policyStatus({ metadata, status }: ServicePolicy): PolicyStatus {
  const accepted = findCondition(status?.conditions, ACCESS_ACCEPTED)
  const refused = (status?.refusals ?? []).map(
    ({ cluster, count, reason }) => `${count} of ${cluster} (${reason})`,
  )
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name ?? '',
    accepted: accepted?.status ?? 'Unknown',
    exports: status?.exports ?? [],
    denied: status?.denied ?? 0,
    message:
      accepted?.status === 'False' || refused.length === 0
        ? (accepted?.message ?? 'no controller has reported yet')
        : `refused ${refused.join(', ')}`,
  }
}
