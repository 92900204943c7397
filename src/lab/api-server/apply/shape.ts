/**
 * How a value merges: as one thing, field by field, as a set, or as a list with keys; and what its parts are called.
 */
import { isObject } from '../json/access.ts'
import { canonicalJson } from '../json/compare.ts'
import { memberSchema, type Resolve, type Schema } from '../openapi/schema.ts'

export interface Part {
  /** Path element, as in FieldsV1. */
  readonly element: string
  readonly value: unknown
  readonly schema: Schema
}

export type Shape = 'atomic' | 'map' | 'set' | 'list'

/** How `value` merges under `given`. Lists without a list type are one thing, maps without a map type are not. */
export function shapeOf(value: unknown, given: Schema, resolve: Resolve): Shape {
  const schema = resolve(given)
  if (isObject(value)) return schema['x-kubernetes-map-type'] === 'atomic' ? 'atomic' : 'map'
  if (!Array.isArray(value)) return 'atomic'
  switch (schema['x-kubernetes-list-type']) {
    case 'set':
      return 'set'
    case 'map':
      return value.every(isObject) ? 'list' : 'atomic'
    default:
      return 'atomic'
  }
}

/** The parts of a value that is not atomic, in order. */
export function partsOf(value: unknown, given: Schema, resolve: Resolve): Part[] {
  const schema = resolve(given)
  if (isObject(value)) {
    return Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => ({ element: `f:${key}`, value: item, schema: memberSchema(schema, key) ?? {} }))
  }
  const items = schema.items ?? {}
  if (!Array.isArray(value)) return []
  if (schema['x-kubernetes-list-type'] === 'set') {
    return value.map((item) => ({ element: `v:${JSON.stringify(item)}`, value: item, schema: items }))
  }
  const keys = [...(schema['x-kubernetes-list-map-keys'] ?? [])].sort()
  return value.map((item) => ({
    element: keyElement(item, keys, resolve(items)),
    value: item,
    schema: items,
  }))
}

/** `k:{"name":"web"}`; keys that are left out count as their default. */
function keyElement(item: unknown, keys: readonly string[], items: Schema): string {
  const source = isObject(item) ? item : {}
  const pairs = keys.flatMap((key) => {
    const value = source[key] ?? items.properties?.[key]?.default
    return value === undefined ? [] : [[key, value] as const]
  })
  return `k:${canonicalJson(Object.fromEntries(pairs))}`
}

/** The parts of a value by element. */
export function partMap(value: unknown, schema: Schema, resolve: Resolve): Map<string, Part> {
  return new Map(partsOf(value, schema, resolve).map((part) => [part.element, part]))
}
