/**
 * A router that is reached over others, as if there were a data connection to it: flows are opened on the connection to
 * the first router of the best path, and those it opens to us are joined with them (ADR 14).
 */
import {
  type FlowChannel,
  FlowCondition,
  type FlowError,
  type FlowHandler,
  type FlowOrigin,
  type FlowRequest,
} from '../../amqp/flow-transport.ts'
import type { RawConnection, RemoteProcess } from '../resume/raw-connection.ts'
import { type Path, Paths, type PathsDeps, type UsablePath } from './paths.ts'
import { NO_CHANNEL, TrackedFlow } from './tracked-flow.ts'
import type { Vouch } from './vouchers.ts'

/** What is known of the ways to a router. */
export interface KnownRoute {
  readonly cost: number
  readonly paths: readonly (readonly string[])[]
  readonly draining: boolean
}

export interface RelayedConnectionDeps extends PathsDeps {
  /** This router, as openings name it. */
  readonly origin: () => FlowOrigin
  readonly vouch: Vouch
  /** A flow is over; there may be none left. */
  readonly flowOver: () => void
}

const NO_PATH: FlowError = { condition: FlowCondition.noRoute, description: 'no path to the router' }

/** A path is to blame: nothing was passed on, or something else than was opened, or what passed it on is gone. */
const OF_THE_PATH: ReadonlySet<string> = new Set([
  FlowCondition.noRoute,
  FlowCondition.unvouched,
  FlowCondition.linkLost,
])

export class RelayedConnection implements RawConnection {
  readonly relayed = true
  readonly cluster: string
  readonly peer: RemoteProcess
  readonly #deps: RelayedConnectionDeps
  readonly #paths: Paths
  readonly #flows = new Set<TrackedFlow>()
  #route: KnownRoute | undefined
  #closed = false

  /** To the router that `remote` names. */
  constructor(deps: RelayedConnectionDeps, { cluster, router, name }: FlowOrigin) {
    this.#deps = deps
    this.#paths = new Paths(deps)
    this.cluster = cluster
    this.peer = { containerId: name, instance: router }
  }

  /** The ways there are now; undefined when none is known. */
  follow(route: KnownRoute | undefined): void {
    this.#route = route
    this.#paths.follow(route?.paths ?? [])
  }

  /** Some path is known. */
  get isListed(): boolean {
    return this.#route !== undefined
  }

  /** The process it led to is no more. */
  get isClosed(): boolean {
    return this.#closed
  }

  get cost(): number {
    return this.#route?.cost ?? Number.POSITIVE_INFINITY
  }

  get usable(): boolean {
    return !this.#closed && this.#paths.best() !== undefined
  }

  /** The router takes no new flows, or no neighbour on the way does. */
  get draining(): boolean {
    return this.#route?.draining === true || this.#paths.best()?.hop.draining === true
  }

  get openFlows(): number {
    return this.#flows.size
  }

  open(request: FlowRequest, handler: (channel: FlowChannel) => FlowHandler): FlowChannel {
    const best = this.#closed ? undefined : this.#paths.best()
    return best === undefined ? this.#refuse(handler) : this.#openOn(best, request, handler)
  }

  /** A flow that the router has opened to us; `decide` gives its owner. */
  accept(
    channel: FlowChannel,
    decide: (channel: FlowChannel) => FlowHandler,
    onOver: () => void,
  ): FlowHandler {
    const flow = new TrackedFlow(channel, () => {
      onOver()
      this.#forget(flow)
    })
    this.#flows.add(flow)
    flow.setHandler(decide(flow))
    return flow
  }

  close(why: FlowError | string): void {
    this.#closed = true
    const error = typeof why === 'string' ? { condition: FlowCondition.reset, description: why } : why
    const { description } = error
    for (const flow of [...this.#flows]) flow.lose(error, { condition: FlowCondition.linkLost, description })
  }

  #openOn(
    { path, hop }: UsablePath,
    request: FlowRequest,
    handler: (channel: FlowChannel) => FlowHandler,
  ): FlowChannel {
    const { cluster } = this
    const { origin, vouch } = this.#deps
    const relay = vouch(request, { path: path.routers, travelled: [], cluster, origin: origin() })
    let flow: TrackedFlow | undefined
    path.flows += 1
    hop.open({ ...request, relay }, (channel) => {
      flow = this.#track(channel, (error) => {
        path.flows -= 1
        if (error !== undefined) this.#blame(path, hop, error)
      })
      flow.setHandler(handler(flow))
      return flow
    })
    return flow ?? NO_CHANNEL
  }

  /** From a task of its own: the owner may still be in `open`. */
  #refuse(handler: (channel: FlowChannel) => FlowHandler): FlowChannel {
    const flow = this.#track(NO_CHANNEL, () => {})
    flow.setHandler(handler(flow))
    setImmediate(() => flow.onReset(NO_PATH))
    return flow
  }

  #track(channel: FlowChannel, onOver: (error: FlowError | undefined) => void): TrackedFlow {
    const flow = new TrackedFlow(channel, (_flow, error) => {
      this.#forget(flow)
      onOver(error)
    })
    this.#flows.add(flow)
    return flow
  }

  #forget(flow: TrackedFlow): void {
    this.#flows.delete(flow)
    this.#deps.flowOver()
  }

  /** When the first hop itself is lost the path is usable again as soon as that is. */
  #blame(path: Path, hop: RawConnection, { condition }: FlowError): void {
    if (OF_THE_PATH.has(condition) && hop.usable && !this.#closed) this.#paths.hold(path)
  }
}
