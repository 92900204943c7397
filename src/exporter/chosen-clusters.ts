/**
 * The clusters that new flows to a port of an import go to now, by readiness and policy. Pure.
 */
import type { RankOf } from '../api/cluster-selectors.ts'
import { clusterTiers, type TierRules } from '../api/cluster-tiers.ts'
import { type MergedPort, portKey } from '../api/merged-ports.ts'
import type { ClusterExport } from '../api/service-record.ts'
import { Locality } from '../api/traffic-settings.ts'
import type { MergedService } from './service-merge.ts'

export interface ChoiceContext {
  readonly traffic: TierRules
  /** This cluster's id. */
  readonly cluster: string
  /** Readiness of this cluster's own endpoints where it is known better than by its record. */
  readonly localReady?: boolean
  /** Clusters that have been out of reach for long: chosen only where nobody else is left. */
  readonly stale?: ReadonlySet<string> | undefined
  /** By the service's cluster selectors. Absent: all are alike. */
  readonly rankOf?: RankOf | undefined
}

/** True when the cluster has an endpoint for new flows behind the port. */
export function isReadyIn({ record }: ClusterExport, port: MergedPort): boolean {
  return record.ports.some((each) => portKey(each) === portKey(port) && each.readyEndpoints > 0)
}

/** The first choice; none when nobody may be chosen. */
export function chosenClusters(
  { exporters }: Pick<MergedService, 'exporters'>,
  port: MergedPort,
  { traffic, cluster, localReady, stale, rankOf }: ChoiceContext,
): string[] {
  const ready = exporters.filter((exporter) =>
    exporter.cluster === cluster && localReady !== undefined ? localReady : isReadyIn(exporter, port),
  )
  const fresh = stale === undefined ? ready : ready.filter((exporter) => !stale.has(exporter.cluster))
  const tiers = (exports: readonly ClusterExport[]) => clusterTiers(traffic, cluster, exports, rankOf)
  const [first = []] = [...tiers(fresh), ...tiers(ready)]
  return first.map((exporter) => exporter.cluster)
}

/**
 * Whether clients are sent to the ready endpoints of another cluster that a headless import names one by one: not where
 * flows stay at home, and to those of a stale cluster only while no fresh one has any.
 */
export function isOffering(
  { exporters }: Pick<MergedService, 'exporters'>,
  cluster: string,
  { traffic, stale }: Pick<ChoiceContext, 'traffic' | 'stale'>,
): boolean {
  if (traffic.locality === Locality.requireLocal) return false
  if (stale?.has(cluster) !== true) return true
  return !exporters.some((exporter) => !stale.has(exporter.cluster) && hasReadyEndpoint(exporter))
}

function hasReadyEndpoint({ record }: ClusterExport): boolean {
  return record.ports.some(({ readyEndpoints }) => readyEndpoints > 0)
}
