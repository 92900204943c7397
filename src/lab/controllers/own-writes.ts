/**
 * A store's content as it will be once our own writes have come back through the watch.
 * Without it a controller that runs again before its watch caught up would create the same Pod twice.
 */

import type { KubeObject } from '../../api/objects.ts'
import type { Clock } from '../../core/clock.ts'
import type { Store, StoreEvent } from '../../kube/types.ts'
import { OWN_WRITE_TTL_MS } from './limits.ts'

interface OwnWrite<T> {
  readonly object: T
  readonly deleting: boolean
  readonly expires: number
}

/** Reads see the store with our newer writes laid over it. */
export class OwnWrites<T extends KubeObject> {
  readonly #store: Store<T>
  readonly #clock: Clock
  readonly #writes = new Map<string, OwnWrite<T>>()
  readonly #unsubscribe: () => void

  constructor(store: Store<T>, clock: Clock) {
    this.#store = store
    this.#clock = clock
    this.#unsubscribe = store.subscribe((event) => this.#observe(event))
  }

  /** Stops following the store. */
  close(): void {
    this.#unsubscribe()
    this.#writes.clear()
  }

  list(namespace?: string): readonly T[] {
    const stored = this.#store.list(namespace)
    if (this.#writes.size === 0) return stored
    this.#expire()
    const seen = new Set(stored.map(uidOf))
    const merged = stored.map((object) => this.#writes.get(uidOf(object))?.object ?? object)
    const created = [...this.#writes.values()]
      .map((write) => write.object)
      .filter((object) => !seen.has(uidOf(object)) && isIn(object, namespace))
    return [...merged, ...created]
  }

  /** Call with what the API server answered to a create or update. */
  wrote(object: T): void {
    const stored = this.#storedCopy(object)
    if (stored !== undefined && versionOf(stored) >= versionOf(object)) return
    this.#remember(object, false)
  }

  /** Call after the API server accepted a delete: until the watch says so, the object counts as being deleted. */
  deleted(object: T): void {
    if (this.#storedCopy(object)?.metadata.deletionTimestamp !== undefined) return
    const deletionTimestamp = new Date(this.#clock.now()).toISOString()
    this.#remember({ ...object, metadata: { ...object.metadata, deletionTimestamp } }, true)
  }

  #remember(object: T, deleting: boolean): void {
    const expires = this.#clock.monotonic() + OWN_WRITE_TTL_MS
    this.#writes.set(uidOf(object), { object, deleting, expires })
  }

  #observe(event: StoreEvent<T>): void {
    const uid = uidOf(event.object)
    const write = this.#writes.get(uid)
    if (write === undefined) return
    if (event.type === 'deleted' || hasCaughtUp(event.object, write)) this.#writes.delete(uid)
  }

  #expire(): void {
    const now = this.#clock.monotonic()
    for (const [uid, write] of this.#writes) if (write.expires <= now) this.#writes.delete(uid)
  }

  #storedCopy(object: T): T | undefined {
    const { namespace, name = '' } = object.metadata
    const stored = this.#store.get(namespace === undefined ? { name } : { namespace, name })
    return stored !== undefined && uidOf(stored) === uidOf(object) ? stored : undefined
  }
}

function hasCaughtUp<T extends KubeObject>(stored: T, write: OwnWrite<T>): boolean {
  return write.deleting
    ? stored.metadata.deletionTimestamp !== undefined
    : versionOf(stored) >= versionOf(write.object)
}

function isIn(object: KubeObject, namespace: string | undefined): boolean {
  return namespace === undefined || object.metadata.namespace === namespace
}

function uidOf(object: KubeObject): string {
  return object.metadata.uid ?? ''
}

/** Resource versions of Kubernetes API servers are comparable numbers within one resource (KEP-5504). */
function versionOf(object: KubeObject): number {
  return Number(object.metadata.resourceVersion ?? 0)
}
