/**
 * The routers that are reached over others: those that the topology knows paths to, and guests, which have flows to us
 * and to which no path is known. Chooses among them for new flows.
 */
import type {
  FlowChannel,
  FlowError,
  FlowHandler,
  FlowOrigin,
  FlowTransport,
} from '../../amqp/flow-transport.ts'
import type { ResumableTransport } from '../resume/resumable-transport.ts'
import { MAX_GUESTS, MAX_IDLE_GUESTS, MAX_RELAYED_ROUTERS } from './limits.ts'
import type { PathSource, RouterRoute } from './path-source.ts'
import type { PathsDeps } from './paths.ts'
import type { RelayedRequest } from './relay.ts'
import { RelayedConnection } from './relayed-connection.ts'
import type { Vouch } from './vouchers.ts'

export interface RelayedPeersDeps extends PathsDeps {
  readonly source: PathSource
  /** This router, as openings name it. */
  readonly origin: () => FlowOrigin
  readonly vouch: Vouch
  /** Flows on such a connection outlive its paths. */
  readonly createTransport: (connection: RelayedConnection) => ResumableTransport
}

interface RelayedPeer {
  readonly connection: RelayedConnection
  readonly transport: ResumableTransport
}

export class RelayedPeers {
  readonly #deps: RelayedPeersDeps
  /** By cluster, and by router process. */
  readonly #clusters = new Map<string, Map<string, RelayedPeer>>()
  /** Without a path or flows; longest idle first. */
  readonly #idle = new Set<RelayedPeer>()
  /** Cost of the ways to our neighbours, by router process. */
  #nextCosts: ReadonlyMap<string, number> = new Map()
  #guests = 0
  readonly #unfollow: () => void

