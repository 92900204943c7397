/**
 * get: one stored object or NotFound.
 */
import { type ApiObject, storageKey } from '../api-object.ts'
import { notFound } from '../errors.ts'
import { type ApiDeps, bucketOf, resourceName, type Target } from './deps.ts'

/** The stored object. */
export function readObject(deps: ApiDeps, { served, namespace }: Target, name: string): ApiObject {
  const scope = served.definition.namespaced ? namespace : undefined
  const found = bucketOf(deps, served).get(storageKey(scope, name))
  if (found === undefined) throw notFound(resourceName(served), name)
  return found
}
