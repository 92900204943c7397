/**
 * The client's end of a flow: opens it towards a cluster that exports the service, and towards another one when the
 * first could not connect. Until a backend has accepted, the client's bytes are kept to be sent again.
 */
import type { Socket } from 'node:net'
import { type FlowChannel, FlowCondition, type FlowError, type FlowRequest } from '../amqp/flow-transport.ts'
import type { ListenerSpec } from '../api/route-snapshot.ts'
import type { TrafficSettings } from '../api/traffic-settings.ts'
import type { ChosenRoute, ClusterRoutes } from './cluster-routes.ts'
import type { DeadlinesByTime } from './deadlines.ts'
import { FlowEnd, type FlowEndDeps, type FlowEnder, type FlowEnding } from './flow-end.ts'
import { type FlowLog, NO_ATTEMPTS } from './flow-log.ts'
import { bindSocket } from './flow-socket.ts'
import type { IdleWatch } from './idle-watch.ts'
import { acceptMs, type IngressRequests } from './ingress-requests.ts'
import { RETRY_BUFFER_BYTES } from './limits.ts'
import type { LinkWait } from './link-wait.ts'

export interface IngressDeps extends FlowEndDeps {
  readonly routes: ClusterRoutes
  readonly requests: IngressRequests
  /** Ends flows that no backend accepts in time. */
  readonly accepting: DeadlinesByTime<IngressFlow>
  readonly waiting: LinkWait
  readonly idle: IdleWatch
  readonly flowLog: FlowLog | undefined
}

const NO_CLUSTER: FlowError = {
  condition: FlowCondition.noBackend,
  description: 'no reachable cluster exports the service with a ready backend',
}
const IDLE: FlowError = { condition: FlowCondition.idle, description: 'nothing was carried for too long' }

/** The way to the cluster was lost, or its router was: it hides whether a backend saw the client's bytes. */
const LOST: ReadonlySet<string> = new Set([
  FlowCondition.linkLost,
  FlowCondition.stopped,
  FlowCondition.unknownFlow,
])

/** Ends before any backend saw a byte: safe to open elsewhere. */
const RETRYABLE: ReadonlySet<string> = new Set([
  FlowCondition.connectFailed,
  FlowCondition.noBackend,
  FlowCondition.notExported,
  FlowCondition.overloaded,
  FlowCondition.noRoute,
  FlowCondition.unvouched,
  FlowCondition.denied,
  FlowCondition.overLimit,
])

/** Says nothing of the cluster: over another path, or when the link is back, it may take the flow. */
const OF_THE_PATH: ReadonlySet<string> = new Set([...LOST, FlowCondition.noRoute, FlowCondition.unvouched])

/** Who a client's connections are counted for: its address. */
export function ownerOf({ remoteAddress }: Socket): string {
  return `client ${remoteAddress}`
}

export class IngressFlow extends FlowEnd {
  readonly #deps: IngressDeps
  readonly #spec: ListenerSpec
  readonly #settings: TrafficSettings
  readonly #request: FlowRequest
  /** Clusters not to be chosen again. */
  readonly #tried: string[] = []
  /** Those that failed. */
  #attempts = NO_ATTEMPTS
  #route: ChosenRoute | undefined
  /** The last cluster it went to. */
  #cluster = ''
  /** The client's bytes so far; undefined once a backend has accepted. */
  #retained: Buffer[] | undefined = []

