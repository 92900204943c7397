/**
 * The endpoints of a headless import that are in other clusters, as their records tell, and which router ports they ask
 * for. Pure. Records come from peers: ids may come twice, and ports may be none.
 */
import { type MergedPort, type PortKey, portKey } from '../api/merged-ports.ts'
import type { EndpointName } from '../api/route-snapshot.ts'
import type { ClusterExport, RecordEndpoint, ServiceRecord } from '../api/service-record.ts'
import { byNaturalOrder } from './headless-endpoints.ts'
import { ENDPOINT_PORTS_PER_IMPORT } from './limits.ts'
import { carriedPorts, type ListenPorts } from './listen-ports.ts'
import { endpointPortKey } from './port-merge.ts'
import type { MergedService } from './service-merge.ts'

export interface RemoteEndpoint extends EndpointName {
  /** Its label in DNS. */
  readonly hostname: string
  readonly ready: boolean
  /** Its address in the whole clusterset; absent without globalnet. */
  readonly globalIp?: string
  /** Those of the import's ports that it serves and that routers can carry. */
  readonly ports: readonly MergedPort[]
}

/** Of all clusters but `self`; none unless the import is headless. Those that serve no port are not among them. */
export function remoteEndpoints(merged: MergedService, self: string): RemoteEndpoint[] {
  if (merged.type !== 'Headless') return []
  return merged.exporters
    .filter(({ cluster }) => cluster !== self)
    .flatMap((exporter) => endpointsOf(exporter, merged))
}

function endpointsOf({ cluster, record }: ClusterExport, merged: MergedService): RemoteEndpoint[] {
  const served = portsByPlace(record, merged)
  const found = new Map<string, RemoteEndpoint>()
  for (const endpoint of record.endpoints ?? []) {
    const ports = portsOf(endpoint, served)
    if (ports.length === 0 || found.has(endpoint.id)) continue
    const { id, hostname = id, unready, globalIp } = endpoint
    const address = globalIp === undefined ? {} : { globalIp }
    found.set(id, { cluster, id, hostname, ready: unready !== true, ports, ...address })
  }
  return [...found.values()].sort((left, right) => byNaturalOrder(left.id, right.id))
}

/** What the import calls the ports of a record, by their place there; in the order of the import. */
function portsByPlace(record: ServiceRecord, merged: MergedService): Map<number, MergedPort> {
  const places = new Map(record.ports.map((port, place) => [portKey(port), place]))
  const found = new Map<number, MergedPort>()
  for (const port of carriedPorts(merged.ports)) {
    const place = places.get(portKey(port))
    if (place !== undefined) found.set(place, port)
  }
  return found
}

function portsOf({ ports }: RecordEndpoint, served: ReadonlyMap<number, MergedPort>): MergedPort[] {
  const wanted = ports === undefined ? undefined : new Set(ports)
  return [...served].filter(([place]) => wanted?.has(place) ?? true).map(([, port]) => port)
}

/** The keys under which an endpoint owns router ports. */
export function endpointPortKeys(endpoint: RemoteEndpoint): PortKey[] {
  return endpoint.ports.map((port) => endpointPortKey(endpoint, portKey(port)))
}

/**
 * The ports that should have a router port, the most urgent first, for not all of them may get one: clusters in turn, so
 * that none takes the share of another, and of each cluster first the endpoints that have theirs.
 */
export function portsInTurn(endpoints: readonly RemoteEndpoint[], held: ListenPorts): PortKey[] {
  const isHeld = (endpoint: RemoteEndpoint) => endpointPortKeys(endpoint).some((port) => held.has(port))
  const queues = [...Map.groupBy(endpoints, ({ cluster }) => cluster).values()].map((all) => {
    const [before, others] = [all.filter(isHeld), all.filter((endpoint) => !isHeld(endpoint))]
    return [...before, ...others]
  })
  const ports: PortKey[] = []
  for (let turn = 0; ports.length < ENDPOINT_PORTS_PER_IMPORT; turn++) {
    const next = queues.flatMap((queue) => queue[turn] ?? [])
    if (next.length === 0) break
    ports.push(...next.flatMap(endpointPortKeys))
  }
  return ports
}
