/**
 * What one cluster tells the others about one exported Service. Travels between clusters, so it is untrusted input:
 * `src/link` checks its shape and bounds before anybody reads it.
 */
import type { ClusterProperties, ClusterSelector } from './cluster-selectors.ts'
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
  /** Its address in the whole clusterset. Absent: its cluster has no globalnet. */
  readonly globalIp?: string
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
  /** Its address in the whole clusterset, unless it is headless. Absent: its cluster has no globalnet. */
  readonly globalIp?: string
  /** Exporting clusters that flows rather go to, best first. Absent: all are alike. */
  readonly clusterSelectors?: readonly ClusterSelector[]
  /** Clusters of which clients may call it, by its ServicePolicies, sorted: no others import it. Absent: all may. */
  readonly importers?: readonly string[]
}

/** A record and the cluster it comes from. */
export interface ClusterExport {
  readonly cluster: string
  readonly record: ServiceRecord
}

/**
 * Orders the exports of one service: the oldest first, whose word counts (KEP-1645). Seconds are coarse, so the cluster id
 * decides between equals.
 */
export function compareExports(left: ClusterExport, right: ClusterExport): number {
  const age = ageOf(left.record) - ageOf(right.record)
  if (age !== 0) return age
  if (left.cluster === right.cluster) return 0
  return left.cluster < right.cluster ? -1 : 1
}

/** A time that cannot be read is the youngest: it must not win over honest ones. */
function ageOf(record: ServiceRecord): number {
  const time = Date.parse(record.exportedAt)
  return Number.isNaN(time) ? Number.MAX_SAFE_INTEGER : time
}

/** What a cluster tells of itself beside its exports. */
export interface ClusterFacts {
  /** Namespaces that others export from and that it does not have, sorted: it imports nothing of theirs. */
  readonly missingNamespaces?: readonly string[]
  /** Its ClusterProperties (about.k8s.io). */
  readonly properties?: ClusterProperties
  /** Its claim of a block of global addresses. Absent: it has no globalnet. */
  readonly globalnet?: BlockFact
  /** Whom it trusts, and by which root it is a member. Absent: it has told nothing of it yet. */
  readonly trust?: TrustFact
  /** It wants a new authority. */
  readonly renewal?: RenewalFact
  /** Of the founder: authorities it has signed, a few at a time. */
  readonly renewed?: readonly RenewedFact[]
  /** It has left the clusterset, which it was in by an authority from then, milliseconds since 1970. It tells nothing else. */
  readonly left?: number
}

/** What a cluster tells of its certificates. */
export type TrustFacts = Pick<ClusterFacts, 'trust' | 'renewal' | 'renewed' | 'left'>

/** How far a cluster is with a root that takes the place of another. */
export interface TrustFact {
  /** Version of the trust statement it goes by; 0 for none. */
  readonly version: number
  /** SHA-256 of the root that signed its authority, hexadecimal. */
  readonly root: string
}

export interface RenewalFact {
  /** PEM. */
  readonly csr: string
}

export interface RenewedFact {
  readonly cluster: string
  /** Of that cluster's new authority, PEM. Who takes it checks it. */
  readonly certificate: string
}

/** A claim of a block (ADR 16), as its cluster tells it. */
export interface BlockFact {
  /** CIDR. */
  readonly block: string
  /** Milliseconds since 1970 by that cluster's clock. */
  readonly claimedAt: number
}

/** Who vouches for a cluster's state, and with what. As untrusted as the rest until it is checked (ADR 19). */
export interface OriginSignature {
  /** Certificates, DER in base64: that of a controller or router of the cluster, then its authority where it has one. */
  readonly chain: readonly string[]
  /** Base64. */
  readonly value: string
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
  /** Absent: nobody has signed it yet; then it is for this process only. */
  readonly signature?: OriginSignature
}

/** What the whole clusterset exports, by cluster id. A cluster that is absent is unknown, not empty. */
export type Directory = ReadonlyMap<string, OriginState>
