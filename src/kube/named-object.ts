/**
 * Watches one object by its name with the rights to `get` and `watch` it, and without the right to list: for Secrets.
 */
import type { KubeObject } from '../api/objects.ts'
import type { ResourceType } from '../api/resources.ts'
import type { ListWatchDeps } from './list-watch.ts'
import { type Reflected, type ReflectorConfig, type ReflectorDeps, reflect } from './reflector.ts'
import type { KubeList, ObjectRef, WatchingKubeClient, WatchOptions } from './types.ts'

export interface NamedDeps extends Omit<ReflectorDeps, 'client'> {
  readonly client: Pick<WatchingKubeClient, 'get' | 'watch'>
}

/** A store of at most one object. */
export function reflectNamed<T extends KubeObject>(
  { client, ...deps }: NamedDeps,
  type: ResourceType,
  ref: ObjectRef,
  config: Pick<ReflectorConfig<T>, 'transform'> = {},
): Reflected<T> {
  return reflect<T>({ ...deps, client: namedClient(client, ref) }, type, {
    ...config,
    namespace: ref.namespace,
    fieldSelector: `metadata.name=${ref.name}`,
  })
}

/** Begins with what is there now: the version of the one object may be older than the history that is kept. */
const FROM_NOW = ''

function namedClient(client: NamedDeps['client'], ref: ObjectRef): ListWatchDeps['client'] {
  return {
    async list<T extends KubeObject>(type: ResourceType): Promise<KubeList<T>> {
      const found = await client.get<T>(type, ref)
      return { items: found === undefined ? [] : [found], resourceVersion: FROM_NOW }
    },
    async watch(type: ResourceType, options: WatchOptions): Promise<AsyncIterable<Uint8Array>> {
      const events = await client.watch(type, options)
      if (options.resourceVersion !== FROM_NOW) return events
      // It may have gone before the watch began, which then says nothing of it.
      const found = await client.get(type, ref)
      return found === undefined ? gone(ref, events) : events
    },
  }
}

async function* gone(ref: ObjectRef, events: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  yield Buffer.from(`${JSON.stringify({ type: 'DELETED', object: { metadata: ref } })}\n`)
  yield* events
}
