/**
 * A data connection as the data path sees it: flows opened and accepted on it outlive it. Flows that may not be resumed
 * pass it by.
 */
import type {
  FlowAcceptor,
  FlowChannel,
  FlowHandler,
  FlowPosition,
  FlowRequest,
  FlowTransport,
} from '../../amqp/flow-transport.ts'
import { AcceptedFlow } from './accepted-flow.ts'
import type { FlowKeeper } from './flow-keeper.ts'
import { MAX_GRACE_MS } from './limits.ts'
import { NOBODY } from './nobody.ts'
import { OpenedFlow } from './opened-flow.ts'
import type { PeerProcess, ProcessPath } from './peer-process.ts'
import type { RawConnection } from './raw-connection.ts'
import { STOPPED, UNKNOWN, violation } from './reasons.ts'
import type { TokenSource } from './token-source.ts'

export interface ResumableTransportDeps {
  readonly keeper: FlowKeeper
  readonly tokens: TokenSource
  /** How long flows of a service are kept after a loss, milliseconds; 0: not at all. */
  readonly graceOf: (service: string) => number
  /** The data path's; decides about new flows of this peer. */
  readonly accept: FlowAcceptor
}

export class ResumableTransport implements FlowTransport, ProcessPath {
  readonly connection: RawConnection
  readonly #deps: ResumableTransportDeps
  readonly #cluster: string
  #process: PeerProcess | undefined

  /** `cluster` is the peer's, by its certificate. */
  constructor(deps: ResumableTransportDeps, connection: RawConnection, cluster: string) {
    this.#deps = deps
    this.connection = connection
    this.#cluster = cluster
  }

  get usable(): boolean {
    return this.connection.usable
  }

  get draining(): boolean {
    return this.connection.draining
  }

  get openFlows(): number {
    return this.connection.openFlows
  }

  get process(): PeerProcess | undefined {
    return this.#process
  }

  open(request: FlowRequest, handler: (channel: FlowChannel) => FlowHandler): FlowChannel {
    const { keeper, tokens, graceOf } = this.#deps
    const graceMs = Math.min(graceOf(request.service), MAX_GRACE_MS)
    if (graceMs <= 0) return this.connection.open(request, handler)
    const flow = new OpenedFlow(keeper, request, { token: tokens.next(), graceMs })
    flow.open(this, handler)
    return flow
  }

  openRaw(request: FlowRequest, handler: (channel: FlowChannel) => FlowHandler): FlowChannel {
    return this.connection.open(request, handler)
  }

  // What the connection tells

  /** It is known who the peer is. */
  opened(): void {
    const { keeper } = this.#deps
    this.#process = keeper.processes.join(this.#cluster, this)
    keeper.wake()
  }

  /** It is gone. `peerStopped`: and the peer's process with it. */
  closed(peerStopped: boolean): void {
    const process = this.#process
    if (process === undefined) return
    const { processes } = this.#deps.keeper
    if (peerStopped) processes.end(process, STOPPED)
    processes.leave(process, this)
  }

  /** The peer opens a flow. */
  accept(request: FlowRequest, channel: FlowChannel): FlowHandler {
    const { resumable } = request
    if (resumable?.at !== undefined) return this.#resume(resumable.token, resumable.at, channel)
    const process = this.#process
    if (resumable === undefined || process === undefined) return this.#deps.accept(request, channel)
    if (process.accepted.has(resumable.token)) return refuse(channel)
    const terms = { token: resumable.token, graceMs: Math.min(resumable.graceMs, MAX_GRACE_MS) }
    const flow = new AcceptedFlow(this.#deps.keeper, request, terms)
    return flow.take(channel, this, process, () => this.#deps.accept(request, flow))
  }

  #resume(token: string, at: FlowPosition, channel: FlowChannel): FlowHandler {
    const flow = this.#process?.accepted.get(token)
    if (flow !== undefined) return flow.takeOver(channel, this, at)
    const known = this.#process?.closed.answer(token, at, channel)
    if (known === undefined) channel.reset(UNKNOWN)
    return known ?? NOBODY
  }
}

function refuse(channel: FlowChannel): FlowHandler {
  channel.reset(violation('a flow of this token is open'))
  return NOBODY
}
