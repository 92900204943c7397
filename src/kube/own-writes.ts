/**
 * What we wrote and the watch has not shown yet. Without it a controller that is woken by the first of its own writes
 * would find the others missing and write them again.
 */
import type { KubeObject } from '../api/objects.ts'
import type { Clock } from '../core/clock.ts'
import { OWN_WRITE_TRUST_MS, OWN_WRITES_MAX } from './limits.ts'
import { objectKey } from './store.ts'
import type { ObjectRef } from './types.ts'

type Entry<T> =
  | { readonly kind: 'written'; readonly object: T; readonly until: number }
  | { readonly kind: 'deleted'; readonly uid: string | undefined; readonly until: number }

/** Newer than the store until the store has caught up, or for a bounded time. */
export class OwnWrites<T extends KubeObject> {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #entries = new Map<string, Entry<T>>()

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  /** The API server answered a write with `object`. Of two answers the newer version stays. */
  wrote(object: T): void {
    const key = refKey(object)
    const known = this.#entries.get(key)
    if (known?.kind === 'written' && isAtLeast(known.object, object)) return
    this.#put(key, { kind: 'written', object, until: this.#deadline() })
  }

  /** The API server took the deletion of `object`. */
  deleted(object: T): void {
    this.#put(refKey(object), { kind: 'deleted', uid: object.metadata.uid, until: this.#deadline() })
  }

  /** The object as we know it best, given what the store has. */
  latest(ref: ObjectRef, stored: T | undefined): T | undefined {
    const key = objectKey(ref)
    const entry = this.#entries.get(key)
    if (entry === undefined) return stored
    if (this.#isOver(entry, stored)) {
      this.#entries.delete(key)
      return stored
    }
    return entry.kind === 'written' ? entry.object : undefined
  }

  /** The watch has shown `stored`. */
  saw(stored: T): void {
    this.latest(refOf(stored.metadata), stored)
  }

  /** The watch has shown the end of `object`: nothing written to it before counts. */
  sawDeletion(object: T): void {
    const key = refKey(object)
    const entry = this.#entries.get(key)
    const uid = entry?.kind === 'written' ? entry.object.metadata.uid : entry?.uid
    if (entry !== undefined && uid === object.metadata.uid) this.#entries.delete(key)
  }

  /** Objects written and not yet seen in the store. */
  *pending(): Iterable<T> {
    for (const entry of this.#entries.values()) if (entry.kind === 'written') yield entry.object
  }

  #isOver(entry: Entry<T>, stored: T | undefined): boolean {
    if (this.#clock.monotonic() > entry.until) return true
    if (entry.kind === 'deleted') return stored === undefined || stored.metadata.uid !== entry.uid
    return stored !== undefined && isAtLeast(stored, entry.object)
  }

  #put(key: string, entry: Entry<T>): void {
    this.#entries.delete(key)
    const oldest = this.#entries.keys().next().value
    if (oldest !== undefined && this.#entries.size >= OWN_WRITES_MAX) this.#entries.delete(oldest)
    this.#entries.set(key, entry)
  }

  #deadline(): number {
    return this.#clock.monotonic() + OWN_WRITE_TRUST_MS
  }
}

function refKey({ metadata }: KubeObject): string {
  return objectKey(refOf(metadata))
}

function refOf({ namespace, name = '' }: KubeObject['metadata']): ObjectRef {
  return namespace === undefined ? { name } : { namespace, name }
}

/** Versions of one resource can be compared as numbers; where they cannot, what the watch shows is taken for newer. */
function isAtLeast(left: KubeObject, right: KubeObject): boolean {
  const [leftVersion, rightVersion] = [left, right].map(({ metadata }) => metadata.resourceVersion ?? '')
  if (!isNumeric(leftVersion) || !isNumeric(rightVersion)) return true
  return BigInt(leftVersion) >= BigInt(rightVersion)
}

function isNumeric(version: string | undefined): version is string {
  return version !== undefined && /^\d+$/.test(version)
}
