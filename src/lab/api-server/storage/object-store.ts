/**
 * All objects, one counter of revisions over them, and the log that makes them durable.
 * Stored objects are never changed in place: a write hands in a new object.
 */
import type { ApiObject } from '../api-object.ts'
import { COMPACT_MIN_BYTES, EVENT_WINDOW } from '../limits.ts'
import type { AppendLog, LogEntry } from './append-log.ts'
import { Bucket } from './bucket.ts'
import type { ChangeEvent } from './event-window.ts'

export interface ObjectStoreConfig {
  /** Changes kept for each resource. Default EVENT_WINDOW. */
  readonly eventWindow?: number | undefined
  /** First revision when there is no log: later than that of any earlier run, so that old watches get 410. */
  readonly firstRevision: number
  /** Default COMPACT_MIN_BYTES. */
  readonly compactMinBytes?: number | undefined
}

/** Told the resource, `group/plural`, and what changed. */
export type StoreListener = (bucket: string, event: ChangeEvent) => void

export class ObjectStore {
  readonly #log: AppendLog | undefined
  readonly #config: ObjectStoreConfig
  readonly #buckets = new Map<string, Bucket>()
  readonly #listeners = new Set<StoreListener>()
  #revision: number
  /** Changes before this revision are unknown to every bucket. */
  #floor: number
  /** File length right after the last rewrite. */
  #compactedBytes = 0

  constructor(log: AppendLog | undefined, config: ObjectStoreConfig) {
    this.#log = log
    this.#config = config
    this.#revision = config.firstRevision
    this.#floor = config.firstRevision
    if (log !== undefined) this.#load(log)
  }

  get revision(): number {
    return this.#revision
  }

  /** The objects of one resource, `group/plural`. */
  bucket(name: string): Bucket {
    let bucket = this.#buckets.get(name)
    if (bucket === undefined) {
      bucket = new Bucket(this.#config.eventWindow ?? EVENT_WINDOW, this.#floor)
      this.#buckets.set(name, bucket)
    }
    return bucket
  }

  /** Names of the resources that hold objects. */
  bucketNames(): string[] {
    return [...this.#buckets].filter(([, bucket]) => bucket.size > 0).map(([name]) => name)
  }

  /** Stores `object` under a new revision, which is written into it. The caller gives the object away. */
  put(name: string, key: string, object: ApiObject): ApiObject {
    const revision = this.#revision + 1
    object.metadata.resourceVersion = String(revision)
    this.#log?.append({ r: revision, b: name, k: key, o: object })
    this.#revision = revision
    this.#tell(name, this.bucket(name).set(key, object, revision))
    this.#compactWhenDue()
    return object
  }

  /** Removes the object; `last` is its final state, shown to watchers with the revision of the removal. */
  remove(name: string, key: string, last: ApiObject): ApiObject {
    const revision = this.#revision + 1
    const final = withRevision(last, revision)
    this.#log?.append({ r: revision, b: name, k: key })
    this.#revision = revision
    this.#tell(name, this.bucket(name).remove(key, final, revision))
    this.#compactWhenDue()
    return final
  }

  /** Calls `listener` after each change of any resource. Returns the way to stop. */
  subscribe(listener: StoreListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  close(): void {
    this.#log?.close()
  }

  #tell(name: string, event: ChangeEvent): void {
    for (const listener of [...this.#listeners]) listener(name, event)
  }

  #load(log: AppendLog): void {
    const { baseRevision, entries } = log.open()
    this.#floor = baseRevision
    this.#revision = baseRevision
    for (const entry of entries) this.#replay(entry, baseRevision)
    this.#compactedBytes = log.bytes / 2
  }

  #replay(entry: LogEntry, base: number): void {
    const bucket = this.bucket(entry.b)
    const previous = bucket.get(entry.k)
    if (entry.o === undefined) {
      if (previous !== undefined) bucket.remove(entry.k, withRevision(previous, entry.r), entry.r)
    } else if (entry.r <= base) bucket.restore(entry.k, entry.o)
    else bucket.set(entry.k, entry.o, entry.r)
    this.#revision = Math.max(this.#revision, entry.r)
  }

  #compactWhenDue(): void {
    const log = this.#log
    const least = this.#config.compactMinBytes ?? COMPACT_MIN_BYTES
    if (log === undefined || log.bytes < least || log.bytes < 2 * this.#compactedBytes) return
    log.rewrite(this.#revision, this.#liveEntries())
    this.#compactedBytes = log.bytes
  }

  *#liveEntries(): Generator<LogEntry> {
    for (const [name, bucket] of this.#buckets) {
      for (const key of bucket.keys()) {
        const object = bucket.get(key)
        if (object !== undefined)
          yield { r: Number(object.metadata.resourceVersion), b: name, k: key, o: object }
      }
    }
  }
}

function withRevision(object: ApiObject, revision: number): ApiObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } }
}
