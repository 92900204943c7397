/**
 * The router's listening ports, kept equal to the snapshot: what did not change is not touched.
 */
import type { ServiceKey } from '../api/names.ts'
import type { ListenerSpec } from '../api/route-snapshot.ts'
import type { Logger } from '../core/log.ts'
import type { Metrics } from '../core/metrics.ts'
import { type ServiceTarget, targetKey } from './endpoints/service-target.ts'
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
  /** Ports of protocols that are carried, in the snapshot; some refuse because flows could go nowhere. */
  #served: readonly ListenerSpec[] = []
  #byService: ReadonlyMap<ServiceKey, readonly ListenerSpec[]> = new Map()
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
      () => this.#served.length - this.#open.size,
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
    this.#served = specs.filter(isServed)
    this.#byService = Map.groupBy(this.#served, ({ service }) => service)
    const present = new Set(this.#served.map(keyOf))
    for (const key of [...this.#open.keys()]) if (!present.has(key)) this.#close(key)
    this.#apply(this.#served, available)
    this.#reportUnserved(specs.filter((spec) => !isServed(spec)))
  }

  /** The same for the ports of these services alone, of which nothing but their being available has changed. */
  reconsider(services: ReadonlySet<ServiceKey>, available: (spec: ListenerSpec) => boolean): void {
    for (const service of services) this.#apply(this.#byService.get(service) ?? [], available)
  }

  #apply(specs: readonly ListenerSpec[], available: (spec: ListenerSpec) => boolean): void {
    for (const spec of specs) {
      const key = keyOf(spec)
      if (available(spec) || this.#open.get(key)?.busy === true) this.#ensure(key, spec)
      else this.#close(key)
    }
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

  /** One line for each port that is about to be bound for the first time. */
  opening(): string[] {
    return [...this.#open.values()]
      .filter(({ failure, boundPort }) => failure === undefined && boundPort === undefined)
      .map(({ spec }) => `listener ${spec.listenPort} (${spec.service}:${spec.port}) is not open yet`)
  }

  /** The port that stands for a service's port, or that of one endpoint, now; undefined while it is not bound. */
  portOf(target: ServiceTarget): number | undefined {
    const key = targetKey(target)
    for (const { spec, boundPort } of this.#open.values()) if (targetKey(spec) === key) return boundPort
    return undefined
  }

  #close(key: string): void {
    this.#open.get(key)?.close()
    this.#open.delete(key)
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
  return `${spec.listenPort} ${targetKey(spec)}`
}
