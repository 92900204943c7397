/**
 * All exports of one service, merged into what is imported everywhere. A pure function of the present exports:
 * the order they came in, and what was before, play no part.
 */
import { isVisibleTo } from '../api/access-policy.ts'
import type { ClusterSelector } from '../api/cluster-selectors.ts'
import type { ImportType } from '../api/mcs.ts'
import { type MergedPort, mergePorts } from '../api/merged-ports.ts'
import { type ServiceKey, serviceKey } from '../api/names.ts'
import type { IPFamily } from '../api/objects.ts'
import {
  type ClusterExport,
  compareExports,
  type Directory,
  type ServiceRecord,
} from '../api/service-record.ts'
import { sameValue } from '../core/compare.ts'
import { type FieldConflict, findConflicts } from './conflicts.ts'
import { unitedFamilies } from './ip-families.ts'

/** What every cluster imports. */
export interface MergedService {
  readonly key: ServiceKey
  readonly namespace: string
  readonly name: string
  readonly type: ImportType
  readonly ports: readonly MergedPort[]
  /** Of any export, those of the oldest first. */
  readonly ipFamilies: readonly IPFamily[]
  readonly sessionAffinity: ServiceRecord['sessionAffinity']
  readonly sessionAffinityTimeoutSeconds?: number
  readonly internalTrafficPolicy?: string
  readonly trafficDistribution?: string
  readonly exportedLabels?: Readonly<Record<string, string>>
  readonly exportedAnnotations?: Readonly<Record<string, string>>
  readonly clusterSelectors?: readonly ClusterSelector[]
  /** That of the oldest export which has one of its own. */
  readonly globalIp?: string
  /** Oldest first. */
  readonly exporters: readonly ClusterExport[]
  readonly conflicts: readonly FieldConflict[]
}

/** The merged service, or undefined when nobody exports it. Global addresses are believed. */
export function mergeService(exports: readonly ClusterExport[]): MergedService | undefined {
  const exporters = exports.toSorted(compareExports)
  const winner = exporters[0]?.record
  if (winner === undefined) return undefined
  return {
    key: serviceKey(winner.namespace, winner.name),
    ...singleFields(winner),
    ports: mergePorts(exporters.map(({ record }) => record)),
    ipFamilies: unitedFamilies(exporters.map(({ record }) => record)),
    exporters,
    conflicts: findConflicts(exporters),
    ...globalAddress(exporters),
  }
}

function globalAddress(exporters: readonly ClusterExport[]): Pick<MergedService, 'globalIp'> {
  const globalIp = exporters.find(({ record }) => record.globalIp !== undefined)?.record.globalIp
  return globalIp === undefined ? {} : { globalIp }
}

/** The fields that cannot be merged: the winner's stand. */
function singleFields(
  winner: ServiceRecord,
): Omit<MergedService, 'key' | 'ports' | 'ipFamilies' | 'globalIp' | 'exporters' | 'conflicts'> {
  const { exportedAt: _, ports: __, ipFamilies: ___, globalIp: ____, importers: _____, ...fields } = winner
  return fields
}

/** Who exports that service, of the clusters that are known. */
export function exportsOf(directory: Directory, key: ServiceKey): ClusterExport[] {
  const found: ClusterExport[] = []
  for (const [cluster, origin] of directory) {
    const record = origin.records.get(key)
    if (record !== undefined) found.push({ cluster, record })
  }
  return found
}

/** Those of them that `cluster` sees: it imports nothing that is hidden from it. */
export function visibleExports(directory: Directory, key: ServiceKey, cluster: string): ClusterExport[] {
  return exportsOf(directory, key).filter((exported) => isVisibleTo(cluster, exported))
}

/** The services whose records differ between two directories. */
export function changedKeys(next: Directory, previous: Directory): Set<ServiceKey> {
  const changed = new Set<ServiceKey>()
  for (const cluster of new Set([...next.keys(), ...previous.keys()])) {
    const after = next.get(cluster)
    const before = previous.get(cluster)
    if (after !== before) addChangedRecords(changed, after?.records, before?.records)
  }
  return changed
}

type Records = ReadonlyMap<ServiceKey, ServiceRecord> | undefined

function addChangedRecords(changed: Set<ServiceKey>, after: Records, before: Records): void {
  for (const [key, record] of after ?? []) if (!sameRecord(before?.get(key), record)) changed.add(key)
  for (const key of before?.keys() ?? []) if (after?.has(key) !== true) changed.add(key)
}

function sameRecord(left: ServiceRecord | undefined, right: ServiceRecord): boolean {
  return left === right || sameValue(left, right)
}
