/**
 * What one cluster tells the others about one exported Service. Travels between clusters, so it is untrusted input:
 * `src/link` checks its shape and bounds before anybody reads it.
 */
import type { ImportType } from './mcs.ts'
import type { ServiceKey } from './names.ts'
import type { IPFamily, Protocol } from './objects.ts'

export interface RecordPort {
  /** Empty when the Service's port has no name. */
  readonly name: string
  readonly protocol: Protocol
  readonly port: number
  readonly appProtocol?: string
  /** Ready endpoints behind this port in the exporting cluster. */
  readonly readyEndpoints: number
}

/** One endpoint of a headless Service: clients of other clusters address each by itself. */
export interface RecordEndpoint {
  /** Unique in the record: its host name, or its address with dashes. */
  readonly id: string
  /** Its label in DNS, where that is not `id`: several endpoints share one host name. */
  readonly hostname?: string
  /** It takes no new flows. Absent: it does. */
  readonly unready?: true
  /** Places in the record's `ports` of those it serves. Absent: it serves all. */
  readonly ports?: readonly number[]
}

export interface ServiceRecord {
  readonly namespace: string
  readonly name: string
  /** ServiceExport creationTimestamp, RFC 3339: the oldest export wins. */
  readonly exportedAt: string
  readonly type: ImportType
  readonly ports: readonly RecordPort[]
  readonly ipFamilies: readonly IPFamily[]
  readonly sessionAffinity: 'None' | 'ClientIP'
  /** Only with ClientIP. */
  readonly sessionAffinityTimeoutSeconds?: number
  readonly internalTrafficPolicy?: string
  readonly trafficDistribution?: string
  /** Of a headless Service only; what more it has than fits is not told. */
  readonly endpoints?: readonly RecordEndpoint[]
  readonly exportedLabels?: Readonly<Record<string, string>>
  readonly exportedAnnotations?: Readonly<Record<string, string>>
}

/** What a cluster tells of itself beside its exports. */
export interface ClusterFacts {
  /** Namespaces that others export from and that it does not have, sorted: it imports nothing of theirs. */
  readonly missingNamespaces?: readonly string[]
}

/** Every record of one origin cluster. Only that cluster's controller writes it. */
export interface OriginState {
  readonly cluster: string
  /** Grows each time a controller of the cluster takes over. */
  readonly epoch: number
  /** Grows with each change inside an epoch. */
  readonly sequence: number
  readonly records: ReadonlyMap<ServiceKey, ServiceRecord>
  /** Absent: nothing is told. */
  readonly facts?: ClusterFacts
}

/** What the whole clusterset exports, by cluster id. A cluster that is absent is unknown, not empty. */
export type Directory = ReadonlyMap<string, OriginState>
