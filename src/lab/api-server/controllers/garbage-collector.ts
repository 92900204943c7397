/**
 * Garbage collection by owner references: dependents of what is gone go too, foreground deletion waits for them, orphans are let go.
 */
import type { OwnerReference } from '../../../api/objects.ts'
import { type ApiObject, keyOf, parseApiVersion, storageKey } from '../api-object.ts'
import { cloneJson, equalJson } from '../json/compare.ts'
import type { ResourceDefinition } from '../kinds/resource-definition.ts'
import type { ChangeEvent } from '../storage/event-window.ts'
import { DELETE_NOW, deleteStored, Finalizer } from '../verbs/delete.ts'
import type { ApiDeps } from '../verbs/deps.ts'
import { isReleased } from '../verbs/update.ts'
import { type Location, OwnerIndex } from './owner-index.ts'
import { Worker, type WorkerDeps } from './worker.ts'

/** Between bucket and key in the worker's keys; neither holds a space. */
const SEPARATOR = ' '

export class GarbageCollector {
  readonly #deps: ApiDeps
  readonly #index: OwnerIndex
  readonly #worker: Worker
  readonly #unsubscribe: () => void

  constructor(deps: ApiDeps & WorkerDeps) {
    this.#deps = deps
    this.#index = new OwnerIndex(deps.store)
    this.#worker = new Worker(deps, (key) => this.#reconcile(key))
    this.#unsubscribe = deps.store.subscribe((bucket, event) => this.#observe(bucket, event))
    this.#enqueueStored()
  }

  stop(): void {
    this.#unsubscribe()
    this.#worker.stop()
  }

