/**
 * What is known of a service when some of its exporting clusters are not in the directory: their part of the import
 * stays as it was written before. Pure.
 */
import type { ServiceImport } from '../api/mcs.ts'
import { Label, type ServiceKey } from '../api/names.ts'
import type { EndpointSlice } from '../api/objects.ts'
import type { Directory, RecordPort, ServiceRecord } from '../api/service-record.ts'
import type { ClusterExport } from './conflicts.ts'
import { derivedPortNames } from './derived-service.ts'
import { protocolOf } from './endpoints.ts'
import { exportedMetadata } from './exported-metadata.ts'
import { isReadySlice } from './import-names.ts'
import { type MergedPort, portKey } from './port-merge.ts'
import { exportsOf, type MergedService, mergeService } from './service-merge.ts'

/** Older than any export: what stands wins until its cluster is known again. */
const BEFORE_ALL = '1970-01-01T00:00:00Z'

/** A service to import, and the clusters whose part of it is only remembered. */
export interface WantedImport {
  readonly merged: MergedService
  /** Clusters that exported it when they were last heard of, and are not in the directory. */
  readonly unknown: readonly string[]
}

/** What was written for an import before. */
export interface ExistingImport {
  readonly import: ServiceImport | undefined
  readonly slices: readonly EndpointSlice[]
}

/**
 * Rules 19-21 for one service: what to import, or undefined when no cluster, known or remembered, exports it. Of the
 * clusters that the objects remember only those that `isBelieved` takes count: others may have written there.
 */
export function wantedImport(
  directory: Directory,
  key: ServiceKey,
  existing: ExistingImport,
  isBelieved: (cluster: string) => boolean = () => true,
): WantedImport | undefined {
  const unknown = rememberedClusters(existing).filter(
    (cluster) => !directory.has(cluster) && isBelieved(cluster),
  )
  const remembered = unknown.map((cluster) => ({
    cluster,
    record: rememberedRecord(cluster, existing.import, existing.slices),
  }))
  const merged = mergeService([...exportsOf(directory, key), ...remembered.filter(isPresent)])
  if (merged === undefined) return undefined
  return { merged: unknown.length === 0 ? merged : inRecordedOrder(merged, existing.import), unknown }
}

function isPresent(item: { cluster: string; record: ServiceRecord | undefined }): item is ClusterExport {
  return item.record !== undefined
}

/** Exporting clusters, by what the import and its slices say, sorted. */
export function rememberedClusters({ import: existing, slices }: ExistingImport): string[] {
  if (existing === undefined) return []
  const named = existing.status?.clusters?.map(({ cluster }) => cluster) ?? []
  const sources = slices.flatMap(({ metadata }) => metadata.labels?.[Label.sourceCluster] ?? [])
  return [...new Set([...named, ...sources])].sort()
}

function rememberedRecord(
  cluster: string,
  existing: ServiceImport | undefined,
  slices: readonly EndpointSlice[],
): ServiceRecord | undefined {
  const { metadata, spec } = existing ?? {}
  if (metadata?.namespace === undefined || metadata.name === undefined || spec === undefined) return undefined
  const timeout = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    exportedAt: BEFORE_ALL,
    type: spec.type,
    ports: rememberedPorts(recordedPorts(existing), slicesOf(cluster, slices)),
    ipFamilies: spec.ipFamilies ?? ['IPv4'],
    sessionAffinity: spec.sessionAffinity ?? 'None',
    ...(timeout === undefined ? {} : { sessionAffinityTimeoutSeconds: timeout }),
    ...(spec.internalTrafficPolicy === undefined
      ? {}
      : { internalTrafficPolicy: spec.internalTrafficPolicy }),
    ...(spec.trafficDistribution === undefined ? {} : { trafficDistribution: spec.trafficDistribution }),
    ...exportedMetadata(existing),
  }
}

/** The ports that the import has now. */
function recordedPorts(existing: ServiceImport | undefined): MergedPort[] {
  return (existing?.spec?.ports ?? []).map((port) => ({
    name: port.name ?? '',
    protocol: protocolOf(port),
    port: port.port,
    ...(port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol }),
  }))
}

function slicesOf(cluster: string, slices: readonly EndpointSlice[]): EndpointSlice[] {
  return slices.filter((slice) => slice.metadata.labels?.[Label.sourceCluster] === cluster)
}

/** Which of the import's ports a cluster declared, read from its slices; all of them when the slices are lost. */
function rememberedPorts(ports: readonly MergedPort[], slices: readonly EndpointSlice[]): RecordPort[] {
  if (slices.length === 0) return ports.map((port) => ({ ...port, readyEndpoints: 1 }))
  const names = derivedPortNames(ports)
  return ports.flatMap((port) => {
    const holding = slices.filter((slice) =>
      slice.ports?.some((candidate) => candidate.name === names.get(portKey(port))),
    )
    return holding.length === 0 ? [] : [{ ...port, readyEndpoints: holding.some(isReadySlice) ? 1 : 0 }]
  })
}

/** The union of remembered parts may list the ports in another order than the import does: nothing has changed. */
function inRecordedOrder(merged: MergedService, existing: ServiceImport | undefined): MergedService {
  const recorded = recordedPorts(existing).map(portKey)
  const place = (port: MergedPort) => {
    const index = recorded.indexOf(portKey(port))
    return index === -1 ? recorded.length : index
  }
  return { ...merged, ports: merged.ports.toSorted((left, right) => place(left) - place(right)) }
}
