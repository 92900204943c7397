/**
 * Drops from a custom resource what its structural schema does not name, and nulls where null is not allowed.
 */
import { isObject, type JsonObject } from '../json/access.ts'
import { isOpen, memberSchema, type Resolve, type Schema } from '../openapi/schema.ts'

/** Removes unknown fields in place and adds their paths to `unknown`. */
export function prune(
  given: Schema,
  value: unknown,
  path: string,
  resolve: Resolve,
  unknown: string[],
): void {
  const schema = resolve(given)
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries())
      prune(schema.items ?? {}, item, `${path}[${index}]`, resolve, unknown)
  } else if (isObject(value)) {
    pruneObject(schema, value, path, resolve, unknown)
  }
}

function pruneObject(
  schema: Schema,
  value: JsonObject,
  path: string,
  resolve: Resolve,
  unknown: string[],
): void {
  const embedded = schema['x-kubernetes-embedded-resource'] === true
  for (const key of Object.keys(value)) {
    const field = path === '' ? key : `${path}.${key}`
    const member = memberSchema(schema, key)
    if (member !== undefined) pruneMember(member, value, key, field, resolve, unknown)
    else if (!isOpen(schema) && !(embedded && EMBEDDED.has(key))) {
      unknown.push(field)
      delete value[key]
    }
  }
}

function pruneMember(
  member: Schema,
  parent: JsonObject,
  key: string,
  field: string,
  resolve: Resolve,
  unknown: string[],
): void {
  if (parent[key] === null && member.nullable !== true && !isOpen(resolve(member))) delete parent[key]
  else prune(member, parent[key], field, resolve, unknown)
}

/** Fields every embedded resource has. */
const EMBEDDED = new Set(['apiVersion', 'kind', 'metadata'])
