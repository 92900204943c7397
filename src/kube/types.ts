/**
 * What the rest of the project sees of a Kubernetes API: a small client and watched stores.
 */
import type { KubeObject } from '../api/objects.ts'
import type { ResourceType } from '../api/resources.ts'

export interface ObjectRef {
  readonly namespace?: string
  readonly name: string
}

export interface KubeList<T> {
  readonly items: T[]
  readonly resourceVersion: string
}

export interface ListOptions<T> {
  readonly namespace?: string | undefined
  readonly labelSelector?: string | undefined
  readonly fieldSelector?: string | undefined
  readonly signal?: AbortSignal
  /** Shrinks each object as its page arrives: a long list is never held at full size. */
  readonly transform?: ((object: T) => T) | undefined
}

export interface ApplyOptions {
  /** One per controller, e.g. `fairlead-exporter`. */
  readonly fieldManager: string
  /** Take over fields that others own. Default true for what we own. */
  readonly force?: boolean
  readonly subresource?: 'status'
  readonly signal?: AbortSignal
}

export type PatchType = 'json' | 'merge' | 'strategic'

/** A client for one API server. Methods throw ApiError (src/kube/errors.ts), except where undefined or false is said. */
export interface KubeClient {
  /** Undefined when there is none. */
  get<T extends KubeObject>(type: ResourceType, ref: ObjectRef): Promise<T | undefined>
  /** Pages through the whole list (500 a page). */
  list<T extends KubeObject>(type: ResourceType, options?: ListOptions<T>): Promise<KubeList<T>>
  create<T extends KubeObject>(type: ResourceType, object: T): Promise<T>
  update<T extends KubeObject>(type: ResourceType, object: T, subresource?: 'status'): Promise<T>
  patch<T extends KubeObject>(
    type: ResourceType,
    ref: ObjectRef,
    kind: PatchType,
    patch: unknown,
    subresource?: string,
  ): Promise<T>
  /** Server-side apply; apiVersion and kind are filled in from `type`. */
  apply<T extends KubeObject>(type: ResourceType, object: T, options: ApplyOptions): Promise<T>
  /** False when there was none. */
  delete(
    type: ResourceType,
    ref: ObjectRef,
    options?: {
      propagation?: 'Background' | 'Foreground' | 'Orphan'
      gracePeriodSeconds?: number
      uid?: string
    },
  ): Promise<boolean>
  /** Raw GET of a path such as /version; the parsed JSON or the text. `headers` go along, none of them is logged. */
  raw(path: string, signal?: AbortSignal, headers?: Readonly<Record<string, string>>): Promise<unknown>
  /** Frees the sockets. */
  close(): Promise<void>
}

export type StoreEvent<T> =
  | { readonly type: 'added'; readonly object: T }
  | { readonly type: 'updated'; readonly object: T; readonly previous: T }
  | { readonly type: 'deleted'; readonly object: T }

/** A watched, indexed, local copy of one resource. Objects are frozen by convention: never change them. */
export interface Store<T extends KubeObject> {
  /** True after the first complete list; stays true. */
  readonly synced: boolean
  /** Resolves at the first complete list. */
  whenSynced(signal?: AbortSignal): Promise<void>
  get(ref: ObjectRef): T | undefined
  list(namespace?: string): readonly T[]
  /** Objects whose index function (given at creation) yields `value`. */
  byIndex(index: string, value: string): readonly T[]
  /** Called synchronously after each change to the store. Returns the way to stop. */
  subscribe(listener: (event: StoreEvent<T>) => void): () => void
}

export interface WatchOptions {
  readonly namespace?: string | undefined
  readonly labelSelector?: string | undefined
  readonly fieldSelector?: string | undefined
  /** Events after this version. */
  readonly resourceVersion: string
  /** The server ends the watch after this many seconds. */
  readonly timeoutSeconds: number
  readonly signal: AbortSignal
}

/** A client that can also watch: what reflectors need. */
export interface WatchingKubeClient extends KubeClient {
  /** Opens a watch with bookmarks; yields its bytes, one JSON event a line. */
  watch(type: ResourceType, options: WatchOptions): Promise<AsyncIterable<Uint8Array>>
}
