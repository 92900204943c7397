/**
 * Where the exports of one service disagree, who wins and who loses (rules 31-34 of the MCS checklist). Pure.
 */
import type { ClusterExport, ServiceRecord } from '../api/service-record.ts'
import { sameValue } from '../core/compare.ts'
import { samePorts } from './port-merge.ts'

/** One field that the exports do not agree on: the oldest export's value holds. */
export interface FieldConflict {
  readonly reason: string
  readonly field: string
  readonly winner: string
  /** Clusters whose value differs from the winner's, oldest first. */
  readonly losers: readonly string[]
}

interface FieldRule {
  readonly reason: string
  readonly field: string
  readonly same: (winner: ServiceRecord, other: ServiceRecord) => boolean
}

/** In their own cluster the pods of a headless Service are reached by their own addresses only. */
const IP_FAMILIES = 'ipFamilies'

/**
 * One row per field of rule 34. IP families count for headless Services only: routers carry a flow between clusters of
 * different families, so no backend is out of reach of an import with an address.
 */
const FIELD_RULES: readonly FieldRule[] = [
  { reason: 'PortConflict', field: 'ports', same: samePorts },
  rule('TypeConflict', 'type', (record) => record.type),
  rule('SessionAffinityConflict', 'sessionAffinity', (record) => record.sessionAffinity),
  {
    reason: 'SessionAffinityConfigConflict',
    field: 'sessionAffinityConfig',
    // Different affinities are a conflict of their own; their settings cannot be compared.
    same: (winner, other) =>
      winner.sessionAffinity !== other.sessionAffinity ||
      winner.sessionAffinityTimeoutSeconds === other.sessionAffinityTimeoutSeconds,
  },
  rule('AnnotationsConflict', 'exportedAnnotations', (record) => record.exportedAnnotations ?? {}),
  rule('LabelsConflict', 'exportedLabels', (record) => record.exportedLabels ?? {}),
  rule(
    'InternalTrafficPolicyConflict',
    'internalTrafficPolicy',
    (record) => record.internalTrafficPolicy ?? 'Cluster',
  ),
  rule('ClusterSelectorsConflict', 'clusterSelectors', (record) => record.clusterSelectors ?? []),
  rule('TrafficDistributionConflict', 'trafficDistribution', (record) => record.trafficDistribution ?? ''),
  {
    reason: 'IPFamilyConflict',
    field: IP_FAMILIES,
    same: (winner, other) =>
      winner.type !== 'Headless' || sameValue([...winner.ipFamilies].sort(), [...other.ipFamilies].sort()),
  },
]

function rule(reason: string, field: string, read: (record: ServiceRecord) => unknown): FieldRule {
  return { reason, field, same: (winner, other) => sameValue(read(winner), read(other)) }
}

/** Every disagreement among the exports of one service, in the order of rule 34. */
export function findConflicts(oldestFirst: readonly ClusterExport[]): FieldConflict[] {
  const [winner, ...others] = oldestFirst
  if (winner === undefined) return []
  return FIELD_RULES.flatMap(({ reason, field, same }) => {
    const losers = others.filter(({ record }) => !same(winner.record, record)).map(({ cluster }) => cluster)
    return losers.length === 0 ? [] : [{ reason, field, winner: winner.cluster, losers }]
  })
}

/** The reasons of several conflicts as one condition reason: the API allows commas between them. */
export function conflictReason(conflicts: readonly FieldConflict[]): string {
  return conflicts.map((conflict) => conflict.reason).join(',')
}

/** What people read: field by field, who wins over whom. */
export function conflictMessage(conflicts: readonly FieldConflict[], exporters: number): string {
  return conflicts
    .map(({ field, winner, losers }) => {
      const differ = `${losers.join(', ')} (${losers.length} of ${exporters} differ)`
      return field === IP_FAMILIES
        ? `${field}: the pods of cluster ${winner} and ${differ} have addresses of other families, and clients of one may not reach them all`
        : `${field}: the oldest export, of cluster ${winner}, wins over ${differ}`
    })
    .join('; ')
}

/** Where the export of a cluster loses to an older one; different families leave each its own. */
export function lostConflicts(conflicts: readonly FieldConflict[], cluster: string): FieldConflict[] {
  return conflicts.filter(({ field, losers }) => field !== IP_FAMILIES && losers.includes(cluster))
}

/** What the losing side reads: whose word counts instead of its own, and about what. */
export function overruledMessage(cluster: string, lost: readonly FieldConflict[]): string {
  const winner = lost[0]?.winner ?? ''
  const fields = lost.map(({ field }) => field).join(', ')
  return `the export of cluster ${winner} is older than that of ${cluster} and decides about ${fields} wherever they differ`
}
