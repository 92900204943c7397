/**
 * Where a new flow goes: pure choices over what is known now. Knows no sockets and keeps nothing.
 */
import type { ServiceKey } from '../api/names.ts'
import type { Protocol } from '../api/objects.ts'
import type { Backend, RouteSnapshot } from '../api/route-snapshot.ts'
import type { Directory } from '../api/service-record.ts'
import type { Load } from './load-table.ts'

/** One port of one exported Service. */
export interface ServiceTarget {
  readonly service: ServiceKey
  readonly protocol: Protocol
  readonly port: number
}

/** What a choice among clusters looks at. */
export interface ClusterView {
  /** This router's own cluster id. */
  readonly self: string
  readonly exports: RouteSnapshot['exports']
  readonly directory: Directory
  /** Clusters that a flow can be opened to now. */
  readonly reachable: readonly string[]
  readonly loadOf: (cluster: string) => Load
}

/** Ready backends of an exported port; undefined when it is not exported here. */
export function readyBackends(
  exports: RouteSnapshot['exports'],
  target: ServiceTarget,
): readonly Backend[] | undefined {
  const port = exports
    .get(target.service)
    ?.find((candidate) => candidate.port === target.port && candidate.protocol === target.protocol)
  return port?.backends.filter((backend) => backend.ready)
}

/**
 * The cluster to open a flow to: the own one while it has a ready backend, else the reachable exporter with the fewest
 * outstanding flows for each ready endpoint; equals take turns. Undefined when none is left that was not tried.
 */
export function chooseCluster(
  view: ClusterView,
  target: ServiceTarget,
  tried: readonly string[],
): string | undefined {
  const local = readyBackends(view.exports, target)
  if (local !== undefined && local.length > 0 && !tried.includes(view.self)) return view.self
  const candidates = view.reachable.filter(
    (cluster) =>
      cluster !== view.self &&
      !tried.includes(cluster) &&
      readyEndpoints(view.directory, cluster, target) > 0,
  )
  return leastLoaded(candidates, view.loadOf, (cluster) => readyEndpoints(view.directory, cluster, target))
}

/** The ready backend with the fewest outstanding flows; equals take turns. Undefined when all were tried. */
export function chooseBackend(
  backends: readonly Backend[],
  loadOf: (backend: Backend) => Load,
  tried: readonly Backend[],
): Backend | undefined {
  const fresh = backends.filter((backend) => !tried.some((other) => sameBackend(backend, other)))
  return leastLoaded(fresh, loadOf, () => 1)
}

function sameBackend(a: Backend, b: Backend): boolean {
  return a.address === b.address && a.port === b.port
}

function readyEndpoints(directory: Directory, cluster: string, target: ServiceTarget): number {
  const record = directory.get(cluster)?.records.get(target.service)
  const port = record?.ports.find(
    (candidate) => candidate.port === target.port && candidate.protocol === target.protocol,
  )
  return port?.readyEndpoints ?? 0
}

/** Least outstanding per unit of weight, then longest unused, then first. */
function leastLoaded<T>(
  candidates: readonly T[],
  loadOf: (candidate: T) => Load,
  weightOf: (candidate: T) => number,
): T | undefined {
  let best: T | undefined
  let bestLoad = Number.POSITIVE_INFINITY
  let bestUsed = Number.POSITIVE_INFINITY
  for (const candidate of candidates) {
    const { outstanding, lastUsed } = loadOf(candidate)
    const load = outstanding / weightOf(candidate)
    if (load > bestLoad || (load === bestLoad && lastUsed >= bestUsed)) continue
    best = candidate
    bestLoad = load
    bestUsed = lastUsed
  }
  return best
}
