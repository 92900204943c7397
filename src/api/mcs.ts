/**
 * The Multi-Cluster Services API (KEP-1645, group multicluster.x-k8s.io) and ClusterProperty (KEP-2149).
 */
import type { Condition, IPFamily, KubeObject, Protocol } from './objects.ts'

export interface ServiceExport extends KubeObject {
  spec?: { exportedLabels?: Record<string, string>; exportedAnnotations?: Record<string, string> }
  status?: { conditions?: Condition[] }
}

export type ImportType = 'ClusterSetIP' | 'Headless'

export interface ImportPort {
  name?: string
  protocol?: Protocol
  appProtocol?: string
  port: number
}

export interface ServiceImport extends KubeObject {
  spec?: {
    type: ImportType
    ports: ImportPort[]
    ips?: string[]
    ipFamilies?: IPFamily[]
    sessionAffinity?: 'None' | 'ClientIP'
    sessionAffinityConfig?: { clientIP?: { timeoutSeconds?: number } }
    internalTrafficPolicy?: string
    trafficDistribution?: string
  }
  status?: {
    clusters?: { cluster: string }[]
    conditions?: Condition[]
    /** Only where the installed CRD has it (mcs-api v0.5.1). */
    endpointSliceObjects?: 'Present' | 'Absent'
  }
}

export interface ClusterProperty extends KubeObject {
  spec: { value: string }
}

/** Ours, on exports and imports, and only there while it is False: a port's protocol is none that routers forward. */
export const Forwarding = {
  condition: 'fairlead.dev/Forwarded',
  protocolNotSupported: 'ProtocolNotSupported',
} as const

export const ExportCondition = {
  valid: 'Valid',
  ready: 'Ready',
  conflict: 'Conflict',
  /** Ours, and only there while it is False: an annotation of ours cannot be read. */
  configured: 'fairlead.dev/Configured',
  forwarded: Forwarding.condition,
  /** Ours, and only there while it is True: in a conflict an older export of another cluster wins over this one. */
  overruled: 'fairlead.dev/Overruled',
  /** Ours, and only there while it is False: a headless Service has more endpoints than its record can name. */
  complete: 'fairlead.dev/Complete',
  /** Ours, and only there while it is False: some clusters cannot import it. */
  imported: 'fairlead.dev/Imported',
} as const
export const ExportReason = {
  valid: 'Valid',
  noService: 'NoService',
  invalidServiceType: 'InvalidServiceType',
  exported: 'Exported',
  pending: 'Pending',
  failed: 'Failed',
  noConflicts: 'NoConflicts',
  portConflict: 'PortConflict',
  typeConflict: 'TypeConflict',
  invalidProxyProtocol: 'InvalidProxyProtocol',
  invalidClusterSelector: 'InvalidClusterSelector',
  tooManyEndpoints: 'TooManyEndpoints',
  namespaceMissing: 'NamespaceMissing',
} as const
export const ImportCondition = {
  ready: 'Ready',
  /** Ours, and only there while it is True: exporting clusters cannot be reached. */
  stale: 'fairlead.dev/Stale',
} as const
export const ImportReason = {
  ready: 'Ready',
  pending: 'Pending',
  familyNotSupported: 'IPFamilyNotSupported',
  clustersUnreachable: 'ClustersUnreachable',
} as const
