/**
 * The router's data path as one part: listeners and ingress flows, accepted flows to local backends, draining.
 * Reads snapshots that the control plane swaps in and never waits for it. It is long because all parts are made and joined here.
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
import type { ServiceKey } from '../api/names.ts'
import type { Protocol } from '../api/objects.ts'
import type { DenialSource } from '../api/policy-denials.ts'
import type { EndpointName, ListenerSpec, RouteSnapshot } from '../api/route-snapshot.ts'
import type { Directory } from '../api/service-record.ts'
import type { Clock } from '../core/clock.ts'
import type { Startable } from '../core/lifecycle.ts'
import type { Logger } from '../core/log.ts'
import type { Metrics } from '../core/metrics.ts'
import type { SnapshotSource } from '../core/snapshot.ts'
import { ClusterRoutes, type RoutedTarget } from './cluster-routes.ts'
import { Deadlines, DeadlinesByTime } from './deadlines.ts'
import { type EgressDeps, EgressFlow } from './egress-flow.ts'
import { BackendPool } from './endpoints/backend-pool.ts'
import { ExporterIndex } from './endpoints/exporter-index.ts'
import { probeBy, tcpProbe } from './endpoints/probe.ts'
import { Reachability } from './endpoints/reachability.ts'
import { type ExplainablePort, explainService } from './explain.ts'
import type { FlowEnd } from './flow-end.ts'
import { createFlowLog, type FlowLogLevel } from './flow-log.ts'
import { FlowRegistry } from './flow-registry.ts'
import { FlowMetrics } from './flow-stats.ts'
import type { GlobalSources } from './global/global-sources.ts'
import { IdleWatch } from './idle-watch.ts'
import { type IngressDeps, IngressFlow, ownerOf } from './ingress-flow.ts'
import { IngressRequests } from './ingress-requests.ts'
import { DRAIN_LOOK_MS, LARGEST_SHARE, MAX_OPEN_FLOWS, STALL_PROBE_MS } from './limits.ts'
import { LinkWait } from './link-wait.ts'
import { Listeners } from './listeners.ts'
import { LocalTransport } from './local-transport.ts'
import type { PeerTransports } from './network/peers.ts'
import { Policies } from './policy/policies.ts'
import type { PortListener } from './port-listener.ts'
import { NOBODY } from './resume/nobody.ts'
import { TurnBatch } from './turn-batch.ts'
import { UdpPath } from './udp/udp-path.ts'
import { udpProbe } from './udp/udp-probe.ts'

export interface DataPathDeps {
  readonly snapshot: SnapshotSource<RouteSnapshot>
  readonly directory: SnapshotSource<Directory>
  readonly peers: PeerTransports
  /** Who the clients are. */
  readonly clients: ClientSource
  /** Has backends see their clients' global addresses. Absent: they see the router's. Not started here. */
  readonly globalSources?: GlobalSources
  /** The routers of this cluster, which share the limits of policies. Absent: this one is alone. */
  readonly replicas?: SnapshotSource<readonly { readonly name: string }[]>
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
  /** Bound on the UDP associations of clients. */
  readonly maxAssociations?: number
}

const ACCEPT_TIMED_OUT: FlowError = {
  condition: FlowCondition.connectFailed,
  description: 'no backend accepted in time',
}
const STOPPED: FlowError = { condition: FlowCondition.stopped, description: 'the router has stopped' }
const FULL: FlowError = { condition: FlowCondition.overloaded, description: 'too many open flows' }

export class DataPath implements Startable {
  readonly #deps: DataPathDeps
  readonly #cluster: string
  readonly #flows: FlowRegistry
  readonly #stats: FlowMetrics
  readonly #ingress: IngressDeps
  readonly #egress: EgressDeps
  readonly #backends: BackendPool
  readonly #policies: Policies
  readonly #routes: ClusterRoutes
  readonly #waiting: LinkWait
  readonly #udp: UdpPath
  readonly #listeners: Listeners
  readonly #reachability: Reachability
  readonly #exporters: ExporterIndex
  readonly #isPossible = (spec: ListenerSpec): boolean => this.#routes.possible(spec)
  #unsubscribe: (() => void)[] = []

