/** The topology as a document for people, with what is known and cut off. Pure. */
import type { TopologyCluster, TopologyReport, TopologyRouter } from '../../api/network-report.ts'
import type { RouterInfo } from '../topology/link-graph.ts'
import type { TopologyView } from '../topology/topology-view.ts'
import { MAX_REPORTED_CLUSTERS, MAX_REPORTED_LINKS, MAX_REPORTED_ROUTERS } from './limits.ts'
import { Room } from './room.ts'

/** The network, and what is known of it beside what is connected. */
export interface KnownNetwork {
  readonly topology: TopologyView
  /** Routers whose words are still here, and to which no link leads. */
  readonly lost: readonly RouterInfo[]
  /** Clusters that flows can be opened to. */
  readonly reachable: readonly string[]
  /** Clusters that told what they export. */
  readonly exporting: Iterable<string>
}

export interface ReportBounds {
  readonly clusters: number
  readonly routers: number
  readonly links: number
}

const BOUNDS: ReportBounds = {
  clusters: MAX_REPORTED_CLUSTERS,
  routers: MAX_REPORTED_ROUTERS,
  links: MAX_REPORTED_LINKS,
}

/** Clusters by name; routers by cluster and name; links by their ends. */
export function topologyReport(network: KnownNetwork, bounds: ReportBounds = BOUNDS): TopologyReport {
  const { topology } = network
  const routers = routersOf(network)
  const rooms = {
    clusters: new Room(bounds.clusters),
    routers: new Room(bounds.routers),
    links: new Room(bounds.links),
  }
  return {
    self: topology.self,
    clusters: rooms.clusters.take(clustersOf(network, routers)),
    routers: rooms.routers.take(routers),
    links: rooms.links.take(topology.links()),
    omitted: Room.omitted(...Object.values(rooms)),
  }
}

/** A lost router whose place another one has taken, under its name, is nobody's concern any more. */
function routersOf({ topology, lost }: KnownNetwork): TopologyRouter[] {
  const here = [...topology.routers.values()]
  const names = new Set(here.map(nameOf))
  const gone = lost.filter((router) => !topology.routers.has(router.id) && !names.has(nameOf(router)))
  return [
    ...here.map((router) => ({ ...router, reachable: true })),
    ...gone.map((router) => ({ ...router, reachable: false })),
  ].sort(byClusterAndName)
}

function clustersOf(
  { reachable, exporting }: KnownNetwork,
  routers: readonly TopologyRouter[],
): TopologyCluster[] {
  const connected = routers.filter((router) => router.reachable).map(({ cluster }) => cluster)
  const inReach = new Set([...reachable, ...connected])
  const known = new Set([...inReach, ...routers.map(({ cluster }) => cluster), ...exporting])
  return [...known].sort().map((cluster) => ({ cluster, reachable: inReach.has(cluster) }))
}

function nameOf({ cluster, name }: RouterInfo): string {
  return `${cluster}/${name}`
}

function byClusterAndName(a: RouterInfo, b: RouterInfo): number {
  if (a.cluster !== b.cluster) return a.cluster < b.cluster ? -1 : 1
  return a.name < b.name ? -1 : 1
}
