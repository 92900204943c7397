/** The documents about the network that a router serves. */

import { isDnsLabel, type ServiceKey, serviceKey } from '../../api/names.ts'
import { type ReportFault, ReportPath } from '../../api/network-report.ts'
import type { Directory } from '../../api/service-record.ts'
import type { JsonDocument } from '../../core/report-server.ts'
import type { SnapshotSource } from '../../core/snapshot.ts'
import type { ExplainablePort } from '../explain.ts'
import type { RouterInfo } from '../topology/link-graph.ts'
import type { TopologyView } from '../topology/topology-view.ts'
import type { PeerTransports } from './peers.ts'
import { topologyReport } from './topology-report.ts'
import { traceReport } from './trace-report.ts'
import { matching, portNames } from './traced-ports.ts'

/** A RouterNetwork, as far as is told of it. */
export interface ReportedNetwork {
  readonly topology: SnapshotSource<TopologyView>
  readonly lostRouters: readonly RouterInfo[]
  readonly directory: SnapshotSource<Directory>
  readonly peers: Pick<PeerTransports, 'reachable' | 'wayTo'>
}

export interface ReportSources {
  readonly network: ReportedNetwork
  /** Ports of an import and where their next flows would go; none for a service that is not imported. */
  readonly explain: (service: ServiceKey) => readonly ExplainablePort[]
}

type Answer = ReturnType<JsonDocument>

/** Documents by path. */
export function networkReports(sources: ReportSources): ReadonlyMap<string, JsonDocument> {
  return new Map<string, JsonDocument>([
    [ReportPath.topology, () => ({ status: 200, value: topologyOf(sources.network) })],
    [ReportPath.trace, (query) => traceOf(sources, query)],
  ])
}

function topologyOf({ topology, lostRouters, directory, peers }: ReportedNetwork) {
  return topologyReport({
    topology: topology.current(),
    lost: lostRouters,
    reachable: peers.reachable(),
    exporting: directory.current().keys(),
  })
}

function traceOf({ network, explain }: ReportSources, query: URLSearchParams): Answer {
  const [namespace, name, port] = ['namespace', 'name', 'port'].map((key) => query.get(key))
  if (!namespace || !name)
    return fault(400, 'give ?namespace=NAMESPACE&name=SERVICE, and &port=NAME|NUMBER for one port')
  if (port && !isDnsLabel(port)) return fault(400, 'port is neither the name nor the number of a port')
  const service = serviceKey(namespace, name)
  const ports = explain(service)
  const wanted = port ? matching(ports, port) : ports
  if (ports.length > 0 && wanted.length === 0)
    return fault(404, `${service} has no port ${port} in this cluster: it has ${portNames(ports)}`)
  const traced = { topology: network.topology.current(), wayTo: (to: string) => network.peers.wayTo(to) }
  return { status: 200, value: traceReport(service, wanted, traced) }
}

function fault(status: number, error: string): Answer {
  return { status, value: { error } satisfies ReportFault }
}
