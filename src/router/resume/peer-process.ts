/**
 * One running router process of another cluster: the connections to it and the flows that live and die with it.
 */
import type {
  FlowChannel,
  FlowError,
  FlowHandler,
  FlowPosition,
  FlowRequest,
} from '../../amqp/flow-transport.ts'
import { ClosedFlows } from './closed-flows.ts'
import type { RawConnection } from './raw-connection.ts'

/** A data connection as a flow sees it. */
export interface FlowPath {
  /** Who is at the other end; undefined while that is not known, and when nothing can be resumed with it. */
  readonly process: PeerProcess | undefined
  /** Opens a raw flow. */
  openRaw(request: FlowRequest, handler: (channel: FlowChannel) => FlowHandler): FlowChannel
}

/** A connection to the process and what is opened on it. */
export interface ProcessPath extends FlowPath {
  readonly connection: RawConnection
}

/** A flow that the process has opened to us. */
export interface TakenFlow {
  /** The process goes on with it over `channel`, and has what `at` says. */
  takeOver(channel: FlowChannel, path: FlowPath, at: FlowPosition): FlowHandler
}

export class PeerProcess {
  /** By the certificate of its connections. */
  readonly cluster: string
  /** Of its container. */
  readonly key: string
  readonly instance: string
  /** Flows it has opened to us, by token. */
  readonly accepted = new Map<string, TakenFlow>()
  /** The last of them that ended well. */
  readonly closed = new ClosedFlows()
  /** When each could first be used, monotonic milliseconds. */
  readonly #paths = new Map<ProcessPath, number>()
  /** Flows with it, whoever opened them. */
  #flows = 0
  #gone: FlowError | undefined

  constructor(cluster: string, key: string, instance: string) {
    this.cluster = cluster
    this.key = key
    this.instance = instance
  }

  /** Why it is no more; undefined while it may be. */
  get gone(): FlowError | undefined {
    return this.#gone
  }

  /** Nobody needs to know it any more. */
  get idle(): boolean {
    return this.#paths.size === 0 && this.#flows === 0
  }

  join(path: ProcessPath, now: number): void {
    this.#paths.set(path, now)
  }

  leave(path: ProcessPath): void {
    this.#paths.delete(path)
  }

  flowBegan(): void {
    this.#flows += 1
  }

  flowEnded(): void {
    this.#flows -= 1
  }

  /** Where a flow can be resumed: rather not where the peer drains, nor over relays, then where the fewest flows are. */
  usable(): FlowPath | undefined {
    let best: ProcessPath | undefined
    for (const path of this.#paths.keys()) {
      if (!path.connection.usable) continue
      if (best === undefined || isBetter(path.connection, best.connection)) best = path
    }
    return best
  }

  /** A connection that can be used now could be used then already. What relays can do for the other end is not known. */
  wasUsable(then: number): boolean {
    for (const [{ connection }, since] of this.#paths) {
      if (connection.usable && connection.relayed !== true && since <= then) return true
    }
    return false
  }

  /** A certificate vouches for it now. */
  get isNextToUs(): boolean {
    for (const { connection } of this.#paths.keys()) {
      if (connection.usable && connection.relayed !== true) return true
    }
    return false
  }

  /** The process has ended: what is left of its connections only holds flows up. */
  end(why: FlowError): void {
    this.#gone = why
    for (const { connection } of [...this.#paths.keys()]) connection.close(why)
  }
}

function isBetter(one: RawConnection, other: RawConnection): boolean {
  if (one.draining !== other.draining) return other.draining
  const isRelayed = one.relayed === true
  if (isRelayed !== (other.relayed === true)) return !isRelayed
  return one.openFlows < other.openFlows
}
