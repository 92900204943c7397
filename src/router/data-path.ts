/**
 * The router's data path as one part: listeners and ingress flows, accepted flows to local backends, draining.
 * Reads snapshots that the control plane swaps in and never waits for it.
 */
import type { Socket } from 'node:net'
import {
  type FlowAcceptor,
  type FlowChannel,
  FlowCondition,
  type FlowError,
  type FlowHandler,
  type FlowRequest,
} from '../amqp/flow-transport.ts'
import type { ClientSource } from '../api/client-identity.ts'
import type { ListenerSpec, RouteSnapshot } from '../api/route-snapshot.ts'
import type { Directory } from '../api/service-record.ts'
import type { Clock } from '../core/clock.ts'
import type { Startable } from '../core/lifecycle.ts'
import type { Logger } from '../core/log.ts'
import type { Metrics } from '../core/metrics.ts'
import type { SnapshotSource } from '../core/snapshot.ts'
import { ClusterRoutes } from './cluster-routes.ts'
import { DeadlinesByTime } from './deadlines.ts'
import { type EgressDeps, EgressFlow } from './egress-flow.ts'
import { BackendPool } from './endpoints/backend-pool.ts'
import { tcpProbe } from './endpoints/probe.ts'
import { Reachability } from './endpoints/reachability.ts'
import { createFlowLog, type FlowLogLevel } from './flow-log.ts'
import { FlowRegistry } from './flow-registry.ts'
import { FlowMetrics } from './flow-stats.ts'
import { IdleWatch } from './idle-watch.ts'
import { type IngressDeps, IngressFlow } from './ingress-flow.ts'
import { IngressRequests } from './ingress-requests.ts'
import { DRAIN_LOOK_MS, MAX_OPEN_FLOWS } from './limits.ts'
import { LinkWait } from './link-wait.ts'
import { Listeners } from './listeners.ts'
import { LocalTransport } from './local-transport.ts'
import type { PeerTransports } from './network/peers.ts'
import { TurnBatch } from './turn-batch.ts'

export interface DataPathDeps {
  readonly snapshot: SnapshotSource<RouteSnapshot>
  readonly directory: SnapshotSource<Directory>
  readonly peers: PeerTransports
  /** Who the clients are. */
  readonly clients: ClientSource
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
}

export interface DataPathConfig {
  /** This router's own cluster id. */
  readonly cluster: string
  readonly listenHost: string
  readonly flowLog: FlowLogLevel
  /** Bound on open flows. */
  readonly maxFlows?: number
}

const ACCEPT_TIMED_OUT: FlowError = {
  condition: FlowCondition.connectFailed,
  description: 'no backend accepted in time',
}
const STOPPED: FlowError = { condition: FlowCondition.linkLost, description: 'the router has stopped' }
const FULL: FlowError = { condition: FlowCondition.overloaded, description: 'too many open flows' }
const NOT_CARRIED: FlowError = { condition: FlowCondition.notExported, description: 'UDP is not carried' }

/** Takes the calls for a flow that was refused at once. */
const IGNORE: FlowHandler = {
  onAccept() {},
  onData() {},
  onEnd() {},
  onReset() {},
  onDrain() {},
  onAcked() {},
  onClosed() {},
}

export class DataPath implements Startable {
  readonly #deps: DataPathDeps
  readonly #flows: FlowRegistry
  readonly #stats: FlowMetrics
  readonly #ingress: IngressDeps
  readonly #egress: EgressDeps
  readonly #backends: BackendPool
  readonly #routes: ClusterRoutes
  readonly #waiting: LinkWait
  readonly #listeners: Listeners
  readonly #reachability: Reachability
  #unsubscribe: (() => void)[] = []

