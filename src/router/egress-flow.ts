/**
 * The backend's end of a flow: accepts what a peer opened, if the service is exported here, and connects it to a
 * ready backend, trying others when one does not answer. Bytes that come before wait inside the flow's window.
 */
import { connect, type Socket } from 'node:net'
import { type FlowChannel, FlowCondition, type FlowError, type FlowRequest } from '../amqp/flow-transport.ts'
import type { ServiceKey } from '../api/names.ts'
import type { Backend, RouteSnapshot } from '../api/route-snapshot.ts'
import type { Clock } from '../core/clock.ts'
import { errorCode } from '../core/errors.ts'
import type { SnapshotSource } from '../core/snapshot.ts'
import { chooseBackend, readyBackends } from './balancer.ts'
import type { Deadlines } from './deadlines.ts'
import { FlowEnd, type FlowEndDeps, type FlowEnding } from './flow-end.ts'
import type { FlowLog } from './flow-log.ts'
import { bindSocket, FLOW_SOCKET_OPTIONS, unbindSocket } from './flow-socket.ts'
import { MAX_BACKEND_ATTEMPTS } from './limits.ts'
import type { LoadTable } from './load-table.ts'

export interface EgressDeps extends FlowEndDeps {
  readonly clock: Clock
  readonly snapshot: SnapshotSource<RouteSnapshot>
  readonly loads: LoadTable
  /** Gives up backends that do not answer a connect. */
  readonly connecting: Deadlines<EgressFlow>
  readonly flowLog: FlowLog | undefined
}

export class EgressFlow extends FlowEnd {
  readonly #deps: EgressDeps
  readonly #peer: string
  readonly #request: FlowRequest
  readonly #startedAt: number
  readonly #tried: Backend[] = []
  #attempt: Socket | undefined
  #loadKey: string | undefined

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
    const { exports } = this.#deps.snapshot.current()
    const ready = readyBackends(exports, { service: service as ServiceKey, protocol: 'TCP', port })
    const next = ready === undefined ? undefined : this.#choose(ready)
    if (next !== undefined) this.#connect(next)
    else if (ready === undefined)
      this.#refuse(FlowCondition.notExported, `${service}:${port} is not exported`)
    else if (failure !== undefined) this.#refuse(FlowCondition.connectFailed, failure)
    else this.#refuse(FlowCondition.noBackend, `${service}:${port} has no ready backend`)
  }

  #choose(ready: readonly Backend[]): Backend | undefined {
    if (this.#tried.length >= MAX_BACKEND_ATTEMPTS) return undefined
    return chooseBackend(ready, (backend) => this.#deps.loads.get(loadKey(backend)), this.#tried)
  }

  #connect(backend: Backend): void {
    this.#tried.push(backend)
    this.#loadKey = loadKey(backend)
    this.#deps.loads.acquire(this.#loadKey)
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
    const backend = this.#tried.at(-1)
    this.#dropAttempt()
    this.#connectNext(backend === undefined ? code : `${backend.address}:${backend.port}: ${code}`)
  }

  #dropAttempt(): void {
    this.#deps.connecting.delete(this)
    this.#releaseLoad()
    if (this.#attempt === undefined) return
    unbindSocket(this.#attempt)
    this.#attempt.destroy()
    this.#attempt = undefined
  }

  #releaseLoad(): void {
    if (this.#loadKey !== undefined) this.#deps.loads.release(this.#loadKey)
    this.#loadKey = undefined
  }

  #refuse(condition: string, description: string): void {
    const error: FlowError = { condition, description }
    this.channel?.reset(error)
    this.finish(error)
  }

  protected override finished(ending: FlowEnding): void {
    this.#dropAttempt()
    const backend = this.socket === undefined ? undefined : this.#tried.at(-1)
    this.#deps.flowLog?.({
      side: 'egress',
      flow: this.channel?.id ?? '',
      service: this.#request.service,
      port: this.#request.port,
      client: `${this.#request.client.address}:${this.#request.client.port}`,
      cluster: this.#peer,
      backend: backend === undefined ? '' : `${backend.address}:${backend.port}`,
      clientBytes: this.toSocket,
      backendBytes: this.fromSocket,
      milliseconds: Math.round(this.#deps.clock.monotonic() - this.#startedAt),
      ended: ending === 'finished' ? ending : `${ending.condition} ${ending.description}`,
    })
  }
}

function loadKey(backend: Backend): string {
  return `${backend.address}|${backend.port}`
}
