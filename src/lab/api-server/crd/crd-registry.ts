/**
 * Keeps the served resources in step with the stored CustomResourceDefinitions.
 */
import type { ApiObject } from '../api-object.ts'
import { objectsAt, stringAt } from '../json/access.ts'
import type { KindRegistry } from '../kinds/registry.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { CRD_BUCKET } from './crd-strategy.ts'
import { definitionFromCrd } from './definition-from-crd.ts'

/** Serves what is stored now, and follows changes. */
export function followCrds(store: ObjectStore, kinds: KindRegistry): void {
  const bucket = store.bucket(CRD_BUCKET)
  for (const crd of bucket.values()) serve(kinds, crd)
  bucket.subscribe(({ type, object }) => {
    if (type === 'DELETED')
      kinds.remove(stringAt(object, 'spec', 'group') ?? '', stringAt(object, 'spec', 'names', 'plural') ?? '')
    else serve(kinds, object)
  })
}

function serve(kinds: KindRegistry, crd: ApiObject): void {
  const established = objectsAt(crd, 'status', 'conditions').some(
    ({ type, status }) => type === 'Established' && status === 'True',
  )
  if (established) kinds.set(definitionFromCrd(crd))
}
