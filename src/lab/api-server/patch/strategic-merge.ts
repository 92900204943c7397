/**
 * Strategic merge patch: lists of built-in kinds merge by key, directives delete, replace, retain and order.
 */
import { isObject, type JsonObject } from '../json/access.ts'
import { cloneJson, equalJson } from '../json/compare.ts'
import { memberSchema, type Resolve, type Schema } from '../openapi/schema.ts'
import { orderItems } from './element-order.ts'

const DIRECTIVE = '$patch'
const RETAIN = '$retainKeys'
const DELETE_PRIMITIVE = '$deleteFromPrimitiveList/'
const ORDER = '$setElementOrder/'

/** A directive that makes no sense. */
export class StrategicMergeError extends Error {}

/** `original` after the patch; the inputs are left alone. */
export function applyStrategicMerge(
  original: JsonObject,
  patch: JsonObject,
  schema: Schema,
  resolve: Resolve,
): JsonObject {
  return mergeMaps(original, patch, schema, resolve)
}

function mergeMaps(original: JsonObject, patch: JsonObject, given: Schema, resolve: Resolve): JsonObject {
  const directive = patch[DIRECTIVE]
  if (directive === 'replace') return withoutDirectives(patch) as JsonObject
  if (directive === 'delete') return {}
  if (directive !== undefined && directive !== 'merge')
    throw new StrategicMergeError(`unknown patch type: ${String(directive)}`)
  const schema = resolve(given)
  const result = retained(original, patch)
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith('$')) continue
    if (value === null) delete result[key]
    else result[key] = mergeMember(result[key], value, memberSchema(schema, key) ?? {}, resolve)
  }
  applyListDirectives(result, patch, schema)
  return result
}

/** Keys of the original that `$retainKeys` keeps. */
function retained(original: JsonObject, patch: JsonObject): JsonObject {
  const keep = patch[RETAIN]
  if (!Array.isArray(keep)) return { ...original }
  return Object.fromEntries(Object.entries(original).filter(([key]) => keep.includes(key)))
}

function strategiesOf(schema: Schema): string[] {
  return (schema['x-kubernetes-patch-strategy'] ?? '').split(',')
}

function mergeMember(original: unknown, value: unknown, schema: Schema, resolve: Resolve): unknown {
  const strategies = strategiesOf(schema)
  if (isObject(value)) {
    if (strategies.includes('replace')) return withoutDirectives(value)
    return mergeMaps(isObject(original) ? original : {}, value, schema, resolve)
  }
  if (!Array.isArray(value)) return value
  if (!strategies.includes('merge')) return withoutDirectives(value)
  return mergeLists(Array.isArray(original) ? original : [], value, schema, resolve)
}

function mergeLists(
  original: readonly unknown[],
  patch: readonly unknown[],
  schema: Schema,
  resolve: Resolve,
): unknown[] {
  const key = schema['x-kubernetes-patch-merge-key']
  if (key === undefined) return mergePrimitives(original, patch)
  if (patch.some((item) => isObject(item) && item[DIRECTIVE] === 'replace')) {
    return withoutDirectives(
      patch.filter((item) => isObject(item) && item[DIRECTIVE] !== 'replace'),
    ) as unknown[]
  }
  let result = cloneJson([...original])
  for (const item of patch) {
    if (!isObject(item)) throw new StrategicMergeError('expected a list of objects')
    result = mergeItem(result, item, key, schema.items ?? {}, resolve)
  }
  return result
}

function mergeItem(
  list: unknown[],
  item: JsonObject,
  key: string,
  items: Schema,
  resolve: Resolve,
): unknown[] {
  const same = (other: unknown) => isObject(other) && equalJson(other[key], item[key])
  if (item[key] === undefined)
    throw new StrategicMergeError(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`)
  if (item[DIRECTIVE] === 'delete') return list.filter((other) => !same(other))
  const index = list.findIndex(same)
  const present = list[index]
  if (isObject(present)) list[index] = mergeMaps(present, item, items, resolve)
  else list.push(withoutDirectives(item))
  return list
}

function mergePrimitives(original: readonly unknown[], patch: readonly unknown[]): unknown[] {
  const added = patch.filter((item, index) => !original.includes(item) && patch.indexOf(item) === index)
  return [...original, ...added]
}

/** Deletions from lists of plain values, and the order of merged lists. */
function applyListDirectives(result: JsonObject, patch: JsonObject, schema: Schema): void {
  for (const [directive, value] of Object.entries(patch)) {
    if (!Array.isArray(value)) continue
    if (directive.startsWith(DELETE_PRIMITIVE)) {
      const key = directive.slice(DELETE_PRIMITIVE.length)
      const list = result[key]
      if (Array.isArray(list)) result[key] = list.filter((item) => !value.includes(item))
    } else if (directive.startsWith(ORDER)) {
      const key = directive.slice(ORDER.length)
      const list = result[key]
      const mergeKey = memberSchema(schema, key)?.['x-kubernetes-patch-merge-key']
      if (Array.isArray(list)) result[key] = orderItems(list, value, mergeKey)
    }
  }
}

/** New content may itself carry directives and nulls: neither is stored. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.filter((item) => !(isObject(item) && item[DIRECTIVE] === 'delete')).map(withoutDirectives)
  }
  if (!isObject(value)) return value
  const entries = Object.entries(value).filter(([key, item]) => !key.startsWith('$') && item !== null)
  return Object.fromEntries(entries.map(([key, item]) => [key, withoutDirectives(item)]))
}
