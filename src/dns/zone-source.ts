/**
 * Keeps the snapshot of a zone of Services equal to watched objects: only what changed is computed again.
 */
import type { EndpointSlice, KubeObject, Namespace } from '../api/objects.ts'
import type { Cancel, Clock } from '../core/clock.ts'
import type { Startable } from '../core/lifecycle.ts'
import { Snapshot, type SnapshotSource } from '../core/snapshot.ts'
import type { Store } from '../kube/types.ts'
import { unsyncedSnapshot, type ZoneService, type ZoneSnapshot } from './zone-snapshot.ts'

export interface ZoneSourceDeps<T extends KubeObject> {
  /** The objects that stand for a Service each. */
  readonly services: Store<T>
  readonly slices: Store<EndpointSlice>
  readonly namespaces: Store<Namespace>
  readonly clock: Clock
}

export interface ZoneSourceConfig<T> {
  /** `namespace/name` of the object that a slice belongs to; empty when it belongs to none. */
  readonly serviceOf: (slice: EndpointSlice) => string
  /** The index of the slice store by that key. */
  readonly index: string
  /** What the zone holds for an object and its slices. Pure. */
  readonly build: (object: T, slices: readonly EndpointSlice[]) => ZoneService | undefined
}

/** The present snapshot. Not synced until all three stores are; after that it only ever grows newer. */
export class ZoneSource<T extends KubeObject> implements Startable {
  readonly #deps: ZoneSourceDeps<T>
  readonly #config: ZoneSourceConfig<T>
  readonly #snapshot = new Snapshot<ZoneSnapshot>(unsyncedSnapshot)
  readonly #dirty = new Set<string>()
  #unsubscribe: (() => void)[] = []
  #cancel: Cancel | undefined

  constructor(deps: ZoneSourceDeps<T>, config: ZoneSourceConfig<T>) {
    this.#deps = deps
    this.#config = config
  }

  get snapshots(): SnapshotSource<ZoneSnapshot> {
    return this.#snapshot
  }

  /** What keeps the zone from being answered. */
  notReady(): readonly string[] {
    return this.#snapshot.current().synced ? [] : ['the first list of services, endpoints and namespaces']
  }

  async start(): Promise<void> {
    const { services, slices, namespaces } = this.#deps
    const { serviceOf } = this.#config
    this.#unsubscribe = [
      services.subscribe(({ object }) => this.#changed(keyOf(object))),
      slices.subscribe((event) => {
        this.#changed(serviceOf(event.object))
        if (event.type === 'updated') this.#changed(serviceOf(event.previous))
      }),
      namespaces.subscribe((event) => event.type !== 'updated' && this.#schedule()),
    ]
    for (const object of services.list()) this.#changed(keyOf(object))
    for (const store of [services, slices, namespaces]) {
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
    const { services, slices, namespaces, clock } = this.#deps
    if (!services.synced || !slices.synced || !namespaces.synced) return
    const previous = this.#snapshot.current()
    const next = new Map(previous.services)
    for (const key of this.#dirty) replace(next, key, this.#build(key))
    this.#dirty.clear()
    this.#snapshot.set({
      // Wall time keeps the serial growing over restarts.
      serial: Math.max(previous.serial + 1, Math.floor(clock.now() / 1000)),
      synced: true,
      services: next,
      namespaces: new Set(namespaces.list().map((namespace) => namespace.metadata.name ?? '')),
    })
  }

  #build(key: string): ZoneService | undefined {
    const [namespace = '', name = ''] = key.split('/')
    const object = this.#deps.services.get({ namespace, name })
    if (object === undefined) return undefined
    return this.#config.build(object, this.#deps.slices.byIndex(this.#config.index, key))
  }
}

function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace}/${metadata.name}`
}

function replace<V>(map: Map<string, V>, key: string, value: V | undefined): void {
  if (value === undefined) map.delete(key)
  else map.set(key, value)
}
