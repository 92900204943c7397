/**
 * Which clusters may carry new flows of a port now, best first, and their shares: readiness and reachability under the
 * policy's order. Pure.
 */
import { type RankOf, rankBySelectors } from '../../api/cluster-selectors.ts'
import { clusterTiers, type TierRules, weightOf } from '../../api/cluster-tiers.ts'
import type { RouteSnapshot } from '../../api/route-snapshot.ts'
import { type ClusterExport, compareExports, type ServiceRecord } from '../../api/service-record.ts'
import type { ExporterIndex } from './exporter-index.ts'
import { exportedPort, isOf, type ServiceTarget } from './service-target.ts'

/** What the choice among clusters looks at. */
export interface ClusterView {
  /** This router's own cluster id. */
  readonly self: string
  readonly exports: RouteSnapshot['exports']
  readonly exporters: ExporterIndex
  readonly traffic: TierRules
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
export type ShareTier = readonly ClusterShare[]

interface Exporter {
  readonly cluster: string
  readonly ready: number
}

/** The tiers of one port; last the own cluster when its only backends terminate. Empty when flows can go nowhere. */
export function clusterShares(view: ClusterView, target: ServiceTarget): readonly ShareTier[] {
  const { traffic, self } = view
  const rankOf = target.endpoint === undefined ? serviceRanks(view, target) : undefined
  const tiers = clusterTiers(traffic, self, exporters(view, target), rankOf).map((tier) =>
    sharesOf(traffic, tier),
  )
  if (!servesWhileTerminating(view, target)) return tiers
  return [...tiers, [{ cluster: self, weight: 1, standby: true }]]
}

/** By the selectors of the oldest export. */
function serviceRanks({ self, exporters }: ClusterView, { service }: ServiceTarget): RankOf | undefined {
  const { directory } = exporters
  let oldest: ClusterExport | undefined
  for (const cluster of exporters.exportersOf(service)) {
    const record = directory.get(cluster)?.records.get(service)
    if (record === undefined) continue
    const candidate = { cluster, record }
    if (oldest === undefined || compareExports(candidate, oldest) < 0) oldest = candidate
  }
  const propertiesOf = (cluster: string) => directory.get(cluster)?.facts?.properties
  return rankBySelectors(oldest?.record.clusterSelectors, propertiesOf, self)
}

/** Clusters with ready endpoints; of one endpoint its own cluster at most. */
function exporters(view: ClusterView, target: ServiceTarget): Exporter[] {
  const found: Exporter[] = []
  for (const cluster of candidates(view, target)) {
    const ready =
      cluster === view.self ? localEndpoints(view, target) : readyEndpoints(view.exporters, cluster, target)
    if (ready > 0 && (cluster === view.self || view.reachable(cluster))) found.push({ cluster, ready })
  }
  return found
}

function candidates({ self, exporters }: ClusterView, { service, endpoint }: ServiceTarget): Set<string> {
  if (endpoint !== undefined) return new Set([endpoint.cluster])
  return new Set([self, ...exporters.exportersOf(service)])
}

/** Ready endpoints of the own cluster. */
function localEndpoints({ exports }: ClusterView, target: ServiceTarget): number {
  const backends = exportedPort(exports, target)?.backends ?? []
  return backends.filter((backend) => backend.ready && isOf(backend, target)).length
}

function servesWhileTerminating({ exports }: ClusterView, target: ServiceTarget): boolean {
  if (target.endpoint !== undefined) return false
  const backends = exportedPort(exports, target)?.backends ?? []
  return !backends.some(({ ready }) => ready) && backends.some(({ serving }) => serving)
}

/** All clusters of a tier have a weight, or none has. */
function sharesOf(traffic: TierRules, tier: readonly Exporter[]): ShareTier {
  const unit = Math.min(...tier.map(({ cluster }) => weightOf(traffic, cluster)))
  return tier.map(({ cluster, ready }) => ({
    cluster,
    weight: unit === 0 ? ready : (ready * weightOf(traffic, cluster)) / unit,
    standby: unit === 0,
  }))
}

/** Ready endpoints another cluster tells of. */
function readyEndpoints({ directory }: ExporterIndex, cluster: string, target: ServiceTarget): number {
  const record = directory.get(cluster)?.records.get(target.service)
  const place =
    record?.ports.findIndex(
      (candidate) => candidate.port === target.port && candidate.protocol === target.protocol,
    ) ?? -1
  if (record === undefined || place === -1) return 0
  if (target.endpoint !== undefined) return isReadyAt(record, target.endpoint.id, place) ? 1 : 0
  return record.ports[place]?.readyEndpoints ?? 0
}

/** Whether the record has the endpoint, ready, with the port at that place. */
function isReadyAt({ endpoints }: ServiceRecord, id: string, place: number): boolean {
  const endpoint = endpoints?.find((candidate) => candidate.id === id)
  if (endpoint === undefined || endpoint.unready === true) return false
  return endpoint.ports === undefined || endpoint.ports.includes(place)
}
