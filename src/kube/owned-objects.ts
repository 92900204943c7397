/**
 * The objects of one resource that we own: read with our own writes in them, written only where they differ.
 */
import type { ServiceKey } from '../api/names.ts'
import type { KubeObject } from '../api/objects.ts'
import type { ResourceType } from '../api/resources.ts'
import type { Clock } from '../core/clock.ts'
import { mergePatch } from '../core/compare.ts'
import { OwnWrites } from './own-writes.ts'
import type { KubeClient, ObjectRef, Store } from './types.ts'

/** All that writing what we own takes. */
export type WritingClient = Pick<KubeClient, 'apply' | 'patch' | 'delete'>

export interface OwnedDeps<T extends KubeObject> {
  readonly client: WritingClient
  readonly store: Store<T>
  readonly clock: Clock
}

export interface OwnedConfig<T> {
  readonly type: ResourceType
  readonly fieldManager: string
  /** The objects in the store that serve an import. Both absent: they serve none. */
  readonly ofImport?: (store: Store<T & KubeObject>, key: ServiceKey) => readonly T[]
  /** The import that an object serves. */
  readonly importOf?: (object: T) => readonly ServiceKey[]
}

/** One part of an object that is written by itself. */
export interface Aspect<T> {
  readonly subresource?: 'status'
  /** Nothing needs to be written. */
  readonly matches: (actual: T, wanted: T) => boolean
  /** The whole object put right, where applying alone leaves what another owner added. */
  readonly repair: (actual: T, wanted: T) => T
}

/** Applies, patches and deletes with as few requests as there are differences. */
export class OwnedObjects<T extends KubeObject> {
  readonly #deps: OwnedDeps<T>
  readonly #config: OwnedConfig<T>
  readonly #own: OwnWrites<T>
  readonly #unfollow: () => void

  constructor(deps: OwnedDeps<T>, config: OwnedConfig<T>) {
    this.#deps = deps
    this.#config = config
    this.#own = new OwnWrites<T>(deps.clock)
    this.#unfollow = deps.store.subscribe((event) => {
      if (event.type === 'deleted') this.#own.sawDeletion(event.object)
      else this.#own.saw(event.object)
    })
  }

  /** Stops following the store. */
  close(): void {
    this.#unfollow()
  }

  get(ref: ObjectRef): T | undefined {
    return this.#own.latest(ref, this.#deps.store.get(ref))
  }

  /** Everything that serves an import. */
  ofImport(key: ServiceKey): T[] {
    const { ofImport, importOf } = this.#config
    const stored = ofImport?.(this.#deps.store, key) ?? []
    const pending = [...this.#own.pending()].filter((object) => importOf?.(object).includes(key))
    const names = new Set([...stored, ...pending].map(({ metadata }) => metadata.name ?? ''))
    const namespace = key.slice(0, key.indexOf('/'))
    return [...names].flatMap((name) => this.get({ namespace, name }) ?? [])
  }

  /** Makes the object be as wanted; answers with what the API server has. */
  async ensure(wanted: T, aspect: Aspect<T>): Promise<T> {
    const { namespace = '', name = '' } = wanted.metadata
    const actual = this.get({ namespace, name })
    if (actual !== undefined && aspect.matches(actual, wanted)) return actual
    const applied = this.#noted(await this.#apply(wanted, aspect))
    if (aspect.matches(applied, wanted)) return applied
    return this.#noted(await this.#repair(applied, wanted, aspect))
  }

  /** Deletes exactly this object, not a new one of the same name. */
  async remove(object: T): Promise<void> {
    const { namespace = '', name = '', uid } = object.metadata
    await this.#deps.client.delete(this.#config.type, { namespace, name }, uid === undefined ? {} : { uid })
    this.#own.deleted(object)
  }

  #apply(wanted: T, { subresource }: Aspect<T>): Promise<T> {
    const { type, fieldManager } = this.#config
    return this.#deps.client.apply(type, wanted, {
      fieldManager,
      force: true,
      ...(subresource === undefined ? {} : { subresource }),
    })
  }

  /** On exactly the version that was looked at: somebody else may be repairing it in the other direction. */
  #repair(actual: T, wanted: T, { repair, subresource }: Aspect<T>): Promise<T> {
    const { namespace = '', name = '', resourceVersion } = actual.metadata
    const change = mergePatch(actual, repair(actual, wanted)) as Partial<T> | undefined
    const patch = { ...change, metadata: { ...change?.metadata, resourceVersion } }
    return this.#deps.client.patch(this.#config.type, { namespace, name }, 'merge', patch, subresource)
  }

  #noted(object: T): T {
    this.#own.wrote(object)
    return object
  }
}
