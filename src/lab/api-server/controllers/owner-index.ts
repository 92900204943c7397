/**
 * Who depends on whom by owner references, kept in step with the store.
 */
import { type ApiObject, keyOf } from '../api-object.ts'
import type { ObjectStore } from '../storage/object-store.ts'

/** Where an object is stored. */
export interface Location {
  readonly bucket: string
  readonly key: string
}

export class OwnerIndex {
  readonly #dependents = new Map<string, Map<string, Location>>()
  readonly #locations = new Map<string, Location>()

  /** Reads what is stored. */
  constructor(store: ObjectStore) {
    for (const bucket of store.bucketNames()) {
      for (const object of store.bucket(bucket).values()) this.add(bucket, object)
    }
  }

  add(bucket: string, object: ApiObject): void {
    const { uid = '', ownerReferences = [] } = object.metadata
    const location = { bucket, key: keyOf(object) }
    this.#locations.set(uid, location)
    for (const owner of ownerReferences) {
      const dependents = this.#dependents.get(owner.uid) ?? new Map<string, Location>()
      dependents.set(uid, location)
      this.#dependents.set(owner.uid, dependents)
    }
  }

  remove(object: ApiObject): void {
    const { uid = '', ownerReferences = [] } = object.metadata
    this.#locations.delete(uid)
    for (const owner of ownerReferences) {
      const dependents = this.#dependents.get(owner.uid)
      dependents?.delete(uid)
      if (dependents?.size === 0) this.#dependents.delete(owner.uid)
    }
  }

  locate(uid: string): Location | undefined {
    return this.#locations.get(uid)
  }

  dependentsOf(uid: string): Location[] {
    return [...(this.#dependents.get(uid)?.values() ?? [])]
  }
}
