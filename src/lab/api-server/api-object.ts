/**
 * A Kubernetes object as the server holds it: metadata typed, everything else unknown until looked at.
 */
import type { KubeObject, ObjectMeta } from '../../api/objects.ts'

export interface ApiObject extends KubeObject {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
  [field: string]: unknown
}

/** The storage key of an object; cluster-scoped ones have an empty namespace. */
export function storageKey(namespace: string | undefined, name: string): string {
  return `${namespace ?? ''}/${name}`
}

/** The storage key of `object`. */
export function keyOf(object: ApiObject): string {
  return storageKey(object.metadata.namespace, object.metadata.name ?? '')
}

/** RFC 3339 in whole seconds, as metav1.Time is written. */
export function timestamp(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`
}

/** `apps/v1` -> group apps, version v1; `v1` -> the core group. */
export function parseApiVersion(apiVersion: string): { group: string; version: string } {
  const slash = apiVersion.indexOf('/')
  if (slash === -1) return { group: '', version: apiVersion }
  return { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) }
}

/** The inverse of `parseApiVersion`. */
export function joinApiVersion(group: string, version: string): string {
  return group === '' ? version : `${group}/${version}`
}
