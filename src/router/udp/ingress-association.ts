/**
 * The client's end of an association: opens it towards a cluster that exports the service, and towards another one
 * when the first has no backend that takes it. Until then the client's first datagrams are kept to be sent again.
 */
import { FlowCondition, type FlowError, type FlowRequest } from '../../amqp/flow-transport.ts'
import type { ListenerSpec } from '../../api/route-snapshot.ts'
import type { TrafficSettings } from '../../api/traffic-settings.ts'
import type { ChosenRoute, ClusterRoutes } from '../cluster-routes.ts'
import type { DeadlinesByTime } from '../deadlines.ts'
import type { FlowEnding } from '../flow-end.ts'
import type { FlowAttempt } from '../flow-log.ts'
import { acceptMs, type IngressRequests } from '../ingress-requests.ts'
import { Association, type AssociationDeps } from './association.ts'
import type { TableMember } from './association-table.ts'
import { DropReason } from './udp-stats.ts'

export interface IngressAssociationDeps extends AssociationDeps {
  readonly routes: ClusterRoutes
  readonly requests: IngressRequests
  /** Ends associations that no backend accepts in time. */
  readonly accepting: DeadlinesByTime<IngressAssociation>
}

/** A client as its datagrams name it. */
export interface ClientAddress {
  readonly address: string
  readonly port: number
}

/** The socket that the client knows, and the table of its clients. */
export interface ClientSide {
  readonly spec: ListenerSpec
  /** Sends to the client; the reason when it cannot. */
  reply(datagram: Buffer, client: ClientAddress): DropReason | undefined
  forget(association: IngressAssociation): void
}

const NOT_ACCEPTED: FlowError = {
  condition: FlowCondition.connectFailed,
  description: 'no backend took it in time',
}

/** Ends before any backend took a datagram, or with a link or router that may have lost them all: all allow another attempt. */
const RETRYABLE: ReadonlySet<string> = new Set([
  FlowCondition.connectFailed,
  FlowCondition.noBackend,
  FlowCondition.notExported,
  FlowCondition.overloaded,
  FlowCondition.noRoute,
  FlowCondition.unvouched,
  FlowCondition.denied,
  FlowCondition.overLimit,
  FlowCondition.linkLost,
  FlowCondition.stopped,
  FlowCondition.unknownFlow,
])

const OF_THE_PATH: ReadonlySet<string> = new Set([FlowCondition.noRoute, FlowCondition.unvouched])

export class IngressAssociation extends Association implements TableMember {
  readonly client: string
  readonly #deps: IngressAssociationDeps
  readonly #side: ClientSide
  readonly #address: ClientAddress
  readonly #settings: TrafficSettings
  readonly #request: FlowRequest
  readonly #tried: string[] = []
  readonly #attempts: FlowAttempt[] = []
  #route: ChosenRoute | undefined
  /** The last cluster it went to. */
  #cluster = ''

  constructor(deps: IngressAssociationDeps, side: ClientSide, address: ClientAddress) {
    const settings = deps.requests.settingsOf(side.spec)
    super(deps, settings.udpIdleMs)
    this.#deps = deps
    this.#side = side
    this.#address = address
    this.#settings = settings
    this.client = clientKey(address)
    this.#request = deps.requests.requestOf(side.spec, address)
  }

  /** Opens it; false, and nothing was begun, when no cluster can be asked. */
  start(): boolean {
    const route = this.#nextRoute()
    if (route === undefined) return false
    this.begin()
    this.#deps.accepting.of(acceptMs(this.#settings)).add(this)
    this.#open(route)
    return true
  }

  /** A datagram of the client. */
  receive(datagram: Buffer): void {
    if (this.first.open) this.first.keep(datagram)
    this.forward(datagram)
  }

  #nextRoute(): ChosenRoute | undefined {
    if (this.#attempts.length > this.#settings.retries) return undefined
    return this.#deps.routes.choose(this.#side.spec, this.#request.client.address, this.#tried)
  }

  #open(route: ChosenRoute): void {
    this.#route = route
    this.#cluster = route.cluster
    const channel = route.transport.open(this.#request, (opened) => {
      this.channel = opened
      return this
    })
    // A transport that fails at once has moved the association on already.
    if (this.channel !== channel || !this.isOpen) return
    for (const datagram of this.first.kept) channel.write(datagram)
  }

  override onAccept(): void {
    this.#stopAccepting()
    this.markConnected()
    this.first.release()
  }

  /** No cluster accepted it in time. */
  acceptTimedOut(): void {
    this.kill(NOT_ACCEPTED)
  }

  #stopAccepting(): void {
    if (this.first.open) this.#deps.accepting.of(acceptMs(this.#settings)).delete(this)
  }

  protected override deliver(datagram: Buffer): void {
    this.markAnswered()
    const failure = this.#side.reply(datagram, this.#address)
    if (failure === undefined) this.delivered(datagram)
    else this.drop(failure)
  }

  override onReset(error: FlowError): void {
    this.#release()
    if (this.first.open) {
      this.#attempts.push({ to: this.#cluster, reason: `${error.condition} ${error.description}` })
    }
    // The cluster did not refuse: over another path it may take the association.
    if (OF_THE_PATH.has(error.condition)) this.#tried.pop()
    const next = this.#mayRetry(error) ? this.#nextRoute() : undefined
    if (next !== undefined) this.#open(next)
    else this.finish(error)
  }

  #mayRetry({ condition }: FlowError): boolean {
    return this.isOpen && this.first.open && RETRYABLE.has(condition)
  }

  #release(): void {
    if (this.#route !== undefined) this.#deps.routes.release(this.#route)
    this.#route = undefined
  }

  protected override left(): void {
    this.#stopAccepting()
    this.#side.forget(this)
  }

  protected override finished(ending: FlowEnding): void {
    this.#release()
    this.drop(DropReason.noBackend, this.first.kept.length)
    this.#deps.flowLog?.({
      side: 'ingress',
      ...this.recordOf(this.#request, ending),
      client: { ...this.#request.client, cluster: this.#deps.requests.cluster },
      cluster: this.#cluster,
      backend: '',
      attempts: this.#attempts,
      clientBytes: this.fromSocket,
      backendBytes: this.fromFar,
    })
  }
}

/** Names a client in a table. */
export function clientKey({ address, port }: ClientAddress): string {
  return `${address} ${port}`
}
