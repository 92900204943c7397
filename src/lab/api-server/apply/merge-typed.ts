/**
 * Merging an applied configuration into the live object, and taking out what is no longer applied.
 */
import { isObject, type JsonObject } from '../json/access.ts'
import { cloneJson } from '../json/compare.ts'
import type { Resolve, Schema } from '../openapi/schema.ts'
import type { FieldSet } from './field-set.ts'
import { type Part, partMap, partsOf, shapeOf } from './shape.ts'

/** The live value with what is applied on top; the inputs are left alone. */
export function mergeApplied(live: unknown, applied: unknown, schema: Schema, resolve: Resolve): unknown {
  const shape = shapeOf(applied, schema, resolve)
  if (live === undefined || shape === 'atomic' || shape !== shapeOf(live, schema, resolve))
    return cloneJson(applied)
  if (isObject(applied) && isObject(live))
    return mergeMaps(live, partsOf(applied, schema, resolve), schema, resolve)
  const wanted = partMap(applied, schema, resolve)
  const merged = partsOf(live, schema, resolve).map((part) => {
    const next = wanted.get(part.element)
    wanted.delete(part.element)
    return next === undefined ? part.value : mergeApplied(part.value, next.value, part.schema, resolve)
  })
  return [...merged, ...[...wanted.values()].map((part) => cloneJson(part.value))]
}

function mergeMaps(live: JsonObject, parts: readonly Part[], schema: Schema, resolve: Resolve): JsonObject {
  const present = partMap(live, schema, resolve)
  const result: JsonObject = { ...live }
  for (const part of parts) {
    result[part.element.slice(2)] = mergeApplied(
      present.get(part.element)?.value,
      part.value,
      part.schema,
      resolve,
    )
  }
  return result
}

/** `value` without the fields of `gone`, except where `kept` (other owners, or the new configuration) has something. */
export function removeFields(
  value: unknown,
  gone: FieldSet,
  kept: FieldSet | undefined,
  schema: Schema,
  resolve: Resolve,
): unknown {
  const shape = shapeOf(value, schema, resolve)
  if (shape === 'atomic') return value
  const left = partsOf(value, schema, resolve).flatMap((part) => {
    const doomed = gone.children.get(part.element)
    if (doomed === undefined) return [part]
    const others = kept?.children.get(part.element)
    if (doomed.member && (others === undefined || others.isEmpty)) return []
    const rest = removeFields(part.value, doomed, others, part.schema, resolve)
    return isEmptied(rest, part.value) && (others === undefined || others.isEmpty)
      ? []
      : [{ ...part, value: rest }]
  })
  if (shape !== 'map') return left.map((part) => part.value)
  return Object.fromEntries(left.map((part) => [part.element.slice(2), part.value]))
}

/** Nothing is left of something. */
function isEmptied(after: unknown, before: unknown): boolean {
  const size = (value: unknown) =>
    typeof value === 'object' && value !== null ? Object.keys(value).length : 1
  return size(after) === 0 && size(before) > 0
}