  constructor(deps: IngressDeps, spec: ListenerSpec, socket: Socket) {
    super(deps, ownerOf(socket))
    this.#deps = deps
    this.#spec = spec
    this.#settings = deps.requests.settingsOf(spec)
    this.#request = deps.requests.requestOf(spec, {
      address: socket.remoteAddress ?? '',
      port: socket.remotePort ?? 0,
    })
    bindSocket(socket, this)
    this.attach(socket)
    deps.accepting.of(acceptMs(this.#settings)).add(this)
    this.#open(NO_CLUSTER)
  }

  /** Opens towards the next cluster; resets the client with `failure` when there is none and none is coming back. */
  #open(failure: FlowError): void {
    const route = this.#nextRoute()
    if (route !== undefined) this.#openOn(route)
    else if (this.#mayWait()) this.#wait()
    else super.onReset(failure)
  }

  #nextRoute(): ChosenRoute | undefined {
    if (this.#attempts.length > this.#settings.retries) return undefined
    return this.#deps.routes.choose(this.#spec, this.#request.client.address, this.#tried)
  }

  #openOn(route: ChosenRoute): void {
    this.#route = route
    this.#cluster = route.cluster
    const channel = route.transport.open(this.#request, (opened) => {
      this.channel = opened
      return this
    })
    // A transport that fails at once has moved the flow on already.
    if (this.channel === channel && !this.closed) this.#replay(channel)
  }

  #replay(channel: FlowChannel): void {
    for (const chunk of this.#retained ?? []) channel.write(chunk)
    if (this.sourceEnded) channel.end()
    if (channel.writable > 0) this.onDrain()
  }

  // Waiting for a link

  /** A cluster that has not refused the flow could take it, were there a link. */
  #mayWait(): boolean {
    const isAllowed = this.#attempts.length <= this.#settings.retries
    return isAllowed && this.#deps.routes.possible(this.#spec, this.#tried)
  }

  #wait(): void {
    this.readingHeld = true
    this.socket?.pause()
    this.#deps.waiting.add(this, this.#settings.connectMs)
  }

  linkChanged(): void {
    const route = this.#nextRoute()
    if (route === undefined) return
    this.#deps.waiting.delete(this)
    this.readingHeld = this.#retainsEnough()
    this.#openOn(route)
  }

  linkMissing(): void {
    super.onReset(NO_CLUSTER)
  }

  // The flow

  override onAccept(): void {
    this.#deps.accepting.of(acceptMs(this.#settings)).delete(this)
    this.markConnected()
    this.#deps.idle.add(this, this.#settings.idleMs)
    this.#retained = undefined
    this.readingHeld = false
    if (this.channel !== undefined && this.channel.writable > 0) this.onDrain()
  }

  override socketData(chunk: Buffer): void {
    super.socketData(chunk)
    if (this.#retained === undefined) return
    this.#retained.push(chunk)
    if (!this.#retainsEnough()) return
    this.readingHeld = true
    this.socket?.pause()
  }

  #retainsEnough(): boolean {
    return this.#retained !== undefined && this.fromSocket >= RETRY_BUFFER_BYTES
  }

  override onReset(error: FlowError): void {
    this.#release()
    if (this.#retained !== undefined) this.#attemptFailed(error)
    if (this.#mayRetry(error)) this.#open(error)
    else super.onReset(error)
  }

  /** A cluster that was lost, or to which a relay had no way, did not refuse: it may be tried again. */
  #attemptFailed({ condition, description }: FlowError): void {
    this.#attempts = [...this.#attempts, { to: this.#cluster, reason: `${condition} ${description}` }]
    if (OF_THE_PATH.has(condition)) this.#tried.pop()
  }

  /** After a loss only a client that has sent nothing is moved. */
  #mayRetry(error: FlowError): boolean {
    if (this.#retained === undefined) return false
    return RETRYABLE.has(error.condition) || (LOST.has(error.condition) && this.#sentNothing())
  }

  #sentNothing(): boolean {
    return this.fromSocket === 0 && !this.sourceEnded
  }

  /** Nothing was carried for as long as the policy allows. */
  idled(): void {
    this.kill(IDLE)
  }

  #release(): void {
    if (this.#route !== undefined) this.#deps.routes.release(this.#route)
    this.#route = undefined
  }

  protected override finished(ending: FlowEnding, by: FlowEnder): void {
    const { accepting, waiting, idle, flowLog, requests } = this.#deps
    if (this.connectedAt === 0) {
      accepting.of(acceptMs(this.#settings)).delete(this)
      waiting.delete(this)
    } else idle.delete(this, this.#settings.idleMs)
    this.#release()
    flowLog?.({
      side: 'ingress',
      ...this.recordOf(this.#request, ending, this.firstWritten),
      client: { ...this.#request.client, cluster: requests.cluster },
      cluster: this.#cluster,
      backend: '',
      attempts: this.#attempts,
      clientBytes: this.fromSocket,
      backendBytes: this.toSocket,
      endedBy: by === 'socket' ? 'client' : by === 'channel' ? 'backend' : 'router',
    })
  }
}
