/**
 * The data connections of this router and the flows that outlive them: joins each connection with the layer that
 * resumes, and tells that layer what becomes of it.
 */
import { availableParallelism } from 'node:os'
import { type FlowAcceptor, FlowCondition, type FlowOrigin } from '../../amqp/flow-transport.ts'
import type { ServiceKey } from '../../api/names.ts'
import type { LineSettings, RouteSnapshot } from '../../api/route-snapshot.ts'
import { DEFAULT_TRAFFIC } from '../../api/traffic-settings.ts'
import { ByteBudget } from '../../core/byte-budget.ts'
import type { Clock } from '../../core/clock.ts'
import type { Metrics } from '../../core/metrics.ts'
import type { SnapshotSource } from '../../core/snapshot.ts'
import type { Side } from '../../link/control-channel.ts'
import type { DataLine } from '../../link/data-lines.ts'
import type { AdmittedPeer } from '../../link/peer-chain.ts'
import type { PeerSocket } from '../../link/tls-connect.ts'
import { type PeerIdentity, Role } from '../../pki/identity.ts'
import { NO_PATHS, type PathSource } from '../relay/path-source.ts'
import { isRelayed, Relay } from '../relay/relay.ts'
import type { RelayedConnection } from '../relay/relayed-connection.ts'
import { RelayedPeers } from '../relay/relayed-peers.ts'
import type { Vouchers } from '../relay/vouchers.ts'
import { FlowKeeper } from '../resume/flow-keeper.ts'
import type { RawConnection } from '../resume/raw-connection.ts'
import { REVOKED, STOPPED } from '../resume/reasons.ts'
import { ResumableTransport } from '../resume/resumable-transport.ts'
import { TokenSource } from '../resume/token-source.ts'
import { ClusterPeers } from './cluster-peers.ts'
import { type CreateDataConnection, containerIdOf } from './data-connection.ts'
import { DEFAULT_BUDGET_BYTES, MANY_PROCESSORS } from './limits.ts'
import { PeerTable } from './peer-table.ts'
import type { PeerTransports } from './peers.ts'

export interface DataConnectionsDeps {
  readonly snapshot: SnapshotSource<RouteSnapshot>
  /** Who decides about flows that `peer` opens to us, directly or over relays. */
  readonly acceptFlow: (peer: PeerIdentity) => FlowAcceptor
  readonly clock: Clock
  readonly metrics: Metrics
  readonly createDataConnection: CreateDataConnection
  /** Memory for bytes of flows, shared with whatever else holds them. */
  readonly budget?: ByteBudget
  /** Paths to routers that are not next to us; absent: flows go to neighbours only. */
  readonly paths?: PathSource
  /** Whether nothing is shared with a cluster: it was revoked. */
  readonly isGone?: (cluster: string) => boolean
  /** Signs for flows over relays, and says which are to be believed. */
  readonly vouchers: Pick<Vouchers, 'vouch' | 'verify'>
  readonly random?: () => number
}

/** The peer says that nothing of its flows can be resumed. */
const ENDS: ReadonlySet<string> = new Set([FlowCondition.stopped, FlowCondition.revoked])

/** This process as its peers know it. */
export interface OwnProcess {
  /** Random for each process: 32 lower-case hex digits. */
  readonly instance: string
  /** For people, and the same over restarts: that of its pod. Unique in its cluster. */
  readonly name: string
  /** By its certificate. Asked only when it is known. */
  readonly identity: () => PeerIdentity
}

/** Beside the control session of each link that is dialled: more than one when there are processors for it. */
export function dataConnectionsPerLink(processors = availableParallelism()): number {
  return processors >= MANY_PROCESSORS ? 2 : 1
}

export class DataConnections {
  /** The ways to other clusters. */
  readonly peers: PeerTransports
  readonly #deps: DataConnectionsDeps
  readonly #own: OwnProcess
  readonly #direct: PeerTable
  readonly #relayed: RelayedPeers
  readonly #relay: Relay
  readonly #keeper: FlowKeeper
  readonly #tokens = new TokenSource()
  #draining = false

