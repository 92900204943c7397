/**
 * The backend's end of a flow: accepts what a peer opened, if the service is exported here, and connects it to a
 * ready backend, trying others when one does not answer. Bytes that come before wait inside the flow's window.
 */
import { connect, type Socket } from 'node:net'
import { type FlowChannel, FlowCondition, type FlowError, type FlowRequest } from '../amqp/flow-transport.ts'
import type { ServiceKey } from '../api/names.ts'
import type { ExportedPort, RouteSnapshot } from '../api/route-snapshot.ts'
import type { Clock } from '../core/clock.ts'
import { errorCode } from '../core/errors.ts'
import type { SnapshotSource } from '../core/snapshot.ts'
import type { Deadlines } from './deadlines.ts'
import type { BackendPool, Endpoint } from './endpoints/backend-pool.ts'
import { exportedPort, type ServiceTarget } from './endpoints/service-target.ts'
import { FlowEnd, type FlowEndDeps, type FlowEnding } from './flow-end.ts'
import type { FlowLog } from './flow-log.ts'
import { bindSocket, FLOW_SOCKET_OPTIONS, unbindSocket } from './flow-socket.ts'
import { MAX_BACKEND_ATTEMPTS } from './limits.ts'

export interface EgressDeps extends FlowEndDeps {
  readonly clock: Clock
  readonly snapshot: SnapshotSource<RouteSnapshot>
  readonly backends: BackendPool
  /** Gives up backends that do not answer a connect. */
  readonly connecting: Deadlines<EgressFlow>
  readonly flowLog: FlowLog | undefined
}

export class EgressFlow extends FlowEnd {
  readonly #deps: EgressDeps
  readonly #peer: string
  readonly #request: FlowRequest
  readonly #startedAt: number
  readonly #tried: string[] = []
  #attempt: Socket | undefined
  #backend: Endpoint | undefined

  constructor(deps: EgressDeps, peer: string, request: FlowRequest, channel: FlowChannel) {
    super(deps)
    this.#deps = deps
    this.#peer = peer
    this.#request = request
    this.#startedAt = deps.clock.monotonic()
    this.channel = channel
    if (request.protocol === 'TCP') this.#connectNext(undefined)
    else this.#refuse(FlowCondition.notExported, `${request.protocol} is not carried`)
  }

  /** Connects to the next ready backend; `failure` tells why the last one did not do. */
  #connectNext(failure: string | undefined): void {
    const { service, port } = this.#request
    const target: ServiceTarget = { service: service as ServiceKey, protocol: 'TCP', port }
    const exported = exportedPort(this.#deps.snapshot.current().exports, target)
    if (exported === undefined) {
      this.#refuse(FlowCondition.notExported, `${service}:${port} is not exported`)
      return
    }
    const next = this.#tried.length >= MAX_BACKEND_ATTEMPTS ? undefined : this.#choose(exported, target)
    if (next !== undefined) this.#connect(next)
    else if (failure !== undefined) this.#refuse(FlowCondition.connectFailed, failure)
    else this.#refuse(FlowCondition.noBackend, `${service}:${port} has no ready backend`)
  }

  #choose(exported: ExportedPort, target: ServiceTarget): Endpoint | undefined {
    const client = { cluster: this.#peer, address: this.#request.client.address }
    return this.#deps.backends.choose(exported, target, client, this.#tried)
  }

  #connect(backend: Endpoint): void {
    this.#backend = backend
    this.#attempt = connect({ ...FLOW_SOCKET_OPTIONS, host: backend.address, port: backend.port })
    bindSocket(this.#attempt, this)
    this.#deps.connecting.add(this)
  }

  override socketConnected(): void {
    const socket = this.#attempt
    if (socket === undefined) return
    this.#deps.connecting.delete(this)
    this.#attempt = undefined
    this.#deps.stats.connected(this.#deps.clock.monotonic() - this.#startedAt)
    this.channel?.accept()
    this.attach(socket)
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
    const failure = `${this.#backend?.name}: ${code}`
    this.#dropAttempt()
    this.#connectNext(failure)
  }

  #dropAttempt(): void {
    this.#deps.connecting.delete(this)
    if (this.#backend !== undefined) this.#deps.backends.release(this.#backend)
    this.#backend = undefined
    if (this.#attempt === undefined) return
    unbindSocket(this.#attempt)
    this.#attempt.destroy()
    this.#attempt = undefined
  }

  #refuse(condition: string, description: string): void {
    const error: FlowError = { condition, description }
    this.channel?.reset(error)
    this.finish(error)
  }

  protected override finished(ending: FlowEnding): void {
    const backend = this.socket === undefined ? undefined : this.#backend
    this.#dropAttempt()
    this.#deps.flowLog?.({
      side: 'egress',
      flow: this.channel?.id ?? '',
      service: this.#request.service,
      port: this.#request.port,
      client: `${this.#request.client.address}:${this.#request.client.port}`,
      cluster: this.#peer,
      backend: backend?.name ?? '',
      clientBytes: this.toSocket,
      backendBytes: this.fromSocket,
      milliseconds: Math.round(this.#deps.clock.monotonic() - this.#startedAt),
      ended: ending === 'finished' ? ending : `${ending.condition} ${ending.description}`,
    })
  }
}
