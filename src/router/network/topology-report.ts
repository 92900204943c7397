/** The topology as a document for people. Pure. */
import type { ReportedLink, ReportedRouter, TopologyReport } from '../../api/network-report.ts'
import type { TopologyView } from '../topology/topology-view.ts'
import { MAX_REPORTED_LINKS, MAX_REPORTED_ROUTERS } from './limits.ts'

export interface ReportBounds {
  readonly routers: number
  readonly links: number
}

const BOUNDS: ReportBounds = { routers: MAX_REPORTED_ROUTERS, links: MAX_REPORTED_LINKS }

/** Routers by cluster and name; links by their ends. */
export function topologyReport(view: TopologyView, bounds: ReportBounds = BOUNDS): TopologyReport {
  const routers = [...view.routers.values()].sort(byClusterAndName)
  const links: ReportedLink[] = view.links()
  const kept = { routers: routers.slice(0, bounds.routers), links: links.slice(0, bounds.links) }
  return {
    self: view.self,
    ...kept,
    omitted: routers.length - kept.routers.length + links.length - kept.links.length,
  }
}

function byClusterAndName(a: ReportedRouter, b: ReportedRouter): number {
  if (a.cluster !== b.cluster) return a.cluster < b.cluster ? -1 : 1
  return a.name < b.name ? -1 : 1
}
