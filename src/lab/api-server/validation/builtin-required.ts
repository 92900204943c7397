/**
 * Required fields of built-in kinds. Types were settled while decoding, status is the server's own affair.
 */
import { isObject, type JsonObject } from '../json/access.ts'
import type { Resolve, Schema } from '../openapi/schema.ts'
import { type FieldError, required } from './field-error.ts'

/** Faults of an object of a built-in kind. */
export function checkRequired(schema: Schema, object: JsonObject, resolve: Resolve): FieldError[] {
  const { status: _status, metadata: _metadata, ...content } = object
  return walk(schema, content, '', resolve)
}

function walk(given: Schema, value: unknown, path: string, resolve: Resolve): FieldError[] {
  const schema = resolve(given)
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => walk(schema.items ?? {}, item, `${path}[${index}]`, resolve))
  }
  return isObject(value) ? walkObject(schema, value, path, resolve) : []
}

function walkObject(schema: Schema, value: JsonObject, path: string, resolve: Resolve): FieldError[] {
  const at = (key: string) => (path === '' ? key : `${path}.${key}`)
  const faults: FieldError[] = []
  for (const key of schema.required ?? []) {
    const member = schema.properties?.[key]
    // Empty lists are written as missing ones.
    if (isMissing(value[key]) && (member === undefined || resolve(member).type !== 'array'))
      faults.push(required(at(key)))
  }
  for (const [key, item] of Object.entries(value)) {
    const member = schema.properties?.[key] ?? schema.additionalProperties
    if (typeof member === 'object') faults.push(...walk(member, item, at(key), resolve))
  }
  return faults
}

function isMissing(value: unknown): boolean {
  return value === undefined || value === ''
}
