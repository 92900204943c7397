/**
 * The backends of this cluster's exported ports as places for flows: which one a new flow goes to, and how many are there.
 */
import type { ExportedPort, RouteSnapshot } from '../../api/route-snapshot.ts'
import type { Clock } from '../../core/clock.ts'
import type { SnapshotSource } from '../../core/snapshot.ts'
import { type Candidate, take } from '../balancer.ts'
import { LoadTable } from '../load-table.ts'
import { AffinityTable } from './affinity-table.ts'
import { chooseByClient, chooseByLoad } from './choose.ts'
import { type ServiceTarget, targetKey, usableBackends } from './service-target.ts'

export interface BackendPoolDeps {
  readonly snapshot: SnapshotSource<RouteSnapshot>
  readonly clock: Clock
}

/** A backend that flows can be connected to. Its name is `address:port`. */
export interface Endpoint extends Candidate {
  readonly address: string
  readonly port: number
}

/** Who asks, as far as affinity goes. Client addresses are a cluster's own: two clusters may have the same. */
export interface PoolClient {
  readonly cluster: string
  readonly address: string
}

/** Shared by the flows of all protocols, so that they see each other's load. */
export class BackendPool {
  readonly #deps: BackendPoolDeps
  readonly #loads = new LoadTable()
  readonly #affinities = new AffinityTable()
  /** One tier for each port, of the present snapshot. */
  #endpoints = new WeakMap<ExportedPort, readonly (readonly Endpoint[])[]>()
  #snapshot: RouteSnapshot | undefined

  constructor(deps: BackendPoolDeps) {
    this.#deps = deps
  }

  /** The best usable backend of `port` (of the present snapshot) not in `tried`, which its name is added to; counted until `release`. */
  choose(
    port: ExportedPort,
    target: ServiceTarget,
    client: PoolClient,
    tried: string[],
  ): Endpoint | undefined {
    const tiers = this.#tiersOf(port)
    const chosen =
      port.affinity === undefined
        ? chooseByLoad(tiers, tried)
        : this.#chooseAffine(port, tiers, `${client.cluster}|${client.address}|${targetKey(target)}`, tried)
    if (chosen === undefined) return undefined
    tried.push(chosen.name)
    for (const tier of tiers) take(tier, chosen)
    return chosen
  }

  release(endpoint: Endpoint): void {
    endpoint.load.outstanding -= 1
  }

  #chooseAffine(
    { affinity }: ExportedPort,
    tiers: readonly (readonly Endpoint[])[],
    key: string,
    tried: readonly string[],
  ): Endpoint | undefined {
    const now = this.#deps.clock.monotonic()
    const chosen = chooseByClient(tiers, tried, key, this.#affinities.get(key, now))
    if (chosen !== undefined && affinity !== undefined) this.#affinities.set(key, chosen.name, now, affinity)
    return chosen
  }

  #tiersOf(port: ExportedPort): readonly (readonly Endpoint[])[] {
    this.#forgetStale()
    let tiers = this.#endpoints.get(port)
    if (tiers === undefined) {
      tiers = [usableBackends(port).map(({ address, port: number }) => this.#endpoint(address, number))]
      this.#endpoints.set(port, tiers)
    }
    return tiers
  }

  #endpoint(address: string, port: number): Endpoint {
    const name = `${address}:${port}`
    return { address, port, name, weight: 1, ejected: false, load: this.#loads.of(name) }
  }

  #forgetStale(): void {
    const snapshot = this.#deps.snapshot.current()
    if (snapshot === this.#snapshot) return
    this.#snapshot = snapshot
    this.#endpoints = new WeakMap()
    this.#loads.trim()
  }
}
