/**
 * The backend's end of a flow: accepts what a peer opened, if the service is exported here and its policies let the client,
 * and connects it to a usable backend, trying others when one does not answer. Bytes that come before wait inside the flow's window.
 */
import { connect, type Socket } from 'node:net'
import { type FlowChannel, FlowCondition, type FlowError, type FlowRequest } from '../amqp/flow-transport.ts'
import type { ExportedPort, RouteSnapshot } from '../api/route-snapshot.ts'
import { ProxyProtocol, type TrafficSettings } from '../api/traffic-settings.ts'
import { errorCode } from '../core/errors.ts'
import type { SnapshotSource } from '../core/snapshot.ts'
import type { DeadlinesByTime } from './deadlines.ts'
import type { BackendPool } from './endpoints/backend-pool.ts'
import type { Endpoint } from './endpoints/endpoint.ts'
import {
  describeTarget,
  exportedPort,
  requestedTarget,
  type ServiceTarget,
  trafficOf,
} from './endpoints/service-target.ts'
import type { FlowEnder, FlowEnding } from './flow-end.ts'
import { believedClient, type FlowLog, NO_ATTEMPTS } from './flow-log.ts'
import { bindSocket, FLOW_SOCKET_OPTIONS, unbindSocket } from './flow-socket.ts'
import type { FlowSource } from './global/flow-source.ts'
import type { GlobalSources } from './global/global-sources.ts'
import { accessClient } from './policy/guard.ts'
import { GuardedFlow, type GuardedFlowDeps } from './policy/guarded-flow.ts'
import { flowHeader } from './proxy-protocol/flow-header.ts'

export interface EgressDeps extends GuardedFlowDeps {
  /** This router's own cluster id. */
  readonly cluster: string
  readonly snapshot: SnapshotSource<RouteSnapshot>
  readonly backends: BackendPool
  /** Gives up backends that do not answer a connect. */
  readonly connecting: DeadlinesByTime<EgressFlow>
  readonly flowLog: FlowLog | undefined
  /** Absent: backends see the router's address. */
  readonly globalSources: GlobalSources | undefined
}

export class EgressFlow extends GuardedFlow {
  readonly #deps: EgressDeps
  /** The cluster the client is in. */
  readonly #peer: string
  readonly #request: FlowRequest
  readonly #target: ServiceTarget
  readonly #settings: TrafficSettings
  readonly #tried: string[] = []
  /** Those that failed. */
  #attempts = NO_ATTEMPTS
  #attempt: Socket | undefined
  #backend: Endpoint | undefined
  /** Of the client's global address, when it has one that is believed. */
  readonly #source: FlowSource | undefined
  #proxyProtocol: ProxyProtocol = ProxyProtocol.none

