/**
 * What an import says of its stale clusters, written and read back. Pure.
 */
import { findCondition } from '../api/conditions.ts'
import { ImportCondition, ImportReason, type ServiceImport } from '../api/mcs.ts'
import type { Verdict } from '../api/verdicts.ts'
import { namedClusters } from './cluster-names.ts'
import type { MergedService } from './service-merge.ts'

/** The condition that names the stale clusters of an import; there is none while it has none. */
export function staleness({ exporters }: MergedService, stale: ReadonlySet<string>): Verdict[] {
  const names = exporters.map(({ cluster }) => cluster).filter((cluster) => stale.has(cluster))
  if (names.length === 0) return []
  const message = `cannot be reached: ${namedClusters(names)}`
  return [{ type: ImportCondition.stale, status: 'True', reason: ImportReason.clustersUnreachable, message }]
}

/** The clusters that the condition of an import names. */
export function staleNames({ status }: ServiceImport): string[] {
  const message = findCondition(status?.conditions, ImportCondition.stale)?.message ?? ''
  const [, names = ''] = /^cannot be reached: ([a-z0-9-]+(?:, [a-z0-9-]+)*)/.exec(message) ?? []
  return names === '' ? [] : names.split(', ')
}
