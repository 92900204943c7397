/**
 * Keeps the snapshot of the zone equal to the watched objects: only what changed is computed again.
 */

import type { ServiceImport } from '../api/mcs.ts'
import { Label } from '../api/names.ts'
import type { EndpointSlice, KubeObject, Namespace } from '../api/objects.ts'
import type { Cancel, Clock } from '../core/clock.ts'
import type { Startable } from '../core/lifecycle.ts'
import { Snapshot, type SnapshotSource } from '../core/snapshot.ts'
import type { Store } from '../kube/types.ts'
import { importOf, zoneService } from './clusterset-objects.ts'
import { type ClusterSetSnapshot, unsyncedSnapshot, type ZoneService } from './clusterset-snapshot.ts'

/** Index of the EndpointSlice store: slices by the import they belong to. */
export const BY_IMPORT = 'import'

/** Index functions that the EndpointSlice store needs. */
export const sliceIndexes = { [BY_IMPORT]: (slice: EndpointSlice) => [importOf(slice)] }

/** Only slices of imports concern the zone. */
export const SLICE_SELECTOR = Label.serviceName

export interface ClusterSetSourceDeps {
  readonly imports: Store<ServiceImport>
  readonly slices: Store<EndpointSlice>
  readonly namespaces: Store<Namespace>
  readonly clock: Clock
}

export interface ClusterSetSourceConfig {
  readonly zone: string
  /** Addresses behind `ns.dns.<zone>`. */
  readonly nameServer: readonly string[]
}

/** The present snapshot. Not synced until all three stores are; after that it only ever grows newer. */
export class ClusterSetSource implements Startable {
  readonly #deps: ClusterSetSourceDeps
  readonly #config: ClusterSetSourceConfig
  readonly #snapshot: Snapshot<ClusterSetSnapshot>
  readonly #dirty = new Set<string>()
  #unsubscribe: (() => void)[] = []
  #cancel: Cancel | undefined

  constructor(deps: ClusterSetSourceDeps, config: ClusterSetSourceConfig) {
    this.#deps = deps
    this.#config = config
    this.#snapshot = new Snapshot(unsyncedSnapshot(config.zone))
  }

  get snapshots(): SnapshotSource<ClusterSetSnapshot> {
    return this.#snapshot
  }

  /** What keeps the zone from being answered. */
  notReady(): readonly string[] {
    return this.#snapshot.current().synced ? [] : ['the first list of imports, endpoints and namespaces']
  }

  async start(): Promise<void> {
    const { imports, slices, namespaces } = this.#deps
    this.#unsubscribe = [
      imports.subscribe(({ object }) => this.#changed(keyOf(object))),
      slices.subscribe((event) => {
        this.#changed(importOf(event.object))
        if (event.type === 'updated') this.#changed(importOf(event.previous))
      }),
      namespaces.subscribe((event) => event.type !== 'updated' && this.#schedule()),
    ]
    for (const object of imports.list()) this.#changed(keyOf(object))
    for (const store of [imports, slices, namespaces]) {
      // Rejects only through a signal, and none is given.
      void store.whenSynced().then(() => this.#schedule())
    }
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    this.#unsubscribe = []
    this.#cancel?.()
    this.#cancel = undefined
  }

  #changed(key: string): void {
    if (key === '') return
    this.#dirty.add(key)
    this.#schedule()
  }

  /** Changes that arrive together become one snapshot. */
  #schedule(): void {
    this.#cancel ??= this.#deps.clock.after(0, () => {
      this.#cancel = undefined
      this.#rebuild()
    })
  }

  #rebuild(): void {
    const { imports, slices, namespaces, clock } = this.#deps
    if (!imports.synced || !slices.synced || !namespaces.synced) return
    const previous = this.#snapshot.current()
    const services = new Map(previous.services)
    for (const key of this.#dirty) replace(services, key, this.#serviceOf(key))
    this.#dirty.clear()
    // Wall time keeps the serial growing over restarts.
    const serial = Math.max(previous.serial + 1, Math.floor(clock.now() / 1000))
    this.#snapshot.set({
      ...this.#config,
      serial,
      synced: true,
      services,
      namespaces: new Set(namespaces.list().map((namespace) => namespace.metadata.name ?? '')),
    })
  }

  #serviceOf(key: string): ZoneService | undefined {
    const [namespace = '', name = ''] = key.split('/')
    const object = this.#deps.imports.get({ namespace, name })
    if (object === undefined) return undefined
    return zoneService(this.#config.zone, object, this.#deps.slices.byIndex(BY_IMPORT, key))
  }
}

function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace}/${metadata.name}`
}

function replace<V>(map: Map<string, V>, key: string, value: V | undefined): void {
  if (value === undefined) map.delete(key)
  else map.set(key, value)
}