  constructor(deps: EgressDeps, peer: string, request: FlowRequest, channel: FlowChannel) {
    super(deps, accessClient(peer, request.client))
    this.#deps = deps
    this.#peer = peer
    this.#request = request
    this.#target = requestedTarget(deps.cluster, request)
    this.#settings = trafficOf(deps.snapshot.current(), this.#target.service)
    this.#source = deps.globalSources?.sourceOf(peer, request.client, 'TCP')
    this.channel = channel
    if (!this.#isExported() || this.guard.enter(this.#target.service)) this.#connectNext()
  }

  #isExported(): boolean {
    return exportedPort(this.#deps.snapshot.current().exports, this.#target) !== undefined
  }

  /** Connects to the next usable backend. */
  #connectNext(): void {
    const exported = exportedPort(this.#deps.snapshot.current().exports, this.#target)
    const next = exported === undefined ? undefined : this.#choose(exported)
    if (next !== undefined) this.#connect(next)
    else this.#refuse(this.#refusal(exported !== undefined))
  }

  #choose(exported: ExportedPort): Endpoint | undefined {
    if (this.#attempts.length > this.#settings.retries) return undefined
    this.#proxyProtocol = exported.proxyProtocol
    const client = { cluster: this.#peer, address: this.#request.client.address }
    return this.#deps.backends.choose(exported, this.#target, client, this.#tried)
  }

  #refusal(isExported: boolean): FlowError {
    const what = describeTarget(this.#target)
    const last = this.#attempts.at(-1)
    if (!isExported) return { condition: FlowCondition.notExported, description: `${what} is not exported` }
    if (last === undefined)
      return { condition: FlowCondition.noBackend, description: `${what} has no ready backend` }
    return { condition: FlowCondition.connectFailed, description: `${last.to}: ${last.reason}` }
  }

  #connect(backend: Endpoint): void {
    this.#backend = backend
    if (this.#source === undefined) this.#dial(backend)
    else this.#dialFrom(this.#source, backend)
  }

  #dialFrom(source: FlowSource, backend: Endpoint): void {
    source.acquire(backend, {
      connect: (localPort) => this.#dial(backend, localPort),
      refused: (description) => this.#refuse({ condition: FlowCondition.overloaded, description }),
    })
  }

  #dial({ address: host, port }: Endpoint, localPort?: number): void {
    this.#attempt = connect({ ...FLOW_SOCKET_OPTIONS, host, port, localPort })
    bindSocket(this.#attempt, this)
    this.#deps.connecting.of(this.#settings.connectMs).add(this)
  }

  override socketConnected(): void {
    const socket = this.#attempt
    if (socket === undefined || this.#backend === undefined) return
    this.#deps.connecting.of(this.#settings.connectMs).delete(this)
    this.#attempt = undefined
    this.#deps.backends.connected(this.#backend)
    this.markConnected()
    this.channel?.accept()
    if (this.#proxyProtocol === ProxyProtocol.none) this.attach(socket)
    else this.attach(socket, this.#header(this.#backend))
  }

  #header(backend: Endpoint): Buffer {
    const flow = this.channel?.id ?? ''
    const globalAddress = this.#source?.address
    return flowHeader(this.#proxyProtocol, this.#request, {
      cluster: this.#peer,
      flow,
      backend,
      globalAddress,
    })
  }

  override socketFailed(error: Error): void {
    if (this.#attempt === undefined) super.socketFailed(error)
    else this.#attemptFailed(errorCode(error) ?? error.message)
  }

  /** The backend did not answer in time. */
  connectTimedOut(): void {
    this.#attemptFailed('ETIMEDOUT')
  }

  #attemptFailed(code: string): void {
    if (this.#source?.isTaken(code) === true && this.#backend !== undefined) {
      this.#dropSocket()
      this.#source.passOver()
      this.#dialFrom(this.#source, this.#backend)
      return
    }
    if (this.#backend !== undefined) {
      this.#attempts = [...this.#attempts, { to: this.#backend.name, reason: code }]
      if (!LOCAL_FAULTS.has(code)) this.#deps.backends.failed(this.#backend, this.#settings)
    }
    this.#source?.release(false)
    this.#dropAttempt()
    this.#connectNext()
  }

  #dropAttempt(): void {
    if (this.#backend !== undefined) this.#deps.backends.release(this.#backend)
    this.#backend = undefined
    this.#dropSocket()
  }

  #dropSocket(): void {
    if (this.#attempt === undefined) return
    this.#deps.connecting.of(this.#settings.connectMs).delete(this)
    unbindSocket(this.#attempt)
    this.#attempt.destroy()
    this.#attempt = undefined
  }

  #refuse(error: FlowError): void {
    this.channel?.reset(error)
    this.finish(error, 'router')
  }

  protected override finished(ending: FlowEnding, by: FlowEnder): void {
    const backend = this.socket === undefined ? undefined : this.#backend
    this.guard.leave()
    this.#dropAttempt()
    // Whoever sends FIN first has the connection in TIME_WAIT.
    this.#source?.release(ending === 'finished' && by !== 'socket')
    this.#deps.flowLog?.({
      side: 'egress',
      ...this.recordOf(this.#request, ending, this.firstRead),
      client: believedClient(this.#request.client, this.#peer, this.#source?.address),
      cluster: this.#deps.cluster,
      backend: backend?.name ?? '',
      attempts: this.#attempts,
      policies: this.guard.refusedBy,
      clientBytes: this.toSocket,
      backendBytes: this.fromSocket,
      endedBy: by === 'socket' ? 'backend' : by === 'channel' ? 'client' : 'router',
    })
  }
}

/** Connect errors that say nothing of the backend: this router is short of files, ports or memory. */
const LOCAL_FAULTS: ReadonlySet<string> = new Set([
  'EMFILE',
  'ENFILE',
  'EADDRINUSE',
  'EADDRNOTAVAIL',
  'EAGAIN',
  'ENOBUFS',
  'ENOMEM',
])
