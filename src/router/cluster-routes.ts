/**
 * The clusters a flow can go to now and the way to each: joins the snapshot, the directory and the transports.
 */
import type { FlowTransport } from '../amqp/flow-transport.ts'
import { TraceRefusal, Way } from '../api/network-report.ts'
import type { ClientAffinity, RouteSnapshot } from '../api/route-snapshot.ts'
import type { Directory } from '../api/service-record.ts'
import type { Clock } from '../core/clock.ts'
import type { SnapshotSource } from '../core/snapshot.ts'
import { type Candidate, type Load, take } from './balancer.ts'
import { AffinityTable } from './endpoints/affinity-table.ts'
import { chooseByClient, chooseByLoad } from './endpoints/choose.ts'
import {
  type ClusterShare,
  type ClusterView,
  clusterShares,
  type RefusedCluster,
  rankClusters,
} from './endpoints/cluster-shares.ts'
import type { ExporterIndex } from './endpoints/exporter-index.ts'
import type { Reachability } from './endpoints/reachability.ts'
import { type ServiceTarget, targetKey, trafficOf } from './endpoints/service-target.ts'
import { LoadTable } from './load-table.ts'
import type { PeerTransports } from './network/peers.ts'

export interface ClusterRoutesDeps {
  /** This router's own cluster id. */
  readonly self: string
  readonly snapshot: SnapshotSource<RouteSnapshot>
  readonly exporters: ExporterIndex
  readonly peers: PeerTransports
  readonly reachability: Reachability
  readonly clock: Clock
  /** To backends in the own cluster. */
  readonly local: FlowTransport
}

/** What a client asks for; a ListenerSpec is one. */
export interface RoutedTarget extends ServiceTarget {
  readonly affinity?: ClientAffinity
}

/** A way to one cluster, counted as in use until `release`. */
export interface ChosenRoute {
  readonly cluster: string
  readonly transport: FlowTransport
  readonly load: Load
}

/** A cluster that flows of a port may go to, as the choice between clusters sees it. */
export interface ExplainedCluster extends ClusterShare {
  readonly chosen: boolean
  readonly openFlows: number
}

/** A cluster that they do not go to. */
export interface ExplainedRefusal extends RefusedCluster {
  /** It was lost a moment ago: new flows wait for it. */
  readonly awaited: boolean
}

/** Where flows to a port, or to a port of one endpoint, would go. */
export interface ExplainedTarget {
  readonly tiers: readonly (readonly ExplainedCluster[])[]
  readonly refused: readonly ExplainedRefusal[]
}

type Tiers = readonly (readonly ClusterCandidate[])[]

/** What is known of the clusters of one target. */
interface Ranking {
  readonly tiers: Tiers
  readonly refused: readonly RefusedCluster[]
}

/** Of the way to backends of the own cluster: as near as the nearest neighbour, for where both may serve neither is better. */
const LOCAL_COST = 1

type CostOf = (cluster: string) => number

/** A cluster, and what the way to it costs now. */
class ClusterCandidate implements Candidate {
  readonly name: string
  readonly weight: number
  readonly standby: boolean
  readonly share: ClusterShare
  readonly load: Load
  readonly ejected = false
  readonly #costOf: CostOf | undefined

  /** Without `costOf` the cost does not count. */
  constructor(share: ClusterShare, load: Load, costOf: CostOf | undefined) {
    this.name = share.cluster
    this.weight = share.weight
    this.standby = share.standby
    this.share = share
    this.load = load
    this.#costOf = costOf
  }

  get cost(): number {
    return this.#costOf?.(this.name) ?? LOCAL_COST
  }
}

/** Chooses a cluster for each new flow and counts the flows there. */
export class ClusterRoutes {
  readonly #deps: ClusterRoutesDeps
  readonly #loads = new LoadTable()
  readonly #affinities = new AffinityTable()
  /** Of what was asked for since the last change of anything below. */
  #rankings = new WeakMap<ServiceTarget, Ranking>()
  #snapshot: RouteSnapshot | undefined
  #directory: Directory | undefined
  #reachable: ReadonlySet<string> | undefined
  readonly #costOf = (cluster: string): number => this.#deps.peers.costTo(cluster)

  constructor(deps: ClusterRoutesDeps) {
    this.#deps = deps
  }

  /**
   * The best cluster not in `tried`, which it is added to; undefined when none is left. `target` should be the same
   * object for each flow of a port: what is known of it is kept by identity. `client` is an address.
   */
  choose(target: RoutedTarget, client: string, tried: string[]): ChosenRoute | undefined {
    const { tiers } = this.#rankingOf(target)
    let excluded: readonly string[] = tried
    for (;;) {
      const chosen = this.#chooseFrom(tiers, target, client, excluded)
      if (chosen === undefined) return undefined
      const transport = this.#transportTo(chosen.name)
      if (transport !== undefined) {
        tried.push(chosen.name)
        return this.#use(tiers, chosen, transport)
      }
      excluded = [...excluded, chosen.name]
    }
  }

