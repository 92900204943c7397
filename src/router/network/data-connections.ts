/**
 * The data connections of this router and the flows that outlive them: joins each connection with the layer that
 * resumes, and tells that layer what becomes of it.
 */
import { availableParallelism } from 'node:os'
import { type FlowAcceptor, FlowCondition } from '../../amqp/flow-transport.ts'
import type { ServiceKey } from '../../api/names.ts'
import type { LineSettings, RouteSnapshot } from '../../api/route-snapshot.ts'
import { DEFAULT_TRAFFIC } from '../../api/traffic-settings.ts'
import { ByteBudget } from '../../core/byte-budget.ts'
import type { Clock } from '../../core/clock.ts'
import type { Metrics } from '../../core/metrics.ts'
import type { SnapshotSource } from '../../core/snapshot.ts'
import type { Side } from '../../link/control-channel.ts'
import type { DataLine } from '../../link/data-lines.ts'
import type { PeerSocket } from '../../link/tls-connect.ts'
import type { PeerIdentity } from '../../pki/identity.ts'
import { FlowKeeper } from '../resume/flow-keeper.ts'
import { STOPPED } from '../resume/reasons.ts'
import { ResumableTransport } from '../resume/resumable-transport.ts'
import { TokenSource } from '../resume/token-source.ts'
import type { CreateDataConnection } from './data-connection.ts'
import { DEFAULT_BUDGET_BYTES, MANY_PROCESSORS } from './limits.ts'
import { PeerTable } from './peer-table.ts'

export interface DataConnectionsDeps {
  readonly snapshot: SnapshotSource<RouteSnapshot>
  /** Who decides about flows that `peer` opens to us. */
  readonly acceptFlow: (peer: PeerIdentity) => FlowAcceptor
  readonly clock: Clock
  readonly metrics: Metrics
  readonly createDataConnection: CreateDataConnection
  /** Memory for bytes of flows, shared with whatever else holds them. */
  readonly budget?: ByteBudget
  readonly random?: () => number
}

/** Beside the control session of each link that is dialled: more than one when there are processors for it. */
export function dataConnectionsPerLink(processors = availableParallelism()): number {
  return processors >= MANY_PROCESSORS ? 2 : 1
}

export class DataConnections {
  readonly peers: PeerTable
  readonly #deps: DataConnectionsDeps
  readonly #instance: string
  readonly #keeper: FlowKeeper
  readonly #tokens = new TokenSource()
  #draining = false

  /** `instance` names this process to its peers: 32 hex digits. `isOwn` knows our own cluster. */
  constructor(deps: DataConnectionsDeps, instance: string, isOwn: (cluster: string) => boolean) {
    this.#deps = deps
    this.#instance = instance
    this.#keeper = new FlowKeeper({ ...deps, budget: deps.budget ?? new ByteBudget(DEFAULT_BUDGET_BYTES) })
    this.peers = new PeerTable(() => this.#keeper.suspendedFlows, isOwn)
    this.peers.onChange(() => this.#keeper.wake())
    deps.metrics.observe('fairlead_link_data_connections', 'Data connections open', () => this.peers.size)
  }

  /** Takes over an authenticated socket. */
  open({ socket, peer }: PeerSocket, side: Side, line?: LineSettings): DataLine {
    const { createDataConnection, acceptFlow } = this.#deps
    const connection = createDataConnection(socket, {
      side,
      peer,
      instance: this.#instance,
      line,
      accept: (request, channel) => transport.accept(request, channel),
      onOpen: () => {
        transport.opened()
        if (this.#draining) connection.drain()
        this.peers.changed()
      },
      onDraining: () => this.peers.changed(),
    })
    const transport = new ResumableTransport(
      {
        keeper: this.#keeper,
        tokens: this.#tokens,
        graceOf: (service) => this.#graceOf(service),
        accept: acceptFlow(peer),
      },
      connection,
      peer.cluster,
    )
    void connection.whenClosed.then(({ origin, condition }) =>
      transport.closed(origin === 'peer' && condition === FlowCondition.stopped),
    )
    connection.start()
    this.peers.add(peer.cluster, { connection, transport, isAccepted: side === 'acceptor' })
    return connection
  }

  /** Tells all peers, also those to come, to open no more flows here. */
  drain(): void {
    this.#draining = true
    this.peers.drainAll()
  }

  /** Ends everything, and tells the peers that nothing can be resumed with this process. */
  async stop(): Promise<void> {
    this.#keeper.stop(STOPPED)
    await this.peers.closeAll(STOPPED)
  }

  #graceOf(service: string): number {
    const settings = this.#deps.snapshot.current().traffic.get(service as ServiceKey)
    return (settings ?? DEFAULT_TRAFFIC).resumeGraceMs
  }
}
