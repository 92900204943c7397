/**
 * The objects of one resource, sorted by namespace and name, with the changes watches resume from.
 */
import type { ApiObject } from '../api-object.ts'
import { type ChangeEvent, EventWindow } from './event-window.ts'

export type ChangeListener = (event: ChangeEvent) => void

export class Bucket {
  readonly #objects = new Map<string, ApiObject>()
  /** Keys in the order lists are answered. */
  readonly #keys: string[] = []
  readonly #listeners = new Set<ChangeListener>()
  readonly window: EventWindow

  constructor(capacity: number, floor: number) {
    this.window = new EventWindow(capacity, floor)
  }

  get size(): number {
    return this.#objects.size
  }

  get(key: string): ApiObject | undefined {
    return this.#objects.get(key)
  }

  /** Keys of one namespace, or all, in order. */
  keys(namespace?: string): readonly string[] {
    if (namespace === undefined) return this.#keys
    const prefix = `${namespace}/`
    const start = lowerBound(this.#keys, prefix)
    let end = start
    while (this.#keys[end]?.startsWith(prefix)) end += 1
    return this.#keys.slice(start, end)
  }

  values(namespace?: string): ApiObject[] {
    return this.keys(namespace).flatMap((key) => this.#objects.get(key) ?? [])
  }

  /** Sets the object without an event: how a snapshot is read back. */
  restore(key: string, object: ApiObject): void {
    if (!this.#objects.has(key)) this.#keys.splice(lowerBound(this.#keys, key), 0, key)
    this.#objects.set(key, object)
  }

  set(key: string, object: ApiObject, revision: number): ChangeEvent {
    const previous = this.#objects.get(key)
    this.restore(key, object)
    return this.#emit({ type: previous === undefined ? 'ADDED' : 'MODIFIED', revision, object, previous })
  }

  /** Removes; `object` is the last state as watchers will see it. */
  remove(key: string, object: ApiObject, revision: number): ChangeEvent {
    const previous = this.#objects.get(key)
    this.#objects.delete(key)
    const index = lowerBound(this.#keys, key)
    if (this.#keys[index] === key) this.#keys.splice(index, 1)
    return this.#emit({ type: 'DELETED', revision, object, previous })
  }

  /** Calls `listener` after each change. Returns the way to stop. */
  subscribe(listener: ChangeListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #emit(event: ChangeEvent): ChangeEvent {
    this.window.push(event)
    for (const listener of [...this.#listeners]) listener(event)
    return event
  }
}

/** The first index whose key is not below `key`. */
export function lowerBound(keys: readonly string[], key: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((keys[middle] ?? '') < key) low = middle + 1
    else high = middle
  }
  return low
}
