/** Where new flows of a service would go, and over which routers, as a document for people. Pure. */

import type { ServiceKey } from '../../api/names.ts'
import type {
  TraceCandidate,
  TracedEndpoint,
  TracedEndpoints,
  TracedPort,
  TraceRefused,
  TraceReport,
  TraceWay,
  Way,
} from '../../api/network-report.ts'
import type { ExplainedCluster, ExplainedRefusal } from '../cluster-routes.ts'
import type { ExplainablePort, ExplainedEndpoint, ExplainedEndpoints, ExplainedPort } from '../explain.ts'
import type { TopologyView } from '../topology/topology-view.ts'
import { MAX_TRACED_CLUSTERS, MAX_TRACED_ENDPOINTS, MAX_TRACED_PORTS } from './limits.ts'
import { Room } from './room.ts'
import { pathsIn } from './trace-paths.ts'

/** What the network is to flows. */
export interface TracedNetwork {
  readonly topology: TopologyView
  /** How flows get to another cluster now. */
  readonly wayTo: (cluster: string) => Way
}

export interface TraceBounds {
  readonly ports: number
  /** Of all ports. */
  readonly clusters: number
  /** Of all ports and clusters. */
  readonly endpoints: number
}

const BOUNDS: TraceBounds = {
  ports: MAX_TRACED_PORTS,
  clusters: MAX_TRACED_CLUSTERS,
  endpoints: MAX_TRACED_ENDPOINTS,
}

/** Without ports where the router has none for the service. */
export function traceReport(
  service: ServiceKey,
  ports: readonly ExplainablePort[],
  { topology, wayTo }: TracedNetwork,
  bounds: TraceBounds = BOUNDS,
): TraceReport {
  const self = { id: topology.self, name: '', cluster: '', draining: false }
  const router = topology.routers.get(topology.self) ?? self
  const paths = pathsIn(topology)
  const way = (cluster: string): TraceWay => {
    if (cluster === router.cluster) return { cluster, local: true, paths: [] }
    const kind = wayTo(cluster)
    return { cluster, local: false, way: kind, paths: paths(cluster, kind) }
  }
  const rooms = {
    ports: new Room(bounds.ports),
    clusters: new Room(bounds.clusters),
    endpoints: new Room(bounds.endpoints),
  }
  const traced = rooms.ports.take(ports).flatMap((port) => {
    // What would be left out is not computed either: the router has other things to do.
    if (rooms.clusters.left > 0 && rooms.endpoints.left > 0)
      return [portOf(port.explain(rooms.endpoints.left), way, rooms)]
    rooms.ports.leaveOut(1)
    return []
  })
  return { router, service, ports: traced, omitted: Room.omitted(...Object.values(rooms)) }
}

type WayOf = (cluster: string) => TraceWay

interface Rooms {
  readonly clusters: Room
  readonly endpoints: Room
}

function portOf(explained: ExplainedPort, way: WayOf, rooms: Rooms): TracedPort {
  const { name, port, protocol, affinityMs, headless } = explained
  return {
    name,
    port,
    protocol,
    ...(affinityMs === undefined ? {} : { affinitySeconds: affinityMs / 1_000 }),
    tiers: explained.tiers
      .map((tier) => rooms.clusters.take(tier).map((each) => candidateOf(each, way)))
      .filter((tier) => tier.length > 0),
    refused: rooms.clusters.take(explained.refused).map(refusedOf),
    ...(headless === undefined ? {} : { endpoints: endpointsOf(headless, way, rooms) }),
  }
}

function candidateOf(
  { cluster, chosen, standby, ready, weight, openFlows, behind }: ExplainedCluster,
  way: WayOf,
): TraceCandidate {
  const order = behind === undefined ? {} : { behind }
  return { ...way(cluster), chosen, standby, ready, weight, openFlows, ...order }
}

function refusedOf({ cluster, refusal, awaited, ready }: ExplainedRefusal): TraceRefused {
  return { cluster, reason: refusal, awaited, ready }
}

function endpointsOf(
  { clusters, endpoints, omitted }: ExplainedEndpoints,
  way: WayOf,
  rooms: Rooms,
): TracedEndpoints[] {
  rooms.endpoints.leaveOut(omitted)
  const byCluster = Map.groupBy(endpoints, ({ cluster }) => cluster)
  return rooms.clusters.take(clusters).map((cluster) => ({
    ...way(cluster),
    endpoints: rooms.endpoints.take(byCluster.get(cluster) ?? []).map(endpointOf),
  }))
}

function endpointOf({ id, refusal, awaited, openFlows }: ExplainedEndpoint): TracedEndpoint {
  const reason = refusal === undefined ? {} : { reason: refusal }
  return { id, takesFlows: refusal === undefined, ...reason, awaited, openFlows }
}
