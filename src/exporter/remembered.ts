/**
 * What is known of a service when some of its exporting clusters are not in the directory: their part of the import
 * stays as it was written before. Pure.
 */
import type { OwnsAddress } from '../api/global-owner.ts'
import type { ImportType, ServiceImport } from '../api/mcs.ts'
import { type MergedPort, portKey } from '../api/merged-ports.ts'
import { Annotation, Label, type ServiceKey } from '../api/names.ts'
import type { EndpointSlice, ObjectMeta, Service } from '../api/objects.ts'
import type { ClusterExport, Directory, RecordPort, ServiceRecord } from '../api/service-record.ts'
import { derivedPortNames } from './derived-service.ts'
import { protocolOf } from './endpoints.ts'
import { exportedMetadata } from './exported-metadata.ts'
import { isReadySlice } from './import-names.ts'
import { carriedPorts } from './listen-ports.ts'
import { withOwnAddresses } from './own-addresses.ts'
import { rememberedEndpoints } from './remembered-endpoints.ts'
import { exportsOf, type MergedService, mergeService, visibleExports } from './service-merge.ts'

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
  /** Its derived Services; the endpoints of a headless import are remembered by them. */
  readonly services?: readonly Service[]
}

/** Who looks. */
export interface ImportViewer {
  /** Its cluster id: what is hidden from it is not there. Absent: all is seen. */
  readonly cluster?: string
  /** Clusters that the objects remember count if this takes them: others may have written there. Absent: all count. */
  readonly isBelieved?: (cluster: string) => boolean
  /** Whose global addresses are. Absent: the cluster has no globalnet, and they mean nothing here. */
  readonly owns?: OwnsAddress | undefined
}

/** Rules 19-21 for one service: what to import, or undefined when no cluster, known or remembered, exports it. */
export function wantedImport(
  directory: Directory,
  key: ServiceKey,
  existing: ExistingImport,
  { cluster: viewer, isBelieved = () => true, owns }: ImportViewer = {},
): WantedImport | undefined {
  const unknown = rememberedClusters(existing).filter(
    (cluster) => !directory.has(cluster) && isBelieved(cluster),
  )
  const remembered = unknown.map((cluster) => ({
    cluster,
    record: rememberedRecord(cluster, existing),
  }))
  const seen = viewer === undefined ? exportsOf(directory, key) : visibleExports(directory, key, viewer)
  const known = seen.map((exported) => withOwnAddresses(exported, owns ?? nobody))
  const believed = remembered.filter(isPresent)
  const merged = mergeService([
    ...known,
    ...(owns === undefined ? believed.map((exported) => withOwnAddresses(exported, nobody)) : believed),
  ])
  if (merged === undefined) return undefined
  return { merged: unknown.length === 0 ? merged : inRecordedOrder(merged, existing.import), unknown }
}

const nobody: OwnsAddress = () => false

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
  { import: existing, slices: all, services = [] }: ExistingImport,
): ServiceRecord | undefined {
  const { metadata, spec } = existing ?? {}
  if (metadata?.namespace === undefined || metadata.name === undefined || spec === undefined) return undefined
  const timeout = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds
  const slices = slicesOf(cluster, all)
  const ports = rememberedPorts(spec.type, recordedPorts(existing), slices)
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    exportedAt: BEFORE_ALL,
    type: spec.type,
    ports,
    ipFamilies: spec.ipFamilies ?? ['IPv4'],
    sessionAffinity: spec.sessionAffinity ?? 'None',
    ...(timeout === undefined ? {} : { sessionAffinityTimeoutSeconds: timeout }),
    ...(spec.internalTrafficPolicy === undefined
      ? {}
      : { internalTrafficPolicy: spec.internalTrafficPolicy }),
    ...(spec.trafficDistribution === undefined ? {} : { trafficDistribution: spec.trafficDistribution }),
    ...exportedMetadata(existing),
    ...rememberedAddress(metadata),
    ...(spec.type === 'Headless' ? { endpoints: rememberedEndpoints(cluster, ports, services, slices) } : {}),
  }
}

/** All clusters whose part is remembered say so: one of them told it. */
function rememberedAddress({ annotations }: ObjectMeta): Pick<ServiceRecord, 'globalIp'> {
  const globalIp = annotations?.[Annotation.globalIp]
  return globalIp === undefined ? {} : { globalIp }
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

/**
 * Which of the import's ports a cluster declared, read from its slices; all of them when the slices are lost, and those
 * of a headless import, whose slices hold what endpoints serve. No slice of ours holds a port that routers do not carry.
 */
function rememberedPorts(
  type: ImportType,
  ports: readonly MergedPort[],
  slices: readonly EndpointSlice[],
): RecordPort[] {
  if (slices.length === 0 || type === 'Headless') {
    const readyEndpoints = slices.length === 0 || slices.some(hasServingEndpoint) ? 1 : 0
    return ports.map((port) => ({ ...port, readyEndpoints }))
  }
  const names = derivedPortNames(ports)
  const carried = new Set(carriedPorts(ports))
  return ports.flatMap((port) => {
    const holding = slices.filter((slice) =>
      slice.ports?.some((candidate) => candidate.name === names.get(portKey(port))),
    )
    if (holding.length === 0 && carried.has(port)) return []
    return [{ ...port, readyEndpoints: holding.some(isReadySlice) ? 1 : 0 }]
  })
}

function hasServingEndpoint({ endpoints }: EndpointSlice): boolean {
  return (endpoints ?? []).some(({ conditions }) => conditions?.serving !== false)
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