  /** After a start: deletions may have been under way. */
  #enqueueStored(): void {
    for (const bucket of this.#deps.store.bucketNames()) {
      for (const object of this.#deps.store.bucket(bucket).values()) {
        if (concerns(object)) this.#enqueue({ bucket, key: keyOf(object) })
      }
    }
  }

  #observe(bucket: string, { type, object, previous }: ChangeEvent): void {
    if (previous !== undefined) this.#index.remove(previous)
    if (type === 'DELETED') this.#observeEnd(object)
    else this.#observeChange(bucket, object, previous)
  }

  #observeChange(bucket: string, object: ApiObject, previous: ApiObject | undefined): void {
    this.#index.add(bucket, object)
    if (concerns(object) && !sameConcern(object, previous)) {
      this.#enqueue({ bucket, key: keyOf(object) })
      if (isMarked(object, Finalizer.foreground)) this.#enqueueDependents(object)
    }
  }

  #observeEnd(object: ApiObject): void {
    this.#enqueueDependents(object)
    for (const { uid } of object.metadata.ownerReferences ?? []) {
      const owner = this.#index.locate(uid)
      if (owner !== undefined) this.#enqueue(owner)
    }
  }

  #enqueueDependents({ metadata }: ApiObject): void {
    for (const dependent of this.#index.dependentsOf(metadata.uid ?? '')) this.#enqueue(dependent)
  }

  #enqueue({ bucket, key }: Location): void {
    this.#worker.enqueue(`${bucket}${SEPARATOR}${key}`)
  }

  #reconcile(queued: string): void {
    const [bucket = '', key = ''] = queued.split(SEPARATOR)
    const object = this.#deps.store.bucket(bucket).get(key)
    const definition = this.#deps.kinds.findBucket(bucket)
    if (object === undefined || definition === undefined) return
    if (isMarked(object, Finalizer.orphan)) this.#orphan(definition, object)
    else if (isMarked(object, Finalizer.foreground)) this.#finishForeground(definition, object)
    else if (object.metadata.deletionTimestamp === undefined) this.#checkOwners(definition, object)
  }

  /** Lets the dependents go, then the object. */
  #orphan(definition: ResourceDefinition, object: ApiObject): void {
    for (const location of this.#index.dependentsOf(object.metadata.uid ?? '')) {
      const dependent = this.#deps.store.bucket(location.bucket).get(location.key)
      const kind = this.#deps.kinds.findBucket(location.bucket)
      if (dependent !== undefined && kind !== undefined)
        this.#dropOwners(kind, dependent, ({ uid }) => uid === object.metadata.uid)
    }
    this.#dropFinalizer(definition, object, Finalizer.orphan)
  }

  /** The object goes once no dependent holds it back. */
  #finishForeground(definition: ResourceDefinition, object: ApiObject): void {
    const { uid } = object.metadata
    const blocked = this.#index.dependentsOf(uid ?? '').some(({ bucket, key }) => {
      const owners = this.#deps.store.bucket(bucket).get(key)?.metadata.ownerReferences ?? []
      return owners.some((owner) => owner.uid === uid && owner.blockOwnerDeletion === true)
    })
    if (!blocked) this.#dropFinalizer(definition, object, Finalizer.foreground)
  }

  #checkOwners(definition: ResourceDefinition, object: ApiObject): void {
    const owners = object.metadata.ownerReferences ?? []
    if (owners.length === 0) return
    const states = owners.map((owner) => this.#ownerState(owner, object.metadata.namespace))
    if (states.includes('unknown')) return
    const leaving = states.includes('leaving')
    if (!states.includes('alive')) {
      this.#delete(definition, object, leaving ? 'Foreground' : 'Background')
    } else if (states.includes('gone')) {
      this.#dropOwners(
        definition,
        object,
        (owner) => this.#ownerState(owner, object.metadata.namespace) === 'gone',
      )
    }
  }

  #delete(definition: ResourceDefinition, object: ApiObject, policy: 'Foreground' | 'Background'): void {
    const [version] = definition.versions
    if (version === undefined) return
    const hasDependents = this.#index.dependentsOf(object.metadata.uid ?? '').length > 0
    const propagationPolicy = hasDependents ? policy : 'Background'
    deleteStored(this.#deps, { definition, version }, object, { ...DELETE_NOW, propagationPolicy })
  }

  /** leaving: deleted in the foreground, waiting for this dependent. unknown: a kind that is not served. */
  #ownerState(
    owner: OwnerReference,
    namespace: string | undefined,
  ): 'alive' | 'gone' | 'leaving' | 'unknown' {
    const definition = this.#deps.kinds.findKind(parseApiVersion(owner.apiVersion).group, owner.kind)
    if (definition === undefined) return 'unknown'
    const scope = definition.namespaced ? namespace : undefined
    const found = this.#deps.store.bucket(definition.bucket).get(storageKey(scope, owner.name))
    if (found === undefined || found.metadata.uid !== owner.uid) return 'gone'
    return isMarked(found, Finalizer.foreground) && owner.blockOwnerDeletion === true ? 'leaving' : 'alive'
  }

  #dropOwners(
    definition: ResourceDefinition,
    object: ApiObject,
    isDropped: (owner: OwnerReference) => boolean,
  ): void {
    const next = cloneJson(object)
    const left = (next.metadata.ownerReferences ?? []).filter((owner) => !isDropped(owner))
    if (left.length > 0) next.metadata.ownerReferences = left
    else delete next.metadata.ownerReferences
    if (!equalJson(next, object)) this.#deps.store.put(definition.bucket, keyOf(next), next)
  }

  #dropFinalizer(definition: ResourceDefinition, object: ApiObject, finalizer: string): void {
    const next = cloneJson(object)
    next.metadata.finalizers = (next.metadata.finalizers ?? []).filter((name) => name !== finalizer)
    if (isReleased(next)) this.#deps.store.remove(definition.bucket, keyOf(next), next)
    else this.#deps.store.put(definition.bucket, keyOf(next), next)
  }
}

function concerns(object: ApiObject): boolean {
  return (object.metadata.ownerReferences ?? []).length > 0 || object.metadata.deletionTimestamp !== undefined
}

function sameConcern({ metadata }: ApiObject, previous: ApiObject | undefined): boolean {
  return (
    previous !== undefined &&
    metadata.deletionTimestamp === previous.metadata.deletionTimestamp &&
    equalJson(metadata.finalizers, previous.metadata.finalizers) &&
    equalJson(metadata.ownerReferences, previous.metadata.ownerReferences)
  )
}

function isMarked({ metadata }: ApiObject, finalizer: string): boolean {
  return metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).includes(finalizer)
}
