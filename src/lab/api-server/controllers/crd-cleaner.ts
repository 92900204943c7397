/**
 * A CustomResourceDefinition that is deleted takes its objects along; it goes once they are gone.
 */
import { type ApiObject, keyOf, storageKey } from '../api-object.ts'
import { CRD_BUCKET, CRD_FINALIZER } from '../crd/crd-strategy.ts'
import { stringAt } from '../json/access.ts'
import { cloneJson } from '../json/compare.ts'
import { DELETE_NOW, deleteStored } from '../verbs/delete.ts'
import type { ApiDeps } from '../verbs/deps.ts'
import { isReleased } from '../verbs/update.ts'
import { Worker, type WorkerDeps } from './worker.ts'

export class CrdCleaner {
  readonly #deps: ApiDeps
  readonly #worker: Worker
  readonly #unsubscribe: () => void

  constructor(deps: ApiDeps & WorkerDeps) {
    this.#deps = deps
    this.#worker = new Worker(deps, (name) => this.#reconcile(name))
    this.#unsubscribe = deps.store.subscribe((bucket, { type, object }) => {
      if (bucket === CRD_BUCKET && object.metadata.deletionTimestamp !== undefined)
        this.#worker.enqueue(object.metadata.name ?? '')
      else if (type === 'DELETED') this.#enqueueOwnerOf(bucket)
    })
    for (const { metadata } of deps.store.bucket(CRD_BUCKET).values()) {
      if (metadata.deletionTimestamp !== undefined) this.#worker.enqueue(metadata.name ?? '')
    }
  }

  stop(): void {
    this.#unsubscribe()
    this.#worker.stop()
  }

  /** Objects of `group/plural` belong to the CRD `plural.group`. */
  #enqueueOwnerOf(bucket: string): void {
    const [group, plural] = bucket.split('/')
    if (group !== '' && this.#deps.kinds.get(group ?? '', plural ?? '')?.builtin === false)
      this.#worker.enqueue(`${plural}.${group}`)
  }

  #reconcile(name: string): void {
    const crd = this.#deps.store.bucket(CRD_BUCKET).get(storageKey(undefined, name))
    if (crd?.metadata.deletionTimestamp === undefined || !crd.metadata.finalizers?.includes(CRD_FINALIZER))
      return
    const group = stringAt(crd, 'spec', 'group') ?? ''
    const definition = this.#deps.kinds.get(group, stringAt(crd, 'spec', 'names', 'plural') ?? '')
    const [version] = definition?.versions ?? []
    if (definition !== undefined && version !== undefined) {
      const bucket = this.#deps.store.bucket(definition.bucket)
      for (const object of bucket.values())
        deleteStored(this.#deps, { definition, version }, object, DELETE_NOW)
      if (bucket.size > 0) return
    }
    this.#release(crd)
  }

  #release(crd: ApiObject): void {
    const next = cloneJson(crd)
    next.metadata.finalizers = (next.metadata.finalizers ?? []).filter(
      (finalizer) => finalizer !== CRD_FINALIZER,
    )
    if (isReleased(next)) this.#deps.store.remove(CRD_BUCKET, keyOf(next), next)
    else this.#deps.store.put(CRD_BUCKET, keyOf(next), next)
  }
}
