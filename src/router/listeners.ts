/**
 * The router's listening ports, kept equal to the snapshot: what did not change is not touched.
 */
import type { ListenerSpec } from '../api/route-snapshot.ts'
import type { Logger } from '../core/log.ts'
import type { Metrics } from '../core/metrics.ts'
import { Listener, type ListenerDeps } from './listener.ts'

export interface ListenersDeps extends ListenerDeps {
  readonly metrics: Metrics
}

/** Opens and closes listeners as they come and go. */
export class Listeners {
  readonly #deps: ListenersDeps
  readonly #host: string
  readonly #log: Logger
  readonly #open = new Map<string, Listener>()
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
   * Makes the open listeners those of `specs` that are `available`; what is not refuses its clients. Closing comes
   * first: a port may pass from one service to another.
   */
  reconcile(specs: readonly ListenerSpec[], available: (spec: ListenerSpec) => boolean): void {
    const served = specs.filter(isServed)
    const wanted = new Map(served.filter(available).map((spec) => [keyOf(spec), spec]))
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
  portOf(service: string, port: number): number | undefined {
    for (const listener of this.#open.values()) {
      if (listener.spec.service === service && listener.spec.port === port) return listener.boundPort
    }
    return undefined
  }

  #ensure(key: string, spec: ListenerSpec): void {
    const open = this.#open.get(key)
    if (open === undefined) this.#add(key, spec)
    else open.spec = spec
  }

  #add(key: string, spec: ListenerSpec): void {
    const listener = new Listener(this.#deps, this.#host, spec)
    this.#open.set(key, listener)
    listener.open()
  }

  #reportUnserved(specs: readonly ListenerSpec[]): void {
    const keys = new Set(specs.map(keyOf))
    for (const key of keys) {
      if (!this.#unserved.has(key)) this.#log.warn({ listener: key }, 'this protocol is not carried yet')
    }
    this.#unserved = keys
  }
}

function isServed(spec: ListenerSpec): boolean {
  return spec.protocol === 'TCP'
}

function keyOf(spec: ListenerSpec): string {
  return `${spec.listenPort} ${spec.protocol} ${spec.service}:${spec.port}`
}
