/**
 * Fills the defaults of a custom resource's schema.
 */
import { isObject, type JsonObject } from '../json/access.ts'
import { cloneJson } from '../json/compare.ts'
import type { Resolve, Schema } from '../openapi/schema.ts'

/** Applies defaults in place, outermost first, so that defaults of a defaulted object apply too. */
export function applyDefaults(given: Schema, value: unknown, resolve: Resolve): void {
  const schema = resolve(given)
  if (Array.isArray(value)) {
    const { items } = schema
    if (items !== undefined) for (const item of value) applyDefaults(items, item, resolve)
  } else if (isObject(value)) defaultObject(schema, value, resolve)
}

function defaultObject(schema: Schema, value: JsonObject, resolve: Resolve): void {
  for (const [key, member] of Object.entries(schema.properties ?? {})) {
    if (value[key] === undefined && member.default !== undefined) value[key] = cloneJson(member.default)
    if (value[key] !== undefined) applyDefaults(member, value[key], resolve)
  }
  const rest = schema.additionalProperties
  if (typeof rest !== 'object') return
  for (const [key, item] of Object.entries(value)) {
    if (schema.properties === undefined || !Object.hasOwn(schema.properties, key))
      applyDefaults(rest, item, resolve)
  }
}
