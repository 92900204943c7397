/**
 * Decides about flows that come with a way over relays (ADR 14): what is for this router is handed to its data path,
 * what is for another goes on over the data connection to the next router of its path. Knows no topology.
 */
import {
  type FlowChannel,
  FlowCondition,
  type FlowError,
  type FlowHandler,
  type FlowRequest,
  type RelayedWay,
} from '../../amqp/flow-transport.ts'
import type { ByteBudget } from '../../core/byte-budget.ts'
import type { Metrics } from '../../core/metrics.ts'
import { type EndableFlow, FlowRegistry } from '../flow-registry.ts'
import { NOBODY } from '../resume/nobody.ts'
import type { RawConnection } from '../resume/raw-connection.ts'
import { REVOKED } from '../resume/reasons.ts'
import { MAX_ARRIVED_FLOWS, MAX_RELAYED_FLOWS, NEIGHBOUR_SHARE } from './limits.ts'
import { RelayStats } from './relay-stats.ts'
import { Splice } from './splice.ts'
import { type Here, onward, type Refusal, refusalOf, refused, type Sender } from './way.ts'

/** A router at the other end of a data connection. */
export interface Neighbour {
  /** By its certificate. */
  readonly cluster: string
  readonly connection: RawConnection
}

/** A flow that comes over relays. */
export type RelayedRequest = FlowRequest & { readonly relay: RelayedWay }

/** The flow does not come from the other end of its data connection, or is not for this router. */
export function isRelayed(request: FlowRequest): request is RelayedRequest {
  return request.relay !== undefined
}

/** Why what an opening says is not to be believed. Asked for flows that end here, after all that can be checked without it. */
export type VerifyOrigin = (request: RelayedRequest) => Refusal | undefined

export interface RelayDeps {
  readonly here: () => Here
  /** The best data connection to a router process next to us. */
  readonly neighbour: (router: string) => Neighbour | undefined
  /** Takes a flow that ends here; `onOver` is to be called when it is over, or `undefined` is returned and it is not taken. */
  readonly take: (
    request: RelayedRequest,
    channel: FlowChannel,
    onOver: () => void,
  ) => FlowHandler | undefined
  /** Whether nothing goes to a cluster or comes from it. Absent: nobody was revoked. */
  readonly isGone?: (cluster: string) => boolean
  readonly verifyOrigin: VerifyOrigin
  readonly budget: ByteBudget
  readonly metrics: Metrics
}

export interface RelayConfig {
  readonly maxFlows?: number
  readonly maxArrived?: number
}

const ENDED: FlowError = { condition: FlowCondition.linkLost, description: 'the relay has stopped' }

export class Relay {
  readonly #deps: RelayDeps
  readonly #flows: FlowRegistry
  /** Of each flow that is passed on; `#flows` bounds them. */
  readonly #ways = new Map<Splice, RelayedWay>()
  readonly #arrived: FlowRegistry
  readonly #stats: RelayStats
  #draining = false

  constructor(deps: RelayDeps, { maxFlows, maxArrived }: RelayConfig = {}) {
    this.#deps = deps
    this.#flows = new FlowRegistry(maxFlows ?? MAX_RELAYED_FLOWS)
    this.#arrived = new FlowRegistry(maxArrived ?? MAX_ARRIVED_FLOWS)
    this.#stats = new RelayStats(deps.metrics, this.#flows, this.#arrived)
  }

  /** Flows passed on now. */
  get size(): number {
    return this.#flows.size
  }

