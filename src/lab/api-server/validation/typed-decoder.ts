/**
 * Reads a JSON body as a typed kind the way Go would: unknown fields dropped and reported, nulls dropped, wrong types refused,
 * times put in their one form.
 */
import { badRequest } from '../errors.ts'
import { isObject, type JsonObject } from '../json/access.ts'
import { memberSchema, type Resolve, type Schema } from '../openapi/schema.ts'
import { jsonType } from './field-error.ts'

/** A wrong type, in Go's words. */
export class DecodeError extends Error {}

interface DecodeContext {
  readonly resolve: Resolve
  /** Paths of fields the schema does not know. */
  readonly unknown: string[]
  readonly kind: string
}

/** The body as the schema allows it. Unknown fields are added to `unknown`. Throws DecodeError. */
export function decodeTyped(
  schema: Schema,
  body: JsonObject,
  resolve: Resolve,
  kind: string,
  unknown: string[],
): JsonObject {
  return decodeValue(schema, body, '', { resolve, unknown, kind }) as JsonObject
}

function decodeValue(given: Schema, value: unknown, path: string, context: DecodeContext): unknown {
  const schema = context.resolve(given)
  if (schema['x-kubernetes-int-or-string'] === true) return decodeIntOrString(schema, value, path, context)
  switch (schema.type) {
    case 'object':
      return decodeObject(schema, expectType(isObject, value, 'object', path, context), path, context)
    case 'array':
      return expectType(Array.isArray, value, 'slice', path, context).map((item, index) =>
        item === null ? item : decodeValue(schema.items ?? {}, item, `${path}[${index}]`, context),
      )
    case 'string':
      return decodeString(schema, expectType(isString, value, 'string', path, context), path)
    case 'integer':
      return decodeInteger(schema, value, path, context)
    case 'number':
      return expectType(isNumber, value, 'float64', path, context)
    case 'boolean':
      return expectType(isBoolean, value, 'bool', path, context)
    default:
      return value
  }
}

function decodeObject(schema: Schema, value: JsonObject, path: string, context: DecodeContext): JsonObject {
  const result: JsonObject = {}
  for (const [key, item] of Object.entries(value)) {
    const field = path === '' ? key : `${path}.${key}`
    const member = memberSchema(schema, key)
    if (member === undefined && schema.properties !== undefined) context.unknown.push(field)
    else if (item !== null) result[key] = decodeValue(member ?? {}, item, field, context)
  }
  return result
}

function decodeIntOrString(schema: Schema, value: unknown, path: string, context: DecodeContext): unknown {
  if (schema.format === 'quantity') {
    if (typeof value !== 'string' && typeof value !== 'number')
      throw wrongGoType(value, 'resource.Quantity', path, context)
    return checkQuantity(String(value))
  }
  if (typeof value !== 'string' && !Number.isInteger(value))
    throw wrongGoType(value, 'intstr.IntOrString', path, context)
  return value
}

const QUANTITY = /^[+-]?(\d+(\.\d*)?|\.\d+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?\d+)?$/

function checkQuantity(text: string): string {
  if (QUANTITY.test(text)) return text
  throw new DecodeError(
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
  )
}

function decodeInteger(schema: Schema, value: unknown, path: string, context: DecodeContext): number {
  const type = schema.format === 'int32' ? 'int32' : 'int64'
  if (typeof value !== 'number' || !Number.isInteger(value)) throw wrongGoType(value, type, path, context)
  if (type === 'int32' && (value > 2 ** 31 - 1 || value < -(2 ** 31)))
    throw wrongGoType(value, type, path, context)
  return value
}

const SECONDS = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/
const MICROS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$/
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

function decodeString(schema: Schema, value: string, path: string): string {
  switch (schema.format) {
    case 'date-time':
      if (!SECONDS.test(value) || Number.isNaN(Date.parse(value)))
        throw timeError(value, '2006-01-02T15:04:05Z07:00')
      return `${new Date(value).toISOString().slice(0, 19)}Z`
    case 'micro-time':
      if (!MICROS.test(value) || Number.isNaN(Date.parse(value)))
        throw timeError(value, '2006-01-02T15:04:05.000000Z07:00')
      return value
    case 'byte':
      if (!BASE64.test(value.replaceAll(/[\r\n]/g, '')))
        throw new DecodeError(`illegal base64 data in ${path}`)
      return value.replaceAll(/[\r\n]/g, '')
    default:
      return value
  }
}

function timeError(value: string, layout: string): DecodeError {
  const rest = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(.*)$/.exec(value)?.[1] ?? value
  const wanted = layout.includes('.') && rest !== value ? '.000000' : layout
  return new DecodeError(`parsing time "${value}" as "${layout}": cannot parse "${rest}" as "${wanted}"`)
}

function expectType<T>(
  check: (value: unknown) => value is T,
  value: unknown,
  goType: string,
  path: string,
  context: DecodeContext,
): T {
  if (check(value)) return value
  throw wrongGoType(value, goType, path, context)
}

function wrongGoType(value: unknown, goType: string, path: string, { kind }: DecodeContext): DecodeError {
  const found = jsonType(value)
  const what =
    found === 'integer' || found === 'number'
      ? `number${goType.startsWith('int') ? ` ${value}` : ''}`
      : goKind(found)
  const field = path.replaceAll(/\[\d+\]/g, '')
  return new DecodeError(
    `json: cannot unmarshal ${what} into Go struct field ${kind}.${field} of type ${goType}`,
  )
}

function goKind(found: string): string {
  return found === 'boolean' ? 'bool' : found
}

const isString = (value: unknown): value is string => typeof value === 'string'
const isNumber = (value: unknown): value is number => typeof value === 'number'
const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean'

/** Puts a decoding fault in the words of a handler. */
export function cannotBeHandled(kind: string, version: string, why: string): Error {
  return badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${why}`)
}
