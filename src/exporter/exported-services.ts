/**
 * One value for each Service that this cluster exports, kept up to date from the watched stores: only what a change
 * touches is computed again.
 */
import type { ServiceExport } from '../api/mcs.ts'
import type { ServiceKey } from '../api/names.ts'
import type { EndpointSlice, Service } from '../api/objects.ts'
import { sameValue } from '../core/compare.ts'
import type { Startable } from '../core/lifecycle.ts'
import { Snapshot, type SnapshotSource } from '../core/snapshot.ts'
import type { Store } from '../kube/types.ts'
import { type Coalesced, coalesce } from './coalesce.ts'
import { Index, keyOf, serviceOfSlice, splitKey } from './stores.ts'

/** Read side of the stores; they must be synced when `start` is called. */
export interface ExportSources {
  readonly exports: Store<ServiceExport>
  readonly services: Store<Service>
  readonly slices: Store<EndpointSlice>
}

/** What one export comes to; undefined when it exports nothing. */
export type ExportView<V> = (
  serviceExport: ServiceExport,
  service: Service | undefined,
  slices: readonly EndpointSlice[],
) => V | undefined

/** Values that stay the same keep their identity, so that readers can compare by reference. */
export class ExportedServices<V> implements Startable {
  readonly #sources: ExportSources
  readonly #view: ExportView<V>
  readonly #current = new Snapshot<ReadonlyMap<ServiceKey, V>>(new Map())
  readonly #dirty = new Set<ServiceKey>()
  readonly #refresh: Coalesced
  #unfollow: (() => void)[] = []

  constructor(sources: ExportSources, view: ExportView<V>) {
    this.#sources = sources
    this.#view = view
    this.#refresh = coalesce(() => this.#update())
  }

  /** Values by service, changed at most once a turn of the event loop. */
  get values(): SnapshotSource<ReadonlyMap<ServiceKey, V>> {
    return this.#current
  }

  async start(): Promise<void> {
    const { exports, services, slices } = this.#sources
    this.#unfollow = [
      exports.subscribe(({ object }) => this.touch([keyOf(object)])),
      services.subscribe(({ object }) => this.touch([keyOf(object)])),
      slices.subscribe(({ object }) => this.touch(serviceOfSlice(object))),
    ]
    for (const serviceExport of exports.list()) this.#dirty.add(keyOf(serviceExport))
    this.#update()
  }

  async stop(): Promise<void> {
    this.#refresh.cancel()
    for (const unfollow of this.#unfollow) unfollow()
    this.#unfollow = []
  }

  /** Has these computed again at the end of the turn: something else that the view reads has changed. */
  touch(keys: readonly ServiceKey[]): void {
    for (const key of keys) {
      if (this.#sources.exports.get(splitKey(key)) === undefined && !this.#current.current().has(key))
        continue
      this.#dirty.add(key)
      this.#refresh.request()
    }
  }

  #update(): void {
    const before = this.#current.current()
    const after = new Map(before)
    let changed = false
    for (const key of this.#dirty) {
      const value = this.#evaluate(key)
      if (sameValue(value, before.get(key))) continue
      changed = true
      if (value === undefined) after.delete(key)
      else after.set(key, value)
    }
    this.#dirty.clear()
    if (changed) this.#current.set(after)
  }

  #evaluate(key: ServiceKey): V | undefined {
    const { exports, services, slices } = this.#sources
    const ref = splitKey(key)
    const serviceExport = exports.get(ref)
    if (serviceExport === undefined || serviceExport.metadata.deletionTimestamp !== undefined)
      return undefined
    return this.#view(serviceExport, services.get(ref), slices.byIndex(Index.service, key))
  }
}
