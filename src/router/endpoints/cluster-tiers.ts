/**
 * Which clusters may carry new flows of a service, best first: the rules of locality, weights and readiness. Pure.
 */
import type { RouteSnapshot } from '../../api/route-snapshot.ts'
import type { Directory } from '../../api/service-record.ts'
import { Locality, type TrafficSettings } from '../../api/traffic-settings.ts'
import { exportedPort, type ServiceTarget } from './service-target.ts'

/** What the choice among clusters looks at. */
export interface ClusterView {
  /** This router's own cluster id. */
  readonly self: string
  readonly exports: RouteSnapshot['exports']
  readonly directory: Directory
  readonly traffic: TrafficSettings
  /** Whether flows to another cluster count as possible. */
  readonly reachable: (cluster: string) => boolean
}

/** A cluster with endpoints, and its share of the flows that go to its tier. */
export interface ClusterShare {
  readonly cluster: string
  /** Ready endpoints times the policy's weight, where the smallest weight of the tier counts as 1. */
  readonly weight: number
  /** Only while there is no other: its weight is 0, or its last backends terminate. */
  readonly standby: boolean
}

/** Clusters that are alike: flows go to the first tier with one that was not tried. */
export type ClusterTier = readonly ClusterShare[]

interface Exporter {
  readonly cluster: string
  readonly ready: number
}

/**
 * The tiers of one port. Clusters of weight 0 come behind all others, and behind those the own cluster when it has
 * nothing but terminating backends that still answer. Empty when flows can go nowhere.
 */
export function clusterTiers(view: ClusterView, target: ServiceTarget): readonly ClusterTier[] {
  const { traffic, self } = view
  const ready = exporters(view, target)
  const weighted = ready.filter(({ cluster }) => weightOf(traffic, cluster) > 0)
  const unweighted = ready.filter(({ cluster }) => weightOf(traffic, cluster) <= 0)
  const last: Exporter[] = servesWhileTerminating(view, target) ? [{ cluster: self, ready: 1 }] : []
  return [
    ...byLocality(traffic, self, weighted).map((tier) => sharesOf(traffic, tier)),
    standbys(unweighted),
    standbys(last),
  ].filter((tier) => tier.length > 0)
}

/** Clusters with ready endpoints that locality allows. */
function exporters(view: ClusterView, target: ServiceTarget): Exporter[] {
  const local = exportedPort(view.exports, target)?.backends.filter(({ ready }) => ready).length ?? 0
  const found: Exporter[] = local > 0 ? [{ cluster: view.self, ready: local }] : []
  if (view.traffic.locality === Locality.requireLocal) return found
  for (const cluster of view.directory.keys()) {
    const ready = cluster === view.self ? 0 : readyEndpoints(view.directory, cluster, target)
    if (ready > 0 && view.reachable(cluster)) found.push({ cluster, ready })
  }
  return found
}

function servesWhileTerminating({ exports }: ClusterView, target: ServiceTarget): boolean {
  const backends = exportedPort(exports, target)?.backends ?? []
  return !backends.some(({ ready }) => ready) && backends.some(({ serving }) => serving)
}

function byLocality(traffic: TrafficSettings, self: string, exporters: readonly Exporter[]): Exporter[][] {
  switch (traffic.locality) {
    case Locality.any:
      return [[...exporters]]
    case Locality.failover:
      return inOrder(traffic.failover, exporters)
    case Locality.preferLocal:
    case Locality.requireLocal:
      return inOrder([self], exporters)
  }
}

/** Each of `order` for itself, then the others together. */
function inOrder(order: readonly string[], exporters: readonly Exporter[]): Exporter[][] {
  const named = order.map((name) => exporters.filter(({ cluster }) => cluster === name))
  return [...named, exporters.filter(({ cluster }) => !order.includes(cluster))]
}

function sharesOf(traffic: TrafficSettings, tier: readonly Exporter[]): ClusterTier {
  const unit = Math.min(...tier.map(({ cluster }) => weightOf(traffic, cluster)))
  return tier.map(({ cluster, ready }) => ({
    cluster,
    weight: (ready * weightOf(traffic, cluster)) / unit,
    standby: false,
  }))
}

function standbys(tier: readonly Exporter[]): ClusterTier {
  return tier.map(({ cluster, ready }) => ({ cluster, weight: ready, standby: true }))
}

function weightOf(traffic: TrafficSettings, cluster: string): number {
  return traffic.weights.get(cluster) ?? 1
}

/** Ready endpoints another cluster tells of. */
function readyEndpoints(directory: Directory, cluster: string, target: ServiceTarget): number {
  const record = directory.get(cluster)?.records.get(target.service)
  const port = record?.ports.find(
    (candidate) => candidate.port === target.port && candidate.protocol === target.protocol,
  )
  return port?.readyEndpoints ?? 0
}
