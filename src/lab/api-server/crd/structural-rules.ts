/**
 * The rules that make a CRD schema structural: types everywhere, no references, list and map keys that fit.
 */
import { isObject, type JsonObject, objectAt, stringAt, stringsAt } from '../json/access.ts'
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../validation/field-error.ts'

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string']

/** Faults of a schema at `path`. */
export function checkStructural(schema: JsonObject, path: string, root = false): FieldError[] {
  return [
    ...checkOwnType(schema, path, root),
    ...checkForbidden(schema, path),
    ...checkPattern(schema, path),
    ...checkListType(schema, path),
    ...checkMembers(schema, path),
  ]
}

function checkOwnType(schema: JsonObject, path: string, root: boolean): FieldError[] {
  const type = stringAt(schema, 'type') ?? ''
  if (type === '') {
    const free =
      schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true
    return free && !root
      ? []
      : [
          required(
            `${path}.type`,
            root ? 'must not be empty at the root' : 'must not be empty for specified object fields',
          ),
        ]
  }
  if (!TYPES.includes(type)) return [notSupported(`${path}.type`, type, TYPES)]
  if (root && type !== 'object') return [invalidValue(`${path}.type`, type, 'must be object at the root')]
  return []
}

const FORBIDDEN = ['$ref', 'definitions', 'dependencies', 'id', 'patternProperties', 'additionalItems']

function checkForbidden(schema: JsonObject, path: string): FieldError[] {
  const faults = FORBIDDEN.filter((key) => schema[key] !== undefined).map((key) =>
    forbiddenField(`${path}.${key}`, `${key} is not supported`),
  )
  if (schema['uniqueItems'] === true) {
    faults.push(
      forbiddenField(
        `${path}.uniqueItems`,
        'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
      ),
    )
  }
  if (schema['properties'] !== undefined && isObject(schema['additionalProperties'])) {
    faults.push(
      forbiddenField(
        `${path}.additionalProperties`,
        'additionalProperties and properties are mutual exclusive',
      ),
    )
  }
  return faults
}

function checkPattern(schema: JsonObject, path: string): FieldError[] {
  const pattern = stringAt(schema, 'pattern')
  if (pattern === undefined) return []
  try {
    new RegExp(pattern.replace(/^\(\?i\)/, ''))
    return []
  } catch (error) {
    return [
      invalidValue(
        `${path}.pattern`,
        pattern,
        `must be a valid regular expression, but isn't: ${String(error)}`,
      ),
    ]
  }
}

function checkListType(schema: JsonObject, path: string): FieldError[] {
  const type = stringAt(schema, 'x-kubernetes-list-type')
  const keys = stringsAt(schema, 'x-kubernetes-list-map-keys')
  if (type === undefined) return []
  if (stringAt(schema, 'type') !== 'array')
    return [
      invalidValue(`${path}.type`, schema['type'] ?? '', 'must be array if x-kubernetes-list-type is set'),
    ]
  if (!['atomic', 'set', 'map'].includes(type)) {
    return [notSupported(`${path}.x-kubernetes-list-type`, type, ['atomic', 'set', 'map'])]
  }
  if (type !== 'map') return []
  if (keys.length === 0) {
    return [
      required(`${path}.x-kubernetes-list-map-keys`, 'must not be empty if x-kubernetes-list-type is map'),
    ]
  }
  return keys
    .filter((key) => objectAt(schema, 'items', 'properties', key) === undefined)
    .map((key) =>
      invalidValue(
        `${path}.x-kubernetes-list-map-keys`,
        keys,
        `entries must all be names of item properties: ${key}`,
      ),
    )
}

function checkMembers(schema: JsonObject, path: string): FieldError[] {
  const faults = Object.entries(objectAt(schema, 'properties') ?? {}).flatMap(([key, member]) =>
    isObject(member) ? checkStructural(member, `${path}.properties[${key}]`) : [],
  )
  for (const key of ['items', 'additionalProperties'] as const) {
    const member = schema[key]
    if (isObject(member)) faults.push(...checkStructural(member, `${path}.${key}`))
  }
  if (stringAt(schema, 'type') === 'array' && !isObject(schema['items'])) {
    faults.push(required(`${path}.items`, 'must be specified'))
  }
  return faults
}
