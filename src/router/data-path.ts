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
import type { ListenerSpec, RouteSnapshot } from '../api/route-snapshot.ts'
import type { Directory } from '../api/service-record.ts'
import type { Clock } from '../core/clock.ts'
import type { Startable } from '../core/lifecycle.ts'
import type { Logger } from '../core/log.ts'
import type { Metrics } from '../core/metrics.ts'
import type { SnapshotSource } from '../core/snapshot.ts'
import { ClusterRoutes } from './cluster-routes.ts'
import { Deadlines } from './deadlines.ts'
import { type EgressDeps, EgressFlow } from './egress-flow.ts'
import { BackendPool } from './endpoints/backend-pool.ts'
import { Reachability } from './endpoints/reachability.ts'
import { createFlowLog, type FlowLogLevel } from './flow-log.ts'
import { FlowRegistry } from './flow-registry.ts'
import { FlowMetrics } from './flow-stats.ts'
import { type IngressDeps, IngressFlow } from './ingress-flow.ts'
import { BACKEND_CONNECT_MS, DRAIN_LOOK_MS, FLOW_ACCEPT_MS, MAX_OPEN_FLOWS } from './limits.ts'
import { Listeners } from './listeners.ts'
import { LocalTransport } from './local-transport.ts'
import type { PeerTransports } from './network/peers.ts'
import { TurnBatch } from './turn-batch.ts'

export interface DataPathDeps {
  readonly snapshot: SnapshotSource<RouteSnapshot>
  readonly directory: SnapshotSource<Directory>
  readonly peers: PeerTransports
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
  description: `no backend accepted within ${FLOW_ACCEPT_MS} ms`,
}
const STOPPED: FlowError = { condition: FlowCondition.linkLost, description: 'the router has stopped' }
const FULL: FlowError = { condition: FlowCondition.overloaded, description: 'too many open flows' }

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
  readonly #listeners: Listeners
  readonly #reachability: Reachability
  #unsubscribe: (() => void) | undefined

  constructor(deps: DataPathDeps, config: DataPathConfig) {
    this.#deps = deps
    this.#flows = new FlowRegistry(config.maxFlows ?? MAX_OPEN_FLOWS)
    this.#stats = new FlowMetrics(deps.metrics)
    const { clock, snapshot, directory, peers } = deps
    const flowLog = createFlowLog(deps.log.child({ component: 'flow' }), config.flowLog)
    const shared = { batch: new TurnBatch(), flows: this.#flows, clock, flowLog }
    this.#egress = {
      ...shared,
      snapshot,
      stats: this.#stats.egress,
      backends: new BackendPool({ snapshot, clock }),
      connecting: new Deadlines(clock, BACKEND_CONNECT_MS, (flow: EgressFlow) => flow.connectTimedOut()),
    }
    this.#reachability = new Reachability({ peers, clock, onChange: () => {} })
    const local = new LocalTransport(this.acceptorFor(config.cluster))
    this.#ingress = {
      ...shared,
      stats: this.#stats.ingress,
      routes: new ClusterRoutes({
        self: config.cluster,
        snapshot,
        directory,
        peers,
        reachability: this.#reachability,
        clock,
        local,
      }),
      accepting: new Deadlines(clock, FLOW_ACCEPT_MS, (flow: IngressFlow) => flow.kill(ACCEPT_TIMED_OUT)),
    }
    const accept = (spec: ListenerSpec, socket: Socket): void => this.#accept(spec, socket)
    const log = deps.log.child({ component: 'listeners' })
    this.#listeners = new Listeners({ clock, log, metrics: deps.metrics, accept }, config.listenHost)
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
    this.#reachability.start()
    const { snapshot } = this.#deps
    this.#unsubscribe = snapshot.subscribe((next) => this.#listeners.reconcile(next.listeners))
    this.#listeners.reconcile(snapshot.current().listeners)
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
  }

  #stopListening(): void {
    this.#unsubscribe?.()
    this.#unsubscribe = undefined
    this.#listeners.reconcile([])
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
    if (!this.#flows.full) return new EgressFlow(this.#egress, peer, request, channel)
    this.#stats.egress.failed(FULL.condition)
    channel.reset(FULL)
    return IGNORE
  }
}
