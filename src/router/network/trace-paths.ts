/** The ways that flows to a cluster take, hop by hop, as the topology has them. Pure. */
import { type ReportedRouter, type TraceHop, type TracePath, Way } from '../../api/network-report.ts'
import type { TopologyLink, TopologyView } from '../topology/topology-view.ts'
import { MAX_TRACED_PATHS } from './limits.ts'

/** The paths to a cluster that is reached that way: those of its cheapest router first. */
export type PathsTo = (cluster: string, way: Way) => readonly TracePath[]

/** Over a data connection it is our own links that count, also where relays would be cheaper. */
export function pathsIn(view: TopologyView): PathsTo {
  const links = new Map(view.links().map((link) => [linkKey(...link.routers), link]))
  const told = new Map<string, readonly TracePath[]>()
  const trace: PathsTo = (cluster, way) => {
    const paths = way === Way.direct ? ownLinks(view, links, cluster) : bestPaths(view, links, cluster)
    const isTaken = ({ hops }: TracePath) => way !== Way.relayed || hops.length > 1
    return paths.filter(isTaken).slice(0, MAX_TRACED_PATHS)
  }
  return (cluster, way) => {
    const paths = told.get(cluster) ?? trace(cluster, way)
    told.set(cluster, paths)
    return paths
  }
}

type Links = ReadonlyMap<string, TopologyLink>

function bestPaths(view: TopologyView, links: Links, cluster: string): TracePath[] {
  return view
    .routersOf(cluster)
    .flatMap(({ cost, roundTripMs, paths }) =>
      paths.map((path) => ({ cost, roundTripMs, hops: hopsOf(view, links, path) })),
    )
}

/** To the routers next to us; those that drain only when there are no others. */
function ownLinks(view: TopologyView, links: Links, cluster: string): TracePath[] {
  const neighbours = [...view.routers.values()]
    .filter((router) => router.cluster === cluster)
    .flatMap(({ id, draining }) => {
      const link = links.get(linkKey(view.self, id))
      return link === undefined ? [] : [{ id, draining, link }]
    })
  const staying = neighbours.filter(({ draining }) => !draining)
  return (staying.length > 0 ? staying : neighbours)
    .map(({ id, link: { cost, roundTripMs } }) => ({ cost, roundTripMs, hops: hopsOf(view, links, [id]) }))
    .sort((one, other) => one.cost - other.cost || one.roundTripMs - other.roundTripMs)
}

function hopsOf(view: TopologyView, links: Links, path: readonly string[]): TraceHop[] {
  return path.map((id, index) => {
    const link = links.get(linkKey(path[index - 1] ?? view.self, id))
    const { name = id, cluster = '' }: Partial<ReportedRouter> = view.routers.get(id) ?? {}
    const measured = link === undefined ? {} : { cost: link.cost, roundTripMs: link.roundTripMs }
    return { router: id, name, cluster, ...measured }
  })
}

function linkKey(one: string, other: string): string {
  return one < other ? `${one} ${other}` : `${other} ${one}`
}
