/**
 * Namespaces that exports are in and that a cluster does not have: what it tells the others, and what they say of it on
 * their exports. Pure.
 */
import { ExportCondition, ExportReason } from '../api/mcs.ts'
import type { ServiceKey } from '../api/names.ts'
import type { Directory } from '../api/service-record.ts'
import type { Verdict } from '../api/verdicts.ts'
import { namedClusters } from './cluster-names.ts'
import { MISSING_NAMESPACES_MAX } from './limits.ts'
import { splitKey } from './stores.ts'

/** Of the namespaces that these services are in, those that `isLive` does not know, sorted; the first of them when they are many. */
export function missingNamespaces(
  services: Iterable<ServiceKey>,
  isLive: (namespace: string) => boolean,
): readonly string[] {
  const exported = new Set([...services].map((key) => splitKey(key).namespace))
  return [...exported]
    .filter((namespace) => !isLive(namespace))
    .sort()
    .slice(0, MISSING_NAMESPACES_MAX)
}

/** Clusters that say that they do not have the namespace, sorted. */
export function clustersWithout(directory: Directory, namespace: string): readonly string[] {
  return [...directory.values()]
    .filter(({ facts }) => facts?.missingNamespaces?.includes(namespace) === true)
    .map(({ cluster }) => cluster)
    .sort()
}

/** Namespaces that some cluster says something else about than before. */
export function changedNamespaces(next: Directory, previous: Directory): ReadonlySet<string> {
  const changed = new Set<string>()
  for (const cluster of new Set([...next.keys(), ...previous.keys()])) {
    const after = next.get(cluster)?.facts?.missingNamespaces ?? []
    const before = previous.get(cluster)?.facts?.missingNamespaces ?? []
    if (after === before) continue
    for (const namespace of after) if (!before.includes(namespace)) changed.add(namespace)
    for (const namespace of before) if (!after.includes(namespace)) changed.add(namespace)
  }
  return changed
}

/** The condition of an export that names the clusters without its namespace; there is none while all have it. */
export function waiting(namespace: string, clusters: readonly string[]): Verdict[] {
  if (clusters.length === 0) return []
  const message = `there is no namespace ${namespace} in: ${namedClusters(clusters)}`
  return [{ type: ExportCondition.imported, status: 'False', reason: ExportReason.namespaceMissing, message }]
}
