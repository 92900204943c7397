/**
 * The local copy of one watched resource: objects by key, indexes, and the subscribers told of each real change.
 */
import type { KubeObject } from '../api/objects.ts'
import type { ObjectRef, Store, StoreEvent } from './types.ts'

/** Values of an index under which an object is found. */
export type IndexFunction<T> = (object: T) => readonly string[]
export type IndexFunctions<T> = Readonly<Record<string, IndexFunction<T>>>

/** Told of what subscribers throw; the change itself stands and the other subscribers are told. */
export type ListenerErrorHandler = (error: unknown) => void

const BY_NAMESPACE = 'namespace'

/** `namespace/name`, or the name of a cluster-scoped object. */
export function objectKey(ref: ObjectRef): string {
  return ref.namespace ? `${ref.namespace}/${ref.name}` : ref.name
}

function keyOf(object: KubeObject): string {
  const { namespace, name = '' } = object.metadata
  return namespace ? `${namespace}/${name}` : name
}

/** Written by one reflector, read by everybody. */
export class ObjectStore<T extends KubeObject> implements Store<T> {
  readonly #objects = new Map<string, T>()
  readonly #indexes: readonly StoreIndex<T>[]
  readonly #listeners = new Set<(event: StoreEvent<T>) => void>()
  readonly #onListenerError: ListenerErrorHandler
  readonly #ready = Promise.withResolvers<void>()
  #synced = false
  #all: readonly T[] | undefined

  constructor(indexes: IndexFunctions<T>, onListenerError: ListenerErrorHandler) {
    const functions = { ...indexes, [BY_NAMESPACE]: (object: T) => [object.metadata.namespace ?? ''] }
    this.#indexes = Object.entries(functions).map(([name, values]) => new StoreIndex(name, values))
    this.#onListenerError = onListenerError
  }

  get synced(): boolean {
    return this.#synced
  }

  async whenSynced(signal?: AbortSignal): Promise<void> {
    if (signal === undefined) return await this.#ready.promise
    signal.throwIfAborted()
    const aborted = Promise.withResolvers<never>()
    const abort = (): void => aborted.reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    try {
      await Promise.race([this.#ready.promise, aborted.promise])
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  get(ref: ObjectRef): T | undefined {
    return this.#objects.get(objectKey(ref))
  }

  list(namespace?: string): readonly T[] {
    if (namespace !== undefined) return this.byIndex(BY_NAMESPACE, namespace)
    this.#all ??= [...this.#objects.values()]
    return this.#all
  }

  byIndex(index: string, value: string): readonly T[] {
    const found = this.#indexes.find((candidate) => candidate.name === index)
    if (found === undefined) throw new Error(`the store has no index ${index}`)
    return found.lookup(value)
  }

  subscribe(listener: (event: StoreEvent<T>) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The object as the server has it now. One of another uid under the same name is another object. */
  put(object: T): void {
    const key = keyOf(object)
    const previous = this.#objects.get(key)
    if (previous !== undefined && previous.metadata.uid === object.metadata.uid) {
      if (previous.metadata.resourceVersion === object.metadata.resourceVersion) return
      this.#change(key, object, { type: 'updated', object, previous })
      return
    }
    if (previous !== undefined) this.#change(key, undefined, { type: 'deleted', object: previous })
    this.#change(key, object, { type: 'added', object })
  }

  /** The server deleted the object; `object` is its last state. */
  remove(object: T): void {
    const key = keyOf(object)
    if (this.#objects.has(key)) this.#change(key, undefined, { type: 'deleted', object })
  }

  /** The complete present list: what is not in it was deleted while nobody watched. */
  replace(objects: readonly T[]): void {
    const present = new Set(objects.map(keyOf))
    for (const [key, object] of [...this.#objects]) {
      if (!present.has(key)) this.#change(key, undefined, { type: 'deleted', object })
    }
    for (const object of objects) this.put(object)
    this.#synced = true
    this.#ready.resolve()
  }

  #change(key: string, next: T | undefined, event: StoreEvent<T>): void {
    const previous = this.#objects.get(key)
    if (next === undefined) this.#objects.delete(key)
    else this.#objects.set(key, next)
    this.#all = undefined
    for (const index of this.#indexes) index.change(key, previous, next)
    for (const listener of [...this.#listeners]) this.#tell(listener, event)
  }

  #tell(listener: (event: StoreEvent<T>) => void, event: StoreEvent<T>): void {
    try {
      listener(event)
    } catch (error) {
      this.#onListenerError(error)
    }
  }
}

/** Objects by the values one function yields for them. */
class StoreIndex<T> {
  readonly name: string
  readonly #values: IndexFunction<T>
  readonly #buckets = new Map<string, Map<string, T>>()

  constructor(name: string, values: IndexFunction<T>) {
    this.name = name
    this.#values = values
  }

  lookup(value: string): readonly T[] {
    const bucket = this.#buckets.get(value)
    return bucket === undefined ? [] : [...bucket.values()]
  }

  change(key: string, previous: T | undefined, next: T | undefined): void {
    if (previous !== undefined) for (const value of this.#values(previous)) this.#drop(value, key)
    if (next !== undefined) for (const value of this.#values(next)) this.#keep(value, key, next)
  }

  #keep(value: string, key: string, object: T): void {
    const bucket = this.#buckets.get(value)
    if (bucket === undefined) this.#buckets.set(value, new Map([[key, object]]))
    else bucket.set(key, object)
  }

  #drop(value: string, key: string): void {
    const bucket = this.#buckets.get(value)
    bucket?.delete(key)
    if (bucket?.size === 0) this.#buckets.delete(value)
  }
}
