/**
 * The backends of this cluster's exported ports as places for flows: which one a new flow goes to, how many are there,
 * and which of them fail.
 */
import type { Backend, ExportedPort, RouteSnapshot } from '../../api/route-snapshot.ts'
import type { SnapshotSource } from '../../core/snapshot.ts'
import { take } from '../balancer.ts'
import { MAX_IDLE_LOADS } from '../limits.ts'
import { AffinityTable } from './affinity-table.ts'
import { chooseByClient, chooseByLoad } from './choose.ts'
import { type EjectionRules, Ejections, type EjectionsDeps } from './ejections.ts'
import { Endpoint } from './endpoint.ts'
import { type ServiceTarget, targetKey, usableBackends } from './service-target.ts'

export interface BackendPoolDeps extends EjectionsDeps {
  readonly snapshot: SnapshotSource<RouteSnapshot>
}

/** Who asks, as far as affinity goes. Client addresses are a cluster's own: two clusters may have the same. */
export interface PoolClient {
  readonly cluster: string
  readonly address: string
}

/** One tier. */
type Tiers = readonly [readonly Endpoint[]]

/** Shared by the flows of all services, so that they see each other's load and failures. */
export class BackendPool {
  readonly #deps: BackendPoolDeps
  readonly #affinities = new AffinityTable()
  readonly #ejections: Ejections
  readonly #endpoints = new Map<string, Endpoint>()
  /** Of ports that were asked for. */
  #tiers = new WeakMap<ExportedPort, Tiers>()
  #unsubscribe = () => {}

  constructor(deps: BackendPoolDeps) {
    this.#deps = deps
    this.#ejections = new Ejections(deps)
  }

  start(): void {
    this.#unsubscribe()
    this.#unsubscribe = this.#deps.snapshot.subscribe(({ exports }) => this.#follow(exports))
  }

  stop(): void {
    this.#unsubscribe()
    this.#ejections.stop()
  }

  /**
   * The best usable backend of `port` (of the endpoint that `target` names, if it does) not in `tried`, which its name is
   * added to; counted until `release`.
   */
  choose(
    port: ExportedPort,
    target: ServiceTarget,
    client: PoolClient,
    tried: string[],
  ): Endpoint | undefined {
    const tiers = this.#tiersOf(port, target)
    const chosen =
      port.affinity === undefined || target.endpoint !== undefined
        ? chooseByLoad(tiers, tried)
        : this.#chooseAffine(port, tiers, `${client.cluster}|${client.address}|${targetKey(target)}`, tried)
    if (chosen === undefined) return undefined
    tried.push(chosen.name)
    take(tiers[0], chosen)
    return chosen
  }

  release(endpoint: Endpoint): void {
    endpoint.load.outstanding -= 1
  }

  /** A flow could not be connected to it. Call `release` as well. */
  failed(endpoint: Endpoint, rules: EjectionRules): void {
    this.#ejections.failed(endpoint, rules)
  }

  /** A flow was connected to it. */
  connected(endpoint: Endpoint): void {
    this.#ejections.connected(endpoint)
  }

  #chooseAffine(
    { affinity }: ExportedPort,
    tiers: Tiers,
    key: string,
    tried: readonly string[],
  ): Endpoint | undefined {
    const now = this.#deps.clock.monotonic()
    const chosen = chooseByClient(tiers, tried, key, this.#affinities.get(key, now))
    if (chosen !== undefined && affinity !== undefined) this.#affinities.set(key, chosen.name, now, affinity)
    return chosen
  }

  /** Kept by port. Not by endpoint: peers may ask for any. */
  #tiersOf(port: ExportedPort, target: ServiceTarget): Tiers {
    const known = target.endpoint === undefined ? this.#tiers.get(port) : undefined
    if (known !== undefined) return known
    const tiers: Tiers = [usableBackends(port, target).map((backend) => this.#endpointOf(port, backend))]
    if (target.endpoint === undefined) this.#tiers.set(port, tiers)
    return tiers
  }

  #endpointOf({ protocol }: ExportedPort, backend: Backend): Endpoint {
    const key = endpointKey(protocol, backend)
    const known = this.#endpoints.get(key)
    if (known !== undefined) return known
    const endpoint = new Endpoint(backend, protocol)
    this.#endpoints.set(key, endpoint)
    return endpoint
  }

  /** Endpoints that left lose their failures; those that are idle are forgotten when there are many. */
  #follow(exports: RouteSnapshot['exports']): void {
    if (this.#ejections.size === 0 && this.#endpoints.size <= MAX_IDLE_LOADS) return
    const present = presentKeys(exports)
    this.#tiers = new WeakMap()
    for (const [key, endpoint] of this.#endpoints) {
      if (present.has(key)) continue
      this.#ejections.forget(endpoint)
      if (endpoint.load.outstanding === 0) this.#endpoints.delete(key)
    }
  }
}

function presentKeys(exports: RouteSnapshot['exports']): ReadonlySet<string> {
  const keys = new Set<string>()
  for (const ports of exports.values()) {
    for (const { protocol, backends } of ports) {
      for (const backend of backends) keys.add(endpointKey(protocol, backend))
    }
  }
  return keys
}

/** Protocols apart: that TCP fails at a port says nothing about UDP. */
function endpointKey(protocol: string, { address, port }: Backend): string {
  return `${protocol} ${address}:${port}`
}
