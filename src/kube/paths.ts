/**
 * URLs of the Kubernetes API.
 */
import type { ResourceType } from '../api/resources.ts'

export interface PathParts {
  readonly namespace?: string | undefined
  readonly name?: string | undefined
  readonly subresource?: string | undefined
}

/** Path of a collection or, with `name`, of one object. Without `namespace` a namespaced kind is read in all namespaces. */
export function resourcePath(type: ResourceType, parts: PathParts = {}): string {
  const base = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`
  const scope = type.namespaced && parts.namespace ? `/namespaces/${encodeURIComponent(parts.namespace)}` : ''
  const name = parts.name === undefined ? '' : `/${encodeURIComponent(parts.name)}`
  const subresource = parts.subresource === undefined ? '' : `/${parts.subresource}`
  return `${base}${scope}/${type.plural}${name}${subresource}`
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>

/** `?a=b&c=d` of the defined values, or nothing. */
export function queryString(query: Query = {}): string {
  const params = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined) params.set(key, String(value))
  }
  return params.size === 0 ? '' : `?${params}`
}