  /** Whether flows of the port can go to a cluster not in `tried`, also when the link there was lost a moment ago. */
  possible(target: ServiceTarget, tried: readonly string[] = []): boolean {
    return clusterShares(this.#recentView(target), target).some((tier) =>
      tier.some(({ cluster }) => !tried.includes(cluster)),
    )
  }

  /**
   * What `choose` would choose from, which it would be where that does not hang on the client, and which clusters it
   * leaves out, and why; counts nothing.
   */
  explain(target: RoutedTarget): ExplainedTarget {
    const { tiers, refused } = this.#rankingOf(target)
    const chosen = target.affinity === undefined ? this.#nextByLoad(tiers) : undefined
    return {
      tiers: tiers.map((tier) => tier.map((candidate) => this.#explained(candidate, candidate === chosen))),
      refused: refused.map((each) => ({
        ...each,
        refusal: this.#isDraining(each) ? TraceRefusal.draining : each.refusal,
        awaited: each.refusal === TraceRefusal.unreachable && this.#isAwaited(target, each.cluster),
      })),
    }
  }

  #nextByLoad(tiers: Tiers): ClusterCandidate | undefined {
    const tried: string[] = []
    let chosen = chooseByLoad(tiers, tried)
    while (chosen !== undefined && this.#transportTo(chosen.name) === undefined) {
      tried.push(chosen.name)
      chosen = chooseByLoad(tiers, tried)
    }
    return chosen
  }

  #explained({ share, load }: ClusterCandidate, chosen: boolean): ExplainedCluster {
    return { ...share, chosen, openFlows: load.outstanding }
  }

  #isDraining({ cluster, refusal }: RefusedCluster): boolean {
    return refusal === TraceRefusal.unreachable && this.#deps.peers.wayTo(cluster) === Way.draining
  }

  /** New flows wait for it, by the same word as in `possible`. */
  #isAwaited(target: ServiceTarget, cluster: string): boolean {
    const view = this.#recentView(target)
    return clusterShares(view, target).some((tier) => tier.some((share) => share.cluster === cluster))
  }

  release(route: ChosenRoute): void {
    route.load.outstanding -= 1
  }

  #use(tiers: Tiers, chosen: ClusterCandidate, transport: FlowTransport): ChosenRoute {
    for (const tier of tiers) if (tier.includes(chosen)) take(tier, chosen)
    return { cluster: chosen.name, transport, load: chosen.load }
  }

  #chooseFrom(
    tiers: Tiers,
    target: RoutedTarget,
    client: string,
    tried: readonly string[],
  ): ClusterCandidate | undefined {
    const { affinity } = target
    if (affinity === undefined) return chooseByLoad(tiers, tried)
    const now = this.#deps.clock.monotonic()
    const key = `${client}|${targetKey(target)}`
    const chosen = chooseByClient(tiers, tried, key, this.#affinities.get(key, now))
    if (chosen !== undefined) this.#affinities.set(key, chosen.name, now, affinity)
    return chosen
  }

  #rankingOf(target: ServiceTarget): Ranking {
    this.#forgetStale()
    let ranking = this.#rankings.get(target)
    if (ranking === undefined) {
      ranking = this.#rank(target)
      this.#rankings.set(target, ranking)
    }
    return ranking
  }

  #forgetStale(): void {
    const { snapshot, exporters, reachability } = this.#deps
    const unchanged =
      this.#snapshot === snapshot.current() &&
      this.#directory === exporters.directory &&
      this.#reachable === reachability.now
    if (unchanged) return
    this.#snapshot = snapshot.current()
    this.#directory = exporters.directory
    this.#reachable = reachability.now
    this.#rankings = new WeakMap()
    this.#loads.trim()
  }

  #rank(target: ServiceTarget): Ranking {
    const { now } = this.#deps.reachability
    const suffix = targetKey(target)
    const view = this.#view(target, (cluster) => now.has(cluster))
    // Who gives clusters weights says where flows go, however far that is.
    const costOf = view.traffic.weights.size > 0 ? undefined : this.#costOf
    const { tiers, refused } = rankClusters(view, target)
    const candidate = (share: ClusterShare): ClusterCandidate => {
      const load = this.#loads.of(`${share.cluster}|${suffix}`)
      return new ClusterCandidate(share, load, share.cluster === this.#deps.self ? undefined : costOf)
    }
    return { tiers: tiers.map((tier) => tier.map(candidate)), refused }
  }

  /** With the clusters that were lost a moment ago. */
  #recentView(target: ServiceTarget): ClusterView {
    const { reachability } = this.#deps
    return this.#view(target, (cluster) => reachability.recently(cluster))
  }

  #view({ service }: ServiceTarget, reachable: (cluster: string) => boolean): ClusterView {
    const { self, snapshot, exporters } = this.#deps
    const { exports } = snapshot.current()
    return {
      self,
      exports,
      exporters,
      traffic: trafficOf(snapshot.current(), service),
      reachable,
    }
  }

  #transportTo(cluster: string): FlowTransport | undefined {
    return cluster === this.#deps.self ? this.#deps.local : this.#deps.peers.transportTo(cluster)
  }
}