  constructor(deps: DataConnectionsDeps, own: OwnProcess) {
    this.#deps = deps
    this.#own = own
    const budget = deps.budget ?? new ByteBudget(DEFAULT_BUDGET_BYTES)
    this.#keeper = new FlowKeeper({ ...deps, budget })
    this.#direct = new PeerTable(
      () => this.#keeper.suspendedFlows,
      (instance) => this.#relayed.costOfNeighbour(instance),
      (cluster) => cluster === own.identity().cluster,
    )
    this.#relayed = this.#createRelayed()
    this.#relay = this.#createRelay(budget)
    this.peers = new ClusterPeers(this.#direct, this.#relayed)
    this.#direct.onChange(() => {
      this.#relayed.joinAll()
      this.#keeper.wake()
    })
    deps.metrics.observe('fairlead_link_data_connections', 'Data connections open', () => this.#direct.size)
  }

  /** Takes over an authenticated socket. What was dialled carries flows once it is said to be used: it may lead elsewhere. */
  open({ socket, peer }: PeerSocket, side: Side, line?: LineSettings): DataLine {
    const { createDataConnection } = this.#deps
    const known = Promise.withResolvers<string | undefined>()
    const draining = Promise.withResolvers<void>()
    const connection = createDataConnection(socket, {
      side,
      peer,
      instance: this.#own.instance,
      containerId: this.#origin().name,
      line,
      accept: (request, channel) =>
        isRelayed(request)
          ? this.#relay.accept(request, channel, { cluster: peer.cluster, connection })
          : transport.accept(request, channel),
      onOpen: () => {
        known.resolve(connection.peer?.instance)
        if (side === 'acceptor') opened()
      },
      onDraining: () => {
        draining.resolve()
        this.#direct.changed()
      },
    })
    const opened = () => {
      transport.opened()
      if (this.#draining) connection.drain()
      this.#direct.changed()
    }
    const transport = this.#resumable(connection, peer.cluster, this.#deps.acceptFlow(peer))
    const add = () =>
      this.#direct.add(peer.cluster, { connection, transport, isAccepted: side === 'acceptor', peer })
    void connection.whenClosed.then(({ origin, condition }) =>
      transport.closed(origin === 'peer' && ENDS.has(condition)),
    )
    connection.start()
    if (side === 'acceptor') add()
    return {
      use: () => {
        if (!connection.usable) return
        add()
        opened()
      },
      whenClosed: connection.whenClosed,
      whenKnown: known.promise,
      whenDraining: draining.promise,
      close: (reason) => connection.close(reason),
    }
  }

  /** Ends the connections that one process of a cluster dialled: its packets are lost on the way. */
  closeAccepted(cluster: string, instance: string, reason: string): void {
    this.#direct.closeAccepted(cluster, instance, reason)
  }

  /** Ends connections with peers that are not admitted any more, and all flows with clusters that have gone. */
  endGone(isVoid: (peer: AdmittedPeer) => boolean, isGone: (cluster: string) => boolean): void {
    this.#direct.closeVoid(isVoid, REVOKED)
    this.#relayed.endAllWith(isGone, REVOKED)
    this.#relay.endAllWith(isGone, REVOKED)
    // Last: flows that have just lost their connection wait for another one now.
    this.#keeper.endAllWith(isGone, REVOKED)
    this.#direct.changed()
  }

  /** Tells all peers, also those to come, to open no more flows here. */
  drain(): void {
    this.#draining = true
    this.#relay.drain()
    this.#direct.drainAll()
  }

  /** Ends everything, and tells the peers that nothing can be resumed with this process. */
  async stop(): Promise<void> {
    this.#keeper.stop(STOPPED)
    this.#relayed.close(STOPPED)
    this.#relay.stop()
    await this.#direct.closeAll(STOPPED)
  }

  #resumable(connection: RawConnection, cluster: string, accept: FlowAcceptor): ResumableTransport {
    const graceOf = (service: string): number => this.#graceOf(service)
    const deps = { keeper: this.#keeper, tokens: this.#tokens, graceOf, accept }
    return new ResumableTransport(deps, connection, cluster)
  }

  #createRelayed(): RelayedPeers {
    const { clock, paths = NO_PATHS } = this.#deps
    return new RelayedPeers({
      clock,
      source: paths,
      origin: () => this.#origin(),
      vouch: this.#deps.vouchers.vouch,
      hopTo: (router) => this.#direct.neighbour(router)?.connection,
      changed: () => this.#direct.changed(),
      createTransport: (connection) => this.#overRelays(connection),
    })
  }

  #createRelay(budget: ByteBudget): Relay {
    return new Relay({
      ...this.#deps,
      verifyOrigin: this.#deps.vouchers.verify,
      budget,
      here: () => this.#origin(),
      neighbour: (router) => this.#direct.neighbour(router),
      take: (request, channel, onOver) => this.#relayed.accept(request, channel, onOver),
    })
  }

  /** Who is at its other end was told over relays, and signed. */
  #overRelays(connection: RelayedConnection): ResumableTransport {
    const { cluster } = connection
    const accept: FlowAcceptor = (request, channel) => {
      const { clusterset } = this.#own.identity()
      return this.#deps.acceptFlow({ clusterset, cluster, role: Role.router })(request, channel)
    }
    return this.#resumable(connection, cluster, accept)
  }

  #origin(): FlowOrigin {
    const { instance, name, identity } = this.#own
    const { cluster } = identity()
    return { cluster, router: instance, name: containerIdOf(cluster, name) }
  }

  #graceOf(service: string): number {
    const settings = this.#deps.snapshot.current().traffic.get(service as ServiceKey)
    return (settings ?? DEFAULT_TRAFFIC).resumeGraceMs
  }
}
