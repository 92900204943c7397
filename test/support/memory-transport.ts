/**
 * A FlowTransport that joins two data paths in one process, keeps the contract of src/amqp/flow-transport.ts, and can
 * be lost as a link can.
 */
import {
  type FlowAcceptor,
  type FlowChannel,
  FlowCondition,
  type FlowHandler,
  type FlowRequest,
  type FlowTransport,
} from '../../src/amqp/flow-transport.ts'
import { Way } from '../../src/api/network-report.ts'
import { LocalTransport } from '../../src/router/local-transport.ts'
import type { PeerTransports } from '../../src/router/network/peers.ts'

const LOST = { condition: FlowCondition.linkLost, description: 'the link was lost' }

export class MemoryTransport implements FlowTransport {
  readonly #inner: LocalTransport
  /** Both ends of the flows that were opened. */
  #ends: { channel: FlowChannel; handler: FlowHandler }[] = []
  #usable = true

  constructor(acceptor: FlowAcceptor, window?: number) {
    this.#inner = new LocalTransport(
      (request, channel) => this.#track(channel, acceptor(request, channel)),
      window,
    )
  }

  readonly draining = false

  get usable(): boolean {
    return this.#usable
  }

  get openFlows(): number {
    return this.#inner.openFlows
  }

  open(request: FlowRequest, handler: (channel: FlowChannel) => FlowHandler): FlowChannel {
    return this.#inner.open(request, (channel) => this.#track(channel, handler(channel)))
  }

  /** Ends every flow at both ends, as the loss of the connection does. */
  lose(): void {
    this.#usable = false
    const ends = this.#ends
    this.#ends = []
    for (const { channel, handler } of ends) {
      channel.reset(LOST)
      handler.onReset(LOST)
    }
  }

  restore(): void {
    this.#usable = true
  }

  #track(channel: FlowChannel, handler: FlowHandler): FlowHandler {
    this.#ends.push({ channel, handler })
    return handler
  }
}

/** The transports of one router to others, set by hand. */
export class MemoryPeers implements PeerTransports {
  readonly transports = new Map<string, FlowTransport>()
  /** 1 for those that are not named. */
  readonly costs = new Map<string, number>()
  readonly #listeners = new Set<() => void>()

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Tells those who wait that `transports`, or what they can do, has changed. */
  changed(): void {
    for (const listener of this.#listeners) listener()
  }

  get openFlows(): number {
    return [...this.transports.values()].reduce((sum, { openFlows }) => sum + openFlows, 0)
  }

  transportTo(cluster: string): FlowTransport | undefined {
    const transport = this.transports.get(cluster)
    return transport?.usable === true ? transport : undefined
  }

  wayTo(cluster: string): Way {
    return this.transportTo(cluster) === undefined ? Way.none : Way.direct
  }

  costTo(cluster: string): number {
    return this.costs.get(cluster) ?? 1
  }

  reachable(): readonly string[] {
    return [...this.transports]
      .filter(([, transport]) => transport.usable)
      .map(([cluster]) => cluster)
      .sort()
  }
}