  constructor(deps: DataPathDeps, config: DataPathConfig) {
    this.#deps = deps
    const { clock, snapshot, metrics, peers } = deps
    const { cluster } = config
    this.#cluster = cluster
    const log = deps.log.child({ component: 'data-path' })
    const { maxFlows = MAX_OPEN_FLOWS } = config
    const { globalSources } = deps
    this.#flows = new FlowRegistry(maxFlows)
    this.#stats = new FlowMetrics(metrics)
    this.#waiting = new LinkWait(clock)
    const probes = { TCP: tcpProbe(clock), UDP: udpProbe(clock) }
    this.#backends = new BackendPool({ snapshot, clock, log, metrics, probe: probeBy(probes) })
    this.#reachability = new Reachability({ peers, clock, onChange: () => this.#routesChanged() })
    this.#policies = new Policies({ ...deps, flows: this.#flows })
    const { gate } = this.#policies
    const local = new LocalTransport(this.acceptorFor(cluster))
    this.#exporters = new ExporterIndex(deps.directory.current())
    this.#routes = new ClusterRoutes({
      ...deps,
      self: cluster,
      exporters: this.#exporters,
      reachability: this.#reachability,
      local,
    })
    const flowLog = createFlowLog(deps.log.child({ component: 'flow' }), config.flowLog)
    const stalled = new Deadlines(clock, STALL_PROBE_MS, (flow: FlowEnd) => flow.probe())
    const shared = { batch: new TurnBatch(), flows: this.#flows, stalled, clock, flowLog }
    const requests = new IngressRequests(deps, cluster)
    this.#egress = {
      ...shared,
      cluster,
      snapshot,
      stats: this.#stats.egress,
      backends: this.#backends,
      gate,
      globalSources,
      connecting: new DeadlinesByTime(clock, (flow: EgressFlow) => flow.connectTimedOut()),
    }
    this.#ingress = {
      ...shared,
      stats: this.#stats.ingress,
      routes: this.#routes,
      requests,
      accepting: new DeadlinesByTime(clock, (flow: IngressFlow) => flow.kill(ACCEPT_TIMED_OUT)),
      waiting: this.#waiting,
      idle: new IdleWatch(clock),
    }
    this.#udp = new UdpPath(
      {
        ...deps,
        log,
        routes: this.#routes,
        requests,
        backends: this.#backends,
        gate,
        flows: this.#flows,
        flowLog,
        globalSources,
      },
      { ...config, maxFlows },
    )
    const accept = (spec: ListenerSpec, socket: Socket): void => this.#accept(spec, socket)
    const udpListener = (spec: ListenerSpec): PortListener => this.#udp.listener(spec)
    this.#listeners = new Listeners({ clock, log, metrics, accept, udpListener }, config.listenHost)
    metrics.observe(
      'fairlead_router_flows_waiting_for_link',
      'New flows whose cluster was lost a moment ago',
      () => this.#waiting.size,
    )
  }

  /** Flows open now, both sides. */
  get openFlows(): number {
    return this.#flows.size + this.#udp.clients
  }

  /** What the policies of this cluster's services refused. */
  get denials(): DenialSource {
    return this.#policies.denials
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

  /** Ports that are about to be bound, in words: a router that has just started waits for them. */
  opening(): string[] {
    return this.#listeners.opening()
  }

  /** The port that stands for a service's port, or that of one endpoint, now; undefined while it is not bound. */
  listenPort(
    service: ServiceKey,
    port: number,
    protocol: Protocol = 'TCP',
    endpoint?: EndpointName,
  ): number | undefined {
    const target = { service, port, protocol }
    return this.#listeners.portOf(endpoint === undefined ? target : { ...target, endpoint })
  }

  /** Where new flows of the ports of an import would go; empty when it is not imported. */
  explain(service: ServiceKey): ExplainablePort[] {
    const snapshot = this.#deps.snapshot.current()
    const explain = (target: RoutedTarget) => this.#routes.explain(target)
    return explainService({ self: this.#cluster, snapshot, exporters: this.#exporters, explain }, service)
  }

  async start(): Promise<void> {
    const { snapshot, directory } = this.#deps
    this.#backends.start()
    this.#reachability.start()
    this.#policies.start()
    this.#unsubscribe = [
      snapshot.subscribe(() => this.#routesChanged()),
      directory.subscribe((next) => this.#recordsChanged(next)),
    ]
    this.#exporters.follow(directory.current())
    this.#routesChanged()
  }

  /** A port with nowhere to go is closed, so that clients are refused; flows that wait may have somewhere to go. */
  #routesChanged(): void {
    if (this.#unsubscribe.length === 0) return
    const { listeners } = this.#deps.snapshot.current()
    this.#listeners.reconcile(listeners, this.#isPossible)
    this.#udp.exportsChanged()
    this.#waiting.wake()
  }

  #recordsChanged(directory: Directory): void {
    this.#listeners.reconsider(this.#exporters.follow(directory), this.#isPossible)
    this.#waiting.wake()
  }

  /**
   * Refuses new connections and waits until the open flows have ended; those left after `graceMs` are reset. UDP goes
   * on meanwhile: nobody can be refused, and answers leave from the port that was asked.
   */
  async drain(graceMs: number): Promise<void> {
    const { listeners } = this.#deps.snapshot.current()
    this.#unfollow()
    this.#listeners.reconcile(listeners, ({ protocol }) => protocol === 'UDP')
    this.#udp.drain()
    const done = new AbortController()
    const grace = this.#deps.clock.sleep(graceMs, done.signal).catch(() => {})
    await Promise.race([this.#whenDelivered(done.signal), grace])
    done.abort()
    this.#endAll()
  }

  /** A flow whose socket is closed may still have bytes on the way: they go with the data connection if that ends. */
  async #whenDelivered(signal: AbortSignal): Promise<void> {
    const { clock, peers } = this.#deps
    await Promise.all([this.#flows.whenEmpty(), this.#udp.whenEmpty()])
    while (peers.openFlows > 0 && !signal.aborted) await clock.sleep(DRAIN_LOOK_MS, signal).catch(() => {})
  }

  async stop(): Promise<void> {
    this.#unfollow()
    this.#endAll()
    this.#policies.stop()
    this.#reachability.stop()
    this.#backends.stop()
  }

  #unfollow(): void {
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe()
  }

  #endAll(): void {
    this.#listeners.close()
    this.#flows.killAll(STOPPED)
    this.#udp.killAll(STOPPED)
  }

  #accept(spec: ListenerSpec, socket: Socket): void {
    if (this.#flows.admits(ownerOf(socket), LARGEST_SHARE.client)) {
      new IngressFlow(this.#ingress, spec, socket)
      return
    }
    this.#stats.ingress.failed(FULL.condition)
    socket.resetAndDestroy()
  }

  #acceptFrom(peer: string, request: FlowRequest, channel: FlowChannel): FlowHandler {
    if (request.protocol === 'UDP') return this.#udp.accept(peer, request, channel) ?? this.#refuse(channel)
    if (this.#flows.admits(peer, LARGEST_SHARE.cluster))
      return new EgressFlow(this.#egress, peer, request, channel)
    this.#stats.egress.failed(FULL.condition)
    return this.#refuse(channel)
  }

  #refuse(channel: FlowChannel): FlowHandler {
    channel.reset(FULL)
    return NOBODY
  }
}
