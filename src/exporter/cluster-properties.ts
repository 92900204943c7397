/**
 * The ClusterProperties (about.k8s.io) of this cluster, as far as others are told.
 */
import type { ClusterProperties } from '../api/cluster-selectors.ts'
import type { ClusterProperty } from '../api/mcs.ts'
import { sameValue } from '../core/compare.ts'
import type { Startable } from '../core/lifecycle.ts'
import type { Logger } from '../core/log.ts'
import { Snapshot, type SnapshotSource } from '../core/snapshot.ts'
import type { Store } from '../kube/types.ts'
import { type Coalesced, coalesce } from './coalesce.ts'
import { PROPERTIES_MAX, PROPERTY_MAX_VALUE } from './limits.ts'

/** Value by name: the first ones, without those whose value is too long to tell. Pure. */
export function toldProperties(properties: readonly ClusterProperty[]): ClusterProperties {
  const told = properties
    .filter(({ metadata, spec }) => metadata.name !== undefined && spec.value.length <= PROPERTY_MAX_VALUE)
    .map(({ metadata, spec }): [string, string] => [metadata.name ?? '', spec.value])
    .sort(([left], [right]) => (left < right ? -1 : 1))
  return Object.fromEntries(told.slice(0, PROPERTIES_MAX))
}

export interface OwnPropertiesDeps {
  /** Synced. */
  readonly properties: Pick<Store<ClusterProperty>, 'list' | 'subscribe'>
  readonly log: Logger
}

/** Follows them. Changed at most once a turn of the event loop. */
export class OwnProperties implements Startable {
  readonly #deps: OwnPropertiesDeps
  readonly #current = new Snapshot<ClusterProperties>({})
  readonly #refresh: Coalesced
  #unfollow = () => {}

  constructor(deps: OwnPropertiesDeps) {
    this.#deps = deps
    this.#refresh = coalesce(() => this.#update())
  }

  get current(): SnapshotSource<ClusterProperties> {
    return this.#current
  }

  async start(): Promise<void> {
    this.#unfollow = this.#deps.properties.subscribe(() => this.#refresh.request())
    this.#update()
  }

  async stop(): Promise<void> {
    this.#refresh.cancel()
    this.#unfollow()
  }

  #update(): void {
    const all = this.#deps.properties.list()
    const next = toldProperties(all)
    const untold = all.length - Object.keys(next).length
    if (untold > 0) {
      const bounds = { limit: PROPERTIES_MAX, longest: PROPERTY_MAX_VALUE }
      this.#deps.log.warn({ untold, ...bounds }, 'ClusterProperties that other clusters are not told')
    }
    if (!sameValue(next, this.#current.current())) this.#current.set(next)
  }
}