  /** Decides about a flow that `from` has opened. */
  accept(request: RelayedRequest, channel: FlowChannel, from: Neighbour): FlowHandler {
    const refusal = refusalOf(request.relay, this.#deps.here(), senderOf(from))
    if (refusal !== undefined) return this.#refuse(channel, refusal)
    if (this.#hasGone(request.relay)) return this.#refuse(channel, GONE)
    return request.relay.path.length === 1
      ? this.#arrive(request, channel, from)
      : this.#passOn(request, channel, from)
  }

  /** Ends those that are passed on from clusters that have gone, or to them. */
  endAllWith(isConcerned: (cluster: string) => boolean, why: FlowError): void {
    for (const [splice, { origin, cluster }] of [...this.#ways])
      if (isConcerned(origin.cluster) || isConcerned(cluster)) splice.kill(why)
  }

  /** Takes no more new flows; those there are go on, and others can be resumed. */
  drain(): void {
    this.#draining = true
  }

  /** Ends those that are passed on; their ends resume them elsewhere. */
  stop(): void {
    this.#draining = true
    this.#flows.killAll(ENDED)
  }

  #hasGone({ origin, cluster }: RelayedWay): boolean {
    const { isGone = () => false } = this.#deps
    return isGone(origin.cluster) || isGone(cluster)
  }

  #arrive(request: RelayedRequest, channel: FlowChannel, from: Neighbour): FlowHandler {
    const disbelief = this.#deps.verifyOrigin(request)
    if (disbelief !== undefined) return this.#refuse(channel, disbelief)
    if (!this.#arrived.admits(from.cluster, NEIGHBOUR_SHARE)) return this.#refuse(channel, FULL)
    const counted: EndableFlow = { kill: (error) => channel.reset(error) }
    this.#arrived.add(counted, from.cluster)
    const handler = this.#deps.take(request, channel, () => this.#arrived.delete(counted))
    if (handler !== undefined) return handler
    this.#arrived.delete(counted)
    return this.#refuse(channel, FULL)
  }

  #passOn(request: RelayedRequest, channel: FlowChannel, from: Neighbour): FlowHandler {
    const next = this.#nextOf(request.relay)
    if ('cause' in next) return this.#refuse(channel, next)
    if (this.#draining && request.resumable?.at === undefined) return this.#refuse(channel, DRAINING)
    if (!this.#flows.admits(from.cluster, NEIGHBOUR_SHARE)) return this.#refuse(channel, FULL)
    const splice = this.#spliceOf(request, from.connection, next.connection)
    this.#flows.add(splice, from.cluster)
    this.#ways.set(splice, request.relay)
    this.#stats.opened += 1
    const handler = splice.takeIncoming(channel)
    const relay = onward(request.relay)
    next.connection.open({ ...request, relay }, (opened) => splice.takeOnward(opened))
    return handler
  }

  /** The last router has to be of the cluster that the flow is for, by its certificate. */
  #nextOf({ path, cluster }: RelayedWay): Neighbour | Refusal {
    const next = this.#deps.neighbour(path[1] ?? '')
    if (next === undefined) return refused('no-neighbour', 'no connection to the next router')
    if (path.length === 2 && next.cluster !== cluster)
      return refused('cluster', `the last router is not of cluster ${cluster}`)
    return next
  }

  #spliceOf({ protocol, relay }: RelayedRequest, from: RawConnection, next: RawConnection): Splice {
    return new Splice({
      protocol,
      incoming: { passed: this.#stats.onward, endPeer: relay.travelled.length === 0 ? from : undefined },
      onward: { passed: this.#stats.back, endPeer: relay.path.length === 2 ? next : undefined },
      waiting: this.#deps.budget.use('relaying'),
      onOver: (splice) => {
        this.#flows.delete(splice)
        this.#ways.delete(splice)
      },
    })
  }

  #refuse(channel: FlowChannel, { cause, error }: Refusal): FlowHandler {
    this.#stats.refused(cause)
    channel.reset(error)
    return NOBODY
  }
}

const FULL = refused('full', 'too many flows over relays')
const GONE: Refusal = { cause: 'revoked', error: REVOKED }
const DRAINING = refused('draining', 'the relay takes no more flows')

function senderOf({ cluster, connection: { peer } }: Neighbour): Sender {
  return { cluster, router: peer?.instance, name: peer?.containerId }
}
