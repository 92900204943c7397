/**
 * Checks a value against an OpenAPI schema and words the faults as Kubernetes does for custom resources.
 */
import { isObject, type JsonObject } from '../json/access.ts'
import { canonicalJson } from '../json/compare.ts'
import { memberSchema, type Resolve, type Schema } from '../openapi/schema.ts'
import { duplicate, type FieldError, invalidValue, notSupported, required, wrongType } from './field-error.ts'
import { checkNumber, checkString } from './scalars.ts'

/** All faults of `value`; `path` is the field it is in. */
export function validateSchema(given: Schema, value: unknown, path: string, resolve: Resolve): FieldError[] {
  const schema = resolve(given)
  if (value === null)
    return schema.nullable === true || schema.type === undefined ? [] : [wrongType(path, value, schema.type)]
  const typeFault = checkType(schema, value, path)
  if (typeFault !== undefined) return [typeFault]
  return [
    ...checkEnum(schema, value, path),
    ...checkByType(schema, value, path, resolve),
    ...checkJunctors(schema, value, path, resolve),
  ]
}

function checkByType(schema: Schema, value: unknown, path: string, resolve: Resolve): FieldError[] {
  if (typeof value === 'string') return checkString(schema, value, path)
  if (typeof value === 'number') return checkNumber(schema, value, path)
  if (Array.isArray(value)) return checkArray(schema, value, path, resolve)
  return isObject(value) ? checkObject(schema, value, path, resolve) : []
}

function checkType(schema: Schema, value: unknown, path: string): FieldError | undefined {
  if (schema['x-kubernetes-int-or-string'] === true) {
    const fits = typeof value === 'string' || Number.isInteger(value)
    return fits ? undefined : wrongType(path, value, 'integer,string')
  }
  if (schema.type === undefined || hasType(schema.type, value)) return undefined
  return wrongType(path, value, schema.type)
}

function hasType(type: string, value: unknown): boolean {
  switch (type) {
    case 'object':
      return isObject(value)
    case 'array':
      return Array.isArray(value)
    case 'integer':
      return Number.isInteger(value)
    default:
      return typeof value === type
  }
}

function checkEnum(schema: Schema, value: unknown, path: string): FieldError[] {
  if (schema.enum === undefined) return []
  const text = canonicalJson(value)
  if (schema.enum.some((item) => canonicalJson(item) === text)) return []
  return [notSupported(path, value, schema.enum.map(String))]
}

function checkObject(schema: Schema, value: JsonObject, path: string, resolve: Resolve): FieldError[] {
  const faults = (schema.required ?? [])
    .filter((key) => value[key] === undefined)
    .map((key) => required(join(path, key)))
  const count = Object.keys(value).length
  if (schema.minProperties !== undefined && count < schema.minProperties) {
    faults.push(
      invalidValue(path, count, `${path} in body should have at least ${schema.minProperties} properties`),
    )
  }
  if (schema.maxProperties !== undefined && count > schema.maxProperties) {
    faults.push(invalidValue(path, count, `must have at most ${schema.maxProperties} items`))
  }
  for (const [key, item] of Object.entries(value)) {
    const member = memberSchema(schema, key)
    if (member !== undefined) faults.push(...validateSchema(member, item, join(path, key), resolve))
  }
  return faults
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}

function checkArray(schema: Schema, value: readonly unknown[], path: string, resolve: Resolve): FieldError[] {
  const faults: FieldError[] = []
  if (schema.minItems !== undefined && value.length < schema.minItems) {
    faults.push(
      invalidValue(path, value.length, `${path} in body should have at least ${schema.minItems} items`),
    )
  }
  if (schema.maxItems !== undefined && value.length > schema.maxItems) {
    faults.push({
      field: path,
      reason: 'FieldValueTooMany',
      message: `Too many: ${value.length}: must have at most ${schema.maxItems} items`,
    })
  }
  faults.push(...checkUnique(schema, value, path))
  const { items } = schema
  if (items === undefined) return faults
  return faults.concat(
    value.flatMap((item, index) => validateSchema(items, item, `${path}[${index}]`, resolve)),
  )
}

/** Lists of type set and map hold no item twice. */
function checkUnique(schema: Schema, value: readonly unknown[], path: string): FieldError[] {
  const type = schema['x-kubernetes-list-type']
  const isSet = type === 'set' || schema.uniqueItems === true
  if (!isSet && type !== 'map') return []
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  const seen = new Set<string>()
  return value.flatMap((item, index) => {
    const identity = type === 'map' ? pick(item, keys, schema.items) : item
    const text = canonicalJson(identity)
    if (seen.has(text)) return [duplicate(`${path}[${index}]`, identity)]
    seen.add(text)
    return []
  })
}

function pick(item: unknown, keys: readonly string[], items: Schema | undefined): JsonObject {
  const source = isObject(item) ? item : {}
  return Object.fromEntries(
    keys.map((key) => [key, source[key] ?? items?.properties?.[key]?.default ?? null]),
  )
}

function checkJunctors(schema: Schema, value: unknown, path: string, resolve: Resolve): FieldError[] {
  const valid = (option: Schema) => validateSchema(option, value, path, resolve).length === 0
  const faults = (schema.allOf ?? []).flatMap((part) => validateSchema(part, value, path, resolve))
  if (schema.anyOf !== undefined && !schema.anyOf.some(valid)) {
    faults.push(invalidValue(path, value, `${path} in body must validate at least one schema (anyOf)`))
  }
  if (schema.oneOf !== undefined && schema.oneOf.filter(valid).length !== 1) {
    faults.push(
      invalidValue(
        path,
        value,
        `${path} in body must validate one and only one schema (oneOf). Found ${schema.oneOf.filter(valid).length} valid alternatives`,
      ),
    )
  }
  if (schema.not !== undefined && valid(schema.not)) {
    faults.push(invalidValue(path, value, `${path} in body must not validate the schema (not)`))
  }
  return faults
}
