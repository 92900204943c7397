/**
 * The Kubernetes client: verbs on typed paths over one transport. Knows no kind in particular.
 */
import type { KubeObject } from '../api/objects.ts'
import { apiVersion, type ResourceType } from '../api/resources.ts'
import { type Clock, systemClock } from '../core/clock.ts'
import { Agents } from './agents.ts'
import { type CredentialSource, type KubeContextOptions, loadKubeContext } from './credentials.ts'
import { isNotFound, needsRelist, ProtocolError } from './errors.ts'
import { LIST_MAX_PAGES, LIST_PAGE_SIZE } from './limits.ts'
import { queryString, resourcePath } from './paths.ts'
import { Transport } from './transport.ts'
import type {
  ApplyOptions,
  KubeClient,
  KubeList,
  ListOptions,
  ObjectRef,
  PatchType,
  WatchingKubeClient,
  WatchOptions,
} from './types.ts'

const PATCH_CONTENT = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
} as const satisfies Record<PatchType, string>

/** A connected client and where it is connected to. */
export interface KubeConnection {
  readonly client: WatchingKubeClient
  readonly contextName: string
  readonly namespace: string
  readonly server: string
}

/** Connects by kubeconfig (default files, $KUBECONFIG or a given one) or, in a pod, by its service account. */
export async function connectKube(
  options: KubeContextOptions = {},
  clock: Clock = systemClock,
): Promise<KubeConnection> {
  const context = await loadKubeContext(options)
  const { contextName, namespace, server } = context
  return { client: createKubeClient(context, clock), contextName, namespace, server }
}

/** A client for one server with credentials from `source`. */
export function createKubeClient(source: CredentialSource, clock: Clock = systemClock): WatchingKubeClient {
  return new HttpKubeClient(new Transport(source.server, new Agents(source, clock), clock))
}

interface ListPage<T> {
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string }
  readonly items?: T[]
}

class HttpKubeClient implements WatchingKubeClient {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  async get<T extends KubeObject>(type: ResourceType, ref: ObjectRef): Promise<T | undefined> {
    try {
      return (await this.#transport.call({
        method: 'GET',
        path: resourcePath(type, ref),
        repeatable: true,
      })) as T
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  /** A page whose continue token expired cannot be continued consistently: the list starts over, once. */
  async list<T extends KubeObject>(type: ResourceType, options: ListOptions<T> = {}): Promise<KubeList<T>> {
    try {
      return await this.#listPages<T>(type, options)
    } catch (error) {
      if (!needsRelist(error)) throw error
      return await this.#listPages<T>(type, options)
    }
  }

  async create<T extends KubeObject>(type: ResourceType, object: T): Promise<T> {
    const path = resourcePath(type, { namespace: object.metadata.namespace })
    return (await this.#transport.call({ method: 'POST', path, body: typed(type, object) })) as T
  }

  async update<T extends KubeObject>(type: ResourceType, object: T, subresource?: 'status'): Promise<T> {
    const path = resourcePath(type, { ...object.metadata, subresource })
    return (await this.#transport.call({ method: 'PUT', path, body: typed(type, object) })) as T
  }

  async patch<T extends KubeObject>(
    type: ResourceType,
    ref: ObjectRef,
    kind: PatchType,
    patch: unknown,
    subresource?: string,
  ): Promise<T> {
    const path = resourcePath(type, { ...ref, subresource })
    return (await this.#transport.call({
      method: 'PATCH',
      path,
      body: patch,
      contentType: PATCH_CONTENT[kind],
    })) as T
  }

  async apply<T extends KubeObject>(type: ResourceType, object: T, options: ApplyOptions): Promise<T> {
    const { fieldManager, force = true, subresource, signal } = options
    return (await this.#transport.call({
      method: 'PATCH',
      path: resourcePath(type, { ...object.metadata, subresource }) + queryString({ fieldManager, force }),
      body: typed(type, object),
      contentType: 'application/apply-patch+yaml',
      repeatable: true,
      signal,
    })) as T
  }

  async delete(
    type: ResourceType,
    ref: ObjectRef,
    options: Parameters<KubeClient['delete']>[2] = {},
  ): Promise<boolean> {
    const body = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      propagationPolicy: options.propagation ?? 'Background',
      gracePeriodSeconds: options.gracePeriodSeconds,
      preconditions: options.uid === undefined ? undefined : { uid: options.uid },
    }
    try {
      await this.#transport.call({ method: 'DELETE', path: resourcePath(type, ref), body, repeatable: true })
      return true
    } catch (error) {
      if (isNotFound(error)) return false
      throw error
    }
  }

  async raw(
    path: string,
    signal?: AbortSignal,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<unknown> {
    return await this.#transport.call({ method: 'GET', path, repeatable: true, signal, headers })
  }

  async watch(type: ResourceType, options: WatchOptions): Promise<AsyncIterable<Uint8Array>> {
    const { namespace, signal, ...rest } = options
    const query = queryString({ ...rest, watch: true, allowWatchBookmarks: true })
    return await this.#transport.open({
      method: 'GET',
      path: resourcePath(type, { namespace }) + query,
      signal,
    })
  }

  async close(): Promise<void> {
    await this.#transport.close()
  }

  async #listPages<T extends KubeObject>(type: ResourceType, options: ListOptions<T>): Promise<KubeList<T>> {
    const { namespace, labelSelector, fieldSelector, signal, transform = unchanged } = options
    const path = resourcePath(type, { namespace })
    const items: T[] = []
    let next: string | undefined
    for (let pages = 0; pages < LIST_MAX_PAGES; pages++) {
      const query = queryString({ labelSelector, fieldSelector, limit: LIST_PAGE_SIZE, continue: next })
      const page = await this.#transport.call({ method: 'GET', path: path + query, repeatable: true, signal })
      const { metadata, items: found = [] } = page as ListPage<T>
      for (const item of found) items.push(transform(typed(type, item)))
      next = metadata.continue || undefined
      if (next === undefined) return { items, resourceVersion: metadata.resourceVersion ?? '' }
    }
    throw new ProtocolError(`the list of ${type.plural} did not end after ${LIST_MAX_PAGES} pages`)
  }
}

function unchanged<T>(object: T): T {
  return object
}

/** Items of lists come without apiVersion and kind, and writes need them. */
function typed<T extends KubeObject>(type: ResourceType, object: T): T {
  return { ...object, apiVersion: apiVersion(type), kind: type.kind }
}
