/**
 * The clusters a flow can go to now and the way to each: joins the snapshot, the directory and the transports.
 */
import type { FlowTransport } from '../amqp/flow-transport.ts'
import type { RouteSnapshot } from '../api/route-snapshot.ts'
import type { Directory } from '../api/service-record.ts'
import type { SnapshotSource } from '../core/snapshot.ts'
import { chooseCluster, type ServiceTarget } from './balancer.ts'
import { LoadTable } from './load-table.ts'
import type { PeerTransports } from './network/peers.ts'

export interface ClusterRoutesDeps {
  /** This router's own cluster id. */
  readonly self: string
  readonly snapshot: SnapshotSource<RouteSnapshot>
  readonly directory: SnapshotSource<Directory>
  readonly peers: PeerTransports
  /** To backends in the own cluster. */
  readonly local: FlowTransport
}

/** A way to one cluster, counted as in use until `release`. */
export interface ChosenRoute {
  readonly cluster: string
  readonly transport: FlowTransport
  readonly loadKey: string
}

/** Chooses a cluster for each new flow and counts the flows there. */
export class ClusterRoutes {
  readonly #deps: ClusterRoutesDeps
  readonly #loads = new LoadTable()

  constructor(deps: ClusterRoutesDeps) {
    this.#deps = deps
  }

  /** The best cluster not in `tried`, which it is added to; undefined when none is left. */
  choose(target: ServiceTarget, tried: string[]): ChosenRoute | undefined {
    const { self, snapshot, directory, peers } = this.#deps
    const suffix = `|${target.service}|${target.protocol}|${target.port}`
    const view = {
      self,
      exports: snapshot.current().exports,
      directory: directory.current(),
      reachable: peers.reachable(),
      loadOf: (cluster: string) => this.#loads.get(cluster + suffix),
    }
    for (;;) {
      const cluster = chooseCluster(view, target, tried)
      if (cluster === undefined) return undefined
      tried.push(cluster)
      const transport = this.#transportTo(cluster)
      if (transport !== undefined) return this.#use(cluster, transport, cluster + suffix)
    }
  }

  release(route: ChosenRoute): void {
    this.#loads.release(route.loadKey)
  }

  #use(cluster: string, transport: FlowTransport, loadKey: string): ChosenRoute {
    this.#loads.acquire(loadKey)
    return { cluster, transport, loadKey }
  }

  #transportTo(cluster: string): FlowTransport | undefined {
    return cluster === this.#deps.self ? this.#deps.local : this.#deps.peers.transportTo(cluster)
  }
}
