/**
 * Whether a router that has just started has found its place in the network. Until then clients would be refused for
 * want of ways and records that are about to be there.
 */
import type { RouteSnapshot } from '../../api/route-snapshot.ts'
import type { Clock } from '../../core/clock.ts'
import type { SnapshotSource } from '../../core/snapshot.ts'
import type { LinkStatus } from '../../link/link-status.ts'
import type { TopologyView } from '../topology/topology-view.ts'
import { ARRIVAL_MS } from './limits.ts'
import type { ReplicaAddress } from './replicas.ts'

export interface ArrivalDeps {
  readonly clock: Pick<Clock, 'monotonic'>
  /** Links are known once it is synced. */
  readonly snapshot: SnapshotSource<Pick<RouteSnapshot, 'synced'>>
  readonly links: SnapshotSource<readonly LinkStatus[]>
  readonly topology: SnapshotSource<TopologyView>
  readonly replicas: SnapshotSource<readonly ReplicaAddress[]>
}

/** Once it has arrived it stays so: what is lost later is no reason to send clients elsewhere. */
export class Arrival {
  readonly #deps: ArrivalDeps
  /** Clusters, our own too, of which a router has told us all it knows. */
  readonly #told = new Set<string>()
  #since: number | undefined
  #arrived = false

  constructor(deps: ArrivalDeps) {
    this.#deps = deps
  }

  /** The router runs. */
  begin(): void {
    this.#since = this.#deps.clock.monotonic()
  }

  /** A router of the cluster has told all records it has. */
  told(cluster: string): void {
    if (!this.#arrived) this.#told.add(cluster)
  }

  /** What is waited for, in words. Nothing once nothing was, or after ARRIVAL_MS: what cannot be had must not keep clients away. */
  missing(): string[] {
    if (this.#arrived) return []
    if (!this.#deps.snapshot.current().synced) return ['links are not known yet']
    const isLate = this.#since !== undefined && this.#deps.clock.monotonic() - this.#since >= ARRIVAL_MS
    const missing = isLate ? [] : [...this.#links(), ...this.#siblings()]
    if (missing.length > 0) return missing
    this.#arrived = this.#since !== undefined
    this.#told.clear()
    return []
  }

  #links(): string[] {
    return this.#deps.links.current().flatMap(({ name, state }) => {
      if (state.kind === 'established') {
        return this.#told.has(state.remoteCluster) ? [] : [`records of link ${name} are not here yet`]
      }
      const isTried =
        state.kind === 'waiting' ||
        state.kind === 'revoked' ||
        (state.kind === 'dialling' && state.lastError !== undefined)
      return isTried ? [] : [`link ${name} is not dialled yet`]
    })
  }

  /** Whoever of two replicas dials. */
  #siblings(): string[] {
    const view = this.#deps.topology.current()
    const own = view.routers.get(view.self)
    if (own === undefined) return []
    const linked = [...view.routers.values()].filter(({ cluster }) => cluster === own.cluster)
    const names = new Set(linked.map(({ name }) => name))
    const missing = this.#deps.replicas.current().filter(({ name }) => !names.has(name))
    return [...new Set(missing.map(({ name }) => `router ${name} of this cluster is not linked yet`))]
  }
}
