/** The documents about the network that a router serves beside its metrics. */

import { type ServiceKey, serviceKey } from '../../api/names.ts'
import { ReportPath } from '../../api/network-report.ts'
import type { JsonDocument } from '../../core/health.ts'
import type { SnapshotSource } from '../../core/snapshot.ts'
import type { TopologyView } from '../topology/topology-view.ts'
import { topologyReport } from './topology-report.ts'
import { type ExplainedPort, traceReport } from './trace-report.ts'

export interface ReportSources {
  readonly topology: SnapshotSource<TopologyView>
  /** Ports of an import and where their next flows would go; none for a service that is not imported. */
  readonly explain: (service: ServiceKey) => readonly ExplainedPort[]
}

/** Documents by path. */
export function networkReports(sources: ReportSources): ReadonlyMap<string, JsonDocument> {
  return new Map<string, JsonDocument>([
    [ReportPath.topology, () => ({ status: 200, value: topologyReport(sources.topology.current()) })],
    [ReportPath.trace, (query) => trace(sources, query)],
  ])
}

function trace({ topology, explain }: ReportSources, query: URLSearchParams): ReturnType<JsonDocument> {
  const [namespace, name] = [query.get('namespace'), query.get('name')]
  if (!namespace || !name) return { status: 400, value: { error: 'give ?namespace=NAMESPACE&name=SERVICE' } }
  const service = serviceKey(namespace, name)
  return { status: 200, value: traceReport(service, explain(service), topology.current()) }
}
