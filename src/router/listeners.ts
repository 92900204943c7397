/**
 * The router's listening ports, kept equal to the snapshot: what did not change is not touched.
 */
import type { Protocol } from '../api/objects.ts'
import type { ListenerSpec } from '../api/route-snapshot.ts'
import type { Logger } from '../core/log.ts'
import type { Metrics } from '../core/metrics.ts'
import { Listener, type ListenerDeps } from './listener.ts'
import type { PortListener } from './port-listener.ts'

export interface ListenersDeps extends ListenerDeps {
  readonly metrics: Metrics
  /** Makes the listener of a UDP port; it is not open. */
  readonly udpListener: (spec: ListenerSpec) => PortListener
}

/** Opens and closes listeners as they come and go. */
export class Listeners {
  readonly #deps: ListenersDeps
  readonly #host: string
  readonly #log: Logger
  readonly #open = new Map<string, PortListener>()
  /** Ports that refuse because flows could go nowhere. */
  #closed = 0
  /** Specs that were reported as not served. */
  #unserved: ReadonlySet<string> = new Set()

  constructor(deps: ListenersDeps, host: string) {
    this.#deps = deps
    this.#host = host
    this.#log = deps.log
    deps.metrics.observe('fairlead_router_listeners', 'Listening ports wanted', () => this.#open.size)
    deps.metrics.observe(
      'fairlead_router_listeners_failed',
      'Listening ports that cannot be bound',
      () => this.failures().length,
    )
    deps.metrics.observe(
      'fairlead_router_listeners_closed',
      'Listening ports closed because no cluster has an endpoint for them',
      () => this.#closed,
    )
    deps.metrics.observe(
      'fairlead_router_listeners_unserved',
      'Imported ports of a protocol that is not carried',
      () => this.#unserved.size,
    )
  }

  /**
   * Makes the open listeners those of `specs` that are `available` or busy; the others refuse their clients. Closing
   * comes first: a port may pass from one service to another.
   */
  reconcile(specs: readonly ListenerSpec[], available: (spec: ListenerSpec) => boolean): void {
    const served = specs.filter(isServed)
    const open = served.filter((spec) => available(spec) || this.#open.get(keyOf(spec))?.busy === true)
    const wanted = new Map(open.map((spec) => [keyOf(spec), spec]))
    this.#closed = served.length - wanted.size
    for (const [key, listener] of this.#open) {
      if (wanted.has(key)) continue
      listener.close()
      this.#open.delete(key)
    }
    for (const [key, spec] of wanted) this.#ensure(key, spec)
    this.#reportUnserved(specs.filter((spec) => !isServed(spec)))
  }

  /** Refuses all clients. */
  close(): void {
    this.reconcile([], () => false)
  }

  /** One line for each port that cannot be bound. */
  failures(): string[] {
    return [...this.#open.values()]
      .filter((listener) => listener.failure !== undefined)
      .map(({ spec, failure }) => `listener ${spec.listenPort} (${spec.service}:${spec.port}): ${failure}`)
  }

  /** The port that stands for a service's port now; undefined while it is not bound. */
  portOf(service: string, port: number, protocol: Protocol = 'TCP'): number | undefined {
    for (const { spec, boundPort } of this.#open.values()) {
      if (spec.service === service && spec.port === port && spec.protocol === protocol) return boundPort
    }
    return undefined
  }

  #ensure(key: string, spec: ListenerSpec): void {
    const open = this.#open.get(key)
    if (open === undefined) this.#add(key, spec)
    else open.spec = spec
  }

  #add(key: string, spec: ListenerSpec): void {
    const isTcp = spec.protocol === 'TCP'
    const listener = isTcp ? new Listener(this.#deps, this.#host, spec) : this.#deps.udpListener(spec)
    this.#open.set(key, listener)
    listener.open()
  }

  #reportUnserved(specs: readonly ListenerSpec[]): void {
    const keys = new Set(specs.map(keyOf))
    for (const key of keys) {
      if (!this.#unserved.has(key)) this.#log.warn({ listener: key }, 'this protocol is not carried')
    }
    this.#unserved = keys
  }
}

function isServed(spec: ListenerSpec): boolean {
  return spec.protocol !== 'SCTP'
}

function keyOf(spec: ListenerSpec): string {
  return `${spec.listenPort} ${spec.protocol} ${spec.service}:${spec.port}`
}