  constructor(deps: DataPathDeps, config: DataPathConfig) {
    this.#deps = deps
    const { clock, snapshot, metrics, peers } = deps
    const { cluster } = config
    const log = deps.log.child({ component: 'data-path' })
    this.#flows = new FlowRegistry(config.maxFlows ?? MAX_OPEN_FLOWS)
    this.#stats = new FlowMetrics(metrics)
    this.#waiting = new LinkWait(clock)
    this.#backends = new BackendPool({ snapshot, clock, log, metrics, probe: tcpProbe(clock) })
    this.#reachability = new Reachability({ peers, clock, onChange: () => this.#routesChanged() })
    const local = new LocalTransport(this.acceptorFor(cluster))
    this.#routes = new ClusterRoutes({ ...deps, self: cluster, reachability: this.#reachability, local })
    const flowLog = createFlowLog(deps.log.child({ component: 'flow' }), config.flowLog)
    const shared = { batch: new TurnBatch(), flows: this.#flows, clock, flowLog }
    this.#egress = {
      ...shared,
      cluster,
      snapshot,
      stats: this.#stats.egress,
      backends: this.#backends,
      connecting: new DeadlinesByTime(clock, (flow: EgressFlow) => flow.connectTimedOut()),
    }
    this.#ingress = {
      ...shared,
      stats: this.#stats.ingress,
      routes: this.#routes,
      requests: new IngressRequests(deps, cluster),
      accepting: new DeadlinesByTime(clock, (flow: IngressFlow) => flow.kill(ACCEPT_TIMED_OUT)),
      waiting: this.#waiting,
      idle: new IdleWatch(clock),
    }
    const accept = (spec: ListenerSpec, socket: Socket): void => this.#accept(spec, socket)
    this.#listeners = new Listeners({ clock, log, metrics, accept }, config.listenHost)
    metrics.observe(
      'fairlead_router_flows_waiting_for_link',
      'New flows whose cluster was lost a moment ago',
      () => this.#waiting.size,
    )
  }

  /** Flows open now, both sides. */
  get openFlows(): number {
    return this.#flows.size
  }

  /** Decides about the flows that cluster `peer`, known by its certificate, opens here. */
  acceptorFor(peer: string): FlowAcceptor {
    return (request, channel) => this.#acceptFrom(peer, request, channel)
  }

  /** What keeps the data path from being ready; empty means ready. */
  notReady(): string[] {
    const unread = this.#deps.snapshot.current().synced ? [] : ['routes not read yet']
    return [...unread, ...this.#listeners.failures()]
  }

  /** The port that stands for a service's port now; undefined while it is not bound. */
  listenPort(service: string, port: number): number | undefined {
    return this.#listeners.portOf(service, port)
  }

  async start(): Promise<void> {
    const { snapshot, directory } = this.#deps
    this.#backends.start()
    this.#reachability.start()
    this.#unsubscribe = [
      snapshot.subscribe(() => this.#routesChanged()),
      directory.subscribe(() => this.#routesChanged()),
    ]
    this.#routesChanged()
  }

  /** A port with nowhere to go is closed, so that clients are refused; flows that wait may have somewhere to go. */
  #routesChanged(): void {
    if (this.#unsubscribe.length === 0) return
    const { listeners } = this.#deps.snapshot.current()
    this.#listeners.reconcile(listeners, (spec) => this.#routes.possible(spec))
    this.#waiting.wake()
  }

  /** Stops listening and waits until the open flows have ended; those left after `graceMs` are reset. */
  async drain(graceMs: number): Promise<void> {
    this.#stopListening()
    const done = new AbortController()
    const grace = this.#deps.clock.sleep(graceMs, done.signal).catch(() => {})
    await Promise.race([this.#whenDelivered(done.signal), grace])
    done.abort()
    this.#flows.killAll(STOPPED)
  }

  /** A flow whose socket is closed may still have bytes on the way: they go with the data connection if that ends. */
  async #whenDelivered(signal: AbortSignal): Promise<void> {
    const { clock, peers } = this.#deps
    await this.#flows.whenEmpty()
    while (peers.openFlows > 0 && !signal.aborted) await clock.sleep(DRAIN_LOOK_MS, signal).catch(() => {})
  }

  async stop(): Promise<void> {
    this.#stopListening()
    this.#reachability.stop()
    this.#flows.killAll(STOPPED)
    this.#backends.stop()
  }

  #stopListening(): void {
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe()
    this.#listeners.close()
  }

  #accept(spec: ListenerSpec, socket: Socket): void {
    if (!this.#flows.full) {
      new IngressFlow(this.#ingress, spec, socket)
      return
    }
    this.#stats.ingress.failed(FULL.condition)
    socket.resetAndDestroy()
  }

  #acceptFrom(peer: string, request: FlowRequest, channel: FlowChannel): FlowHandler {
    const refusal = this.#refusalOf(request)
    if (refusal === undefined) return new EgressFlow(this.#egress, peer, request, channel)
    this.#stats.egress.failed(refusal.condition)
    channel.reset(refusal)
    return IGNORE
  }

  #refusalOf({ protocol }: FlowRequest): FlowError | undefined {
    if (protocol !== 'TCP') return NOT_CARRIED
    return this.#flows.full ? FULL : undefined
  }
}
