/** Where new flows of a service would go, and over which routers, as a document for people. Pure. */

import type { ServiceKey } from '../../api/names.ts'
import type {
  ReportedRouter,
  TraceCandidate,
  TracedPort,
  TraceHop,
  TracePath,
  TraceReport,
} from '../../api/network-report.ts'
import type { Protocol } from '../../api/objects.ts'
import type { TopologyLink, TopologyView } from '../topology/topology-view.ts'
import { MAX_TRACED_PATHS } from './limits.ts'

/** A cluster that flows of a port may go to, as the choice between clusters sees it. */
export interface ExplainedCluster {
  readonly cluster: string
  readonly chosen: boolean
  readonly standby: boolean
  readonly weight: number
  readonly openFlows: number
}

export interface ExplainedPort {
  readonly port: number
  readonly protocol: Protocol
  readonly tiers: readonly (readonly ExplainedCluster[])[]
}

/** Without ports where the router has none for the service. */
export function traceReport(
  service: ServiceKey,
  ports: readonly ExplainedPort[],
  view: TopologyView,
): TraceReport {
  const router = view.routers.get(view.self) ?? { id: view.self, name: '', cluster: '', draining: false }
  const paths = pathsIn(view)
  const candidate = (explained: ExplainedCluster): TraceCandidate => {
    const local = explained.cluster === router.cluster
    return { ...explained, local, paths: local ? [] : paths(explained.cluster) }
  }
  const traced = ports.map(
    ({ tiers, ...port }): TracedPort => ({ ...port, tiers: tiers.map((tier) => tier.map(candidate)) }),
  )
  return { router, service, ports: traced }
}

/** The paths to a cluster, those of its cheapest router first. */
function pathsIn(view: TopologyView): (cluster: string) => readonly TracePath[] {
  const links = new Map(view.links().map((link) => [linkKey(...link.routers), link]))
  const told = new Map<string, readonly TracePath[]>()
  const trace = (cluster: string): readonly TracePath[] =>
    view
      .routersOf(cluster)
      .flatMap(({ cost, roundTripMs, paths }) =>
        paths.map((path) => ({ cost, roundTripMs, hops: hopsOf(view, links, path) })),
      )
      .slice(0, MAX_TRACED_PATHS)
  return (cluster) => {
    const paths = told.get(cluster) ?? trace(cluster)
    told.set(cluster, paths)
    return paths
  }
}

function hopsOf(
  view: TopologyView,
  links: ReadonlyMap<string, TopologyLink>,
  path: readonly string[],
): TraceHop[] {
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
