/**
 * The client's end of a flow: opens it towards a cluster that exports the service, and towards another one when the
 * first could not connect. Until a backend has accepted, the client's bytes are kept to be sent again.
 */
import type { Socket } from 'node:net'
import { type FlowChannel, FlowCondition, type FlowError, type FlowRequest } from '../amqp/flow-transport.ts'
import type { ListenerSpec } from '../api/route-snapshot.ts'
import type { Clock } from '../core/clock.ts'
import type { ChosenRoute, ClusterRoutes } from './cluster-routes.ts'
import type { Deadlines } from './deadlines.ts'
import { FlowEnd, type FlowEndDeps, type FlowEnding } from './flow-end.ts'
import type { FlowLog } from './flow-log.ts'
import { bindSocket } from './flow-socket.ts'
import { MAX_CLUSTER_ATTEMPTS, RETRY_BUFFER_BYTES } from './limits.ts'

export interface IngressDeps extends FlowEndDeps {
  readonly clock: Clock
  readonly routes: ClusterRoutes
  /** Ends flows that no backend accepts in time. */
  readonly accepting: Deadlines<IngressFlow>
  readonly flowLog: FlowLog | undefined
}

const NO_CLUSTER: FlowError = {
  condition: FlowCondition.noBackend,
  description: 'no reachable cluster exports the service with a ready backend',
}

/** Ends before any backend saw a byte: safe to open elsewhere. */
const RETRYABLE: ReadonlySet<string> = new Set([
  FlowCondition.connectFailed,
  FlowCondition.noBackend,
  FlowCondition.notExported,
  FlowCondition.overloaded,
])

export class IngressFlow extends FlowEnd {
  readonly #deps: IngressDeps
  readonly #spec: ListenerSpec
  readonly #request: FlowRequest
  readonly #startedAt: number
  readonly #tried: string[] = []
  #route: ChosenRoute | undefined
  /** The client's bytes so far; undefined once a backend has accepted. */
  #retained: Buffer[] | undefined = []

  constructor(deps: IngressDeps, spec: ListenerSpec, socket: Socket) {
    super(deps)
    this.#deps = deps
    this.#spec = spec
    this.#startedAt = deps.clock.monotonic()
    this.#request = {
      service: spec.service,
      protocol: 'TCP',
      port: spec.port,
      client: { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 },
    }
    bindSocket(socket, this)
    this.attach(socket)
    deps.accepting.add(this)
    this.#open(NO_CLUSTER)
  }

  /** Opens towards the next cluster, or resets the client with `failure` when there is none. */
  #open(failure: FlowError): void {
    this.#route = this.#nextRoute()
    if (this.#route === undefined) {
      super.onReset(failure)
      return
    }
    const channel = this.#route.transport.open(this.#request, (opened) => {
      this.channel = opened
      return this
    })
    // A transport that fails at once has moved the flow on already.
    if (this.channel === channel && !this.closed) this.#replay(channel)
  }

  #nextRoute(): ChosenRoute | undefined {
    if (this.#tried.length >= MAX_CLUSTER_ATTEMPTS) return undefined
    return this.#deps.routes.choose(this.#spec, this.#request.client.address, this.#tried)
  }

  #replay(channel: FlowChannel): void {
    for (const chunk of this.#retained ?? []) channel.write(chunk)
    if (this.sourceEnded) channel.end()
    if (channel.writable > 0) this.onDrain()
  }

  override onAccept(): void {
    this.#deps.accepting.delete(this)
    this.#deps.stats.connected(this.#deps.clock.monotonic() - this.#startedAt)
    this.#retained = undefined
    this.readingHeld = false
    if (this.channel !== undefined && this.channel.writable > 0) this.onDrain()
  }

  override socketData(chunk: Buffer): void {
    super.socketData(chunk)
    if (this.#retained === undefined) return
    this.#retained.push(chunk)
    if (this.fromSocket < RETRY_BUFFER_BYTES) return
    this.readingHeld = true
    this.socket?.pause()
  }

  override onReset(error: FlowError): void {
    this.#release()
    if (this.#mayRetry(error)) this.#open(error)
    else super.onReset(error)
  }

  /** A lost link hides whether the backend saw the client's bytes: only a client that has sent nothing is moved. */
  #mayRetry(error: FlowError): boolean {
    if (this.#retained === undefined) return false
    return (
      RETRYABLE.has(error.condition) || (error.condition === FlowCondition.linkLost && this.#sentNothing())
    )
  }

  #sentNothing(): boolean {
    return this.fromSocket === 0 && !this.sourceEnded
  }

  #release(): void {
    if (this.#route !== undefined) this.#deps.routes.release(this.#route)
    this.#route = undefined
  }

  protected override finished(ending: FlowEnding): void {
    this.#deps.accepting.delete(this)
    this.#release()
    this.#deps.flowLog?.({
      side: 'ingress',
      flow: this.channel?.id ?? '',
      service: this.#request.service,
      port: this.#request.port,
      client: `${this.#request.client.address}:${this.#request.client.port}`,
      cluster: this.#tried.at(-1) ?? '',
      backend: '',
      clientBytes: this.fromSocket,
      backendBytes: this.toSocket,
      milliseconds: Math.round(this.#deps.clock.monotonic() - this.#startedAt),
      ended: ending === 'finished' ? ending : `${ending.condition} ${ending.description}`,
    })
  }
}
