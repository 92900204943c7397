/**
 * UDP as one part of the data path: makes listeners for clients, takes associations that peers open, ends them all.
 */
import {
  type FlowChannel,
  FlowCondition,
  type FlowError,
  type FlowHandler,
  type FlowRequest,
} from '../../amqp/flow-transport.ts'
import type { ListenerSpec, RouteSnapshot } from '../../api/route-snapshot.ts'
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/log.ts'
import type { Metrics } from '../../core/metrics.ts'
import type { SnapshotSource } from '../../core/snapshot.ts'
import type { ClusterRoutes } from '../cluster-routes.ts'
import { Deadlines, DeadlinesByTime } from '../deadlines.ts'
import type { BackendPool } from '../endpoints/backend-pool.ts'
import type { FlowLog } from '../flow-log.ts'
import { FlowRegistry } from '../flow-registry.ts'
import type { GlobalSources } from '../global/global-sources.ts'
import type { IngressRequests } from '../ingress-requests.ts'
import type { PolicyGate } from '../policy/policy-gate.ts'
import { Allowance } from './allowance.ts'
import type { Association } from './association.ts'
import { EgressAssociation, type EgressAssociationDeps } from './egress-association.ts'
import { IdleWheel } from './idle-wheel.ts'
import type { IngressAssociation } from './ingress-association.ts'
import {
  ALL_FIRST_DATAGRAMS_BYTES,
  DRAIN_IDLE_MS,
  EGRESS_SHARE,
  END_MS,
  MAX_ASSOCIATIONS,
  SETTLE_MS,
} from './limits.ts'
import { UdpListener, type UdpListenerDeps } from './udp-listener.ts'
import { UdpMetrics } from './udp-stats.ts'

export interface UdpPathDeps {
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
  readonly snapshot: SnapshotSource<RouteSnapshot>
  readonly routes: ClusterRoutes
  readonly requests: IngressRequests
  readonly backends: BackendPool
  readonly gate: PolicyGate
  /** All flows with a socket of their own; associations to backends are among them. */
  readonly flows: FlowRegistry
  readonly flowLog: FlowLog | undefined
  readonly globalSources: GlobalSources | undefined
}

export interface UdpPathConfig {
  /** This router's own cluster id. */
  readonly cluster: string
  readonly listenHost: string
  /** Flows the router may have. */
  readonly maxFlows: number
  /** Associations its clients may have. */
  readonly maxAssociations?: number
}

export class UdpPath {
  readonly #config: UdpPathConfig
  readonly #idle: IdleWheel<Association>
  /** Those of clients, which have no socket of their own, also while they wait for the far side to end. */
  readonly #clients: FlowRegistry
  /** Bound on associations to backends. */
  readonly #maxSockets: number
  readonly #listening: UdpListenerDeps
  readonly #egress: EgressAssociationDeps

  constructor(deps: UdpPathDeps, config: UdpPathConfig) {
    const { clock } = deps
    const stats = new UdpMetrics(deps.metrics)
    const { maxAssociations = MAX_ASSOCIATIONS } = config
    this.#config = config
    this.#clients = new FlowRegistry(2 * maxAssociations)
    this.#maxSockets = Math.floor(config.maxFlows * EGRESS_SHARE)
    this.#idle = new IdleWheel(clock, (association: Association) => association.end())
    const shared = {
      ...deps,
      idle: this.#idle,
      ending: new Deadlines(clock, END_MS, (association: Association) => association.notFollowed()),
    }
    this.#listening = {
      ...shared,
      flows: this.#clients,
      stats: stats.ingress,
      budget: new Allowance(ALL_FIRST_DATAGRAMS_BYTES),
      places: new Allowance(maxAssociations),
      accepting: new DeadlinesByTime(clock, (association: IngressAssociation) =>
        association.acceptTimedOut(),
      ),
    }
    this.#egress = {
      ...shared,
      cluster: config.cluster,
      stats: stats.egress,
      budget: new Allowance(ALL_FIRST_DATAGRAMS_BYTES),
      open: new Set(),
      settling: new Deadlines(clock, SETTLE_MS, (association: EgressAssociation) => association.settled()),
    }
  }

  /** Associations of clients. */
  get clients(): number {
    return this.#clients.size
  }

  /** A listener that is not open yet. */
  listener(spec: ListenerSpec): UdpListener {
    return new UdpListener(this.#listening, this.#config.listenHost, spec)
  }

  /** Takes what cluster `peer` opens here; undefined when there are too many. */
  accept(peer: string, request: FlowRequest, channel: FlowChannel): FlowHandler | undefined {
    const { flows, open } = this.#egress
    if (flows.full || open.size >= this.#maxSockets) {
      this.#egress.stats.failed(FlowCondition.overloaded)
      return undefined
    }
    return new EgressAssociation(this.#egress, peer, request, channel)
  }

  /** The snapshot's exports may have changed. */
  exportsChanged(): void {
    for (const association of this.#egress.open) association.exportsChanged()
  }

  /** From now on what is idle for a moment ends. */
  drain(): void {
    this.#idle.shorten(DRAIN_IDLE_MS)
  }

  /** Resolves when no client has an association. The caller bounds the wait. */
  whenEmpty(): Promise<void> {
    return this.#clients.whenEmpty()
  }

  /** Ends those of clients. */
  killAll(error: FlowError): void {
    this.#clients.killAll(error)
  }
}