  constructor(deps: RelayedPeersDeps) {
    this.#deps = deps
    this.#unfollow = deps.source.onChange(() => {
      this.#follow()
      deps.changed()
    })
    this.#follow()
  }

  /** The cheapest router of the cluster that takes flows, of equals the one with the fewest. */
  transportTo(cluster: string): FlowTransport | undefined {
    return this.#bestOf(cluster)?.transport
  }

  /** Infinite when there is no way. */
  costTo(cluster: string): number {
    return this.#bestOf(cluster)?.connection.cost ?? Number.POSITIVE_INFINITY
  }

  /** There are routers of the cluster with a usable path, and no new flows are taken there or on any path. */
  drains(cluster: string): boolean {
    const connections = [...(this.#clusters.get(cluster)?.values() ?? [])].map((peer) => peer.connection)
    const usable = connections.filter((connection) => connection.usable)
    return usable.length > 0 && usable.every((connection) => connection.draining)
  }

  /** What the topology says of the way to a neighbour; 1 when it says nothing. */
  costOfNeighbour(router: string | undefined): number {
    return this.#nextCosts.get(router ?? '') ?? 1
  }

  /** Clusters that a flow can be opened to over relays. */
  reachable(): string[] {
    return [...this.#clusters.keys()].filter((cluster) => this.#bestOf(cluster) !== undefined)
  }

  /** A flow whose origin is reached over relays; undefined when there are too many such origins. */
  accept(request: RelayedRequest, channel: FlowChannel, onOver: () => void): FlowHandler | undefined {
    const peer = this.#peerOf(request.relay.origin)
    if (peer === undefined) return undefined
    this.#idle.delete(peer)
    const { relay: _, ...plain } = request
    return peer.connection.accept(channel, (flow) => peer.transport.accept(plain, flow), onOver)
  }

  /** Processes whose connections have come or gone may be known now, or not be vouched for any more. */
  joinAll(): void {
    for (const [cluster, routers] of this.#clusters) this.#join(cluster, routers)
  }

  /** Ends all that is shared with clusters that have gone, and forgets their routers. */
  endAllWith(isConcerned: (cluster: string) => boolean, why: FlowError): void {
    for (const [cluster, routers] of [...this.#clusters]) {
      if (!isConcerned(cluster)) continue
      this.#clusters.delete(cluster)
      for (const peer of routers.values()) this.#end(peer, why)
    }
  }

  /** Ends all that is left. */
  close(why: FlowError): void {
    this.#unfollow()
    for (const routers of this.#clusters.values()) {
      for (const { connection } of routers.values()) connection.close(why)
    }
  }

  #bestOf(cluster: string): RelayedPeer | undefined {
    let best: RelayedPeer | undefined
    for (const peer of this.#clusters.get(cluster)?.values() ?? []) {
      const { connection } = peer
      if (!connection.usable || connection.draining) continue
      if (best === undefined || isBetter(connection, best.connection)) best = peer
    }
    return best
  }

  // The topology

  #follow(): void {
    const { source } = this.#deps
    const costs = new Map<string, number>()
    const listed = new Set<RelayedPeer>()
    for (const cluster of source.clusters()) {
      for (const route of source.routesOf(cluster)) {
        if (route.paths.some(({ length }) => length === 1)) costs.set(route.router, route.cost)
        if (listed.size < MAX_RELAYED_ROUTERS) listed.add(this.#list(route))
      }
    }
    this.#nextCosts = costs
    this.#unlist(listed)
    this.joinAll()
  }

  #list(route: RouterRoute): RelayedPeer {
    const known = this.#clusters.get(route.cluster)?.get(route.router)
    const peer = known ?? this.#add(route)
    if (known !== undefined && !peer.connection.isListed) this.#guests -= 1
    this.#idle.delete(peer)
    peer.connection.follow(route)
    return peer
  }

  #unlist(listed: ReadonlySet<RelayedPeer>): void {
    for (const routers of this.#clusters.values()) {
      for (const peer of routers.values()) {
        if (listed.has(peer) || !peer.connection.isListed) continue
        peer.connection.follow(undefined)
        this.#guests += 1
        this.#rest(peer)
      }
    }
  }

  /** What two router processes call themselves at once tells nothing of either: flows with them cannot be resumed then. */
  #join(cluster: string, routers: ReadonlyMap<string, RelayedPeer>): void {
    const named = new Map<string, number>()
    for (const { name } of this.#deps.source.routesOf(cluster)) named.set(name, (named.get(name) ?? 0) + 1)
    for (const { connection, transport } of routers.values()) {
      const isAmbiguous = (named.get(connection.peer.containerId) ?? 0) > 1
      if (transport.process === undefined && !connection.isClosed && !isAmbiguous) transport.opened()
    }
  }

  // Guests

  #peerOf(origin: FlowOrigin): RelayedPeer | undefined {
    const known = this.#clusters.get(origin.cluster)?.get(origin.router)
    if (known !== undefined)
      return known.connection.isClosed || known.connection.peer.containerId !== origin.name
        ? undefined
        : known
    if (this.#guests >= MAX_GUESTS) return undefined
    this.#guests += 1
    const peer = this.#add(origin)
    peer.transport.opened()
    return peer
  }

  #add({ cluster, router, name }: FlowOrigin): RelayedPeer {
    const connection = new RelayedConnection(
      { ...this.#deps, flowOver: () => this.#rest(peer) },
      { cluster, router, name },
    )
    const peer = { connection, transport: this.#deps.createTransport(connection) }
    const routers = this.#clusters.get(cluster) ?? new Map()
    this.#clusters.set(cluster, routers.set(router, peer))
    return peer
  }

  /** It is not listed under its cluster any more. */
  #end(peer: RelayedPeer, why: FlowError): void {
    if (!peer.connection.isListed) this.#guests -= 1
    this.#idle.delete(peer)
    peer.connection.close(why)
    peer.transport.closed(false)
  }

  /** Perhaps nothing needs it any more. */
  #rest(peer: RelayedPeer): void {
    const { isListed, openFlows, isClosed } = peer.connection
    if (isListed || isClosed || openFlows > 0) return
    this.#idle.add(peer)
    for (const oldest of this.#idle) {
      if (this.#idle.size <= MAX_IDLE_GUESTS) return
      this.#forget(oldest)
    }
  }

  #forget(peer: RelayedPeer): void {
    const { connection, transport } = peer
    const routers = this.#clusters.get(connection.cluster)
    this.#idle.delete(peer)
    this.#guests -= 1
    routers?.delete(connection.peer.instance ?? '')
    if (routers?.size === 0) this.#clusters.delete(connection.cluster)
    transport.closed(false)
  }
}

function isBetter(one: RelayedConnection, other: RelayedConnection): boolean {
  return one.cost === other.cost ? one.openFlows < other.openFlows : one.cost < other.cost
}
