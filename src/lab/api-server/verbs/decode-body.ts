/**
 * From a request body to a draft of the kind the path names: version and kind agree, unknown fields are gone, types are right.
 */
import { type ApiObject, joinApiVersion } from '../api-object.ts'
import { badRequest } from '../errors.ts'
import { isObject, type JsonObject, stringAt } from '../json/access.ts'
import { apiVersionOf, type ServedResource } from '../kinds/resource-definition.ts'
import { OBJECT_META, reference, resolveReference } from '../openapi/catalog.ts'
import { OPEN, type Schema } from '../openapi/schema.ts'
import { prune } from '../validation/prune.ts'
import { cannotBeHandled, DecodeError, decodeTyped } from '../validation/typed-decoder.ts'
import type { WriteOptions } from './deps.ts'

export interface Body {
  readonly value: JsonObject
  /** Paths of keys given twice. */
  readonly duplicates: readonly string[]
}

/** The draft; throws BadRequest. */
export function decodeBody(served: ServedResource, body: Body, options: WriteOptions): ApiObject {
  checkKind(served, body.value)
  const unknown: string[] = []
  const { kind } = served.definition
  try {
    const decoded = decode(served, body.value, unknown)
    const { metadata } = decoded
    const draft = {
      ...decoded,
      apiVersion: apiVersionOf(served),
      kind,
      metadata: isObject(metadata) ? metadata : {},
    }
    reportStrict(served, body.duplicates, unknown, options)
    return draft
  } catch (error) {
    if (error instanceof DecodeError) throw cannotBeHandled(kind, served.version.version, error.message)
    throw error
  }
}

function decode(served: ServedResource, value: JsonObject, unknown: string[]): JsonObject {
  const schema = served.version.schema ?? OPEN
  const { kind, builtin } = served.definition
  if (builtin) return decodeTyped(schema, value, resolveReference, kind, unknown)
  const { metadata, ...rest } = value
  const meta = decodeTyped(ROOT_META, { metadata: metadata ?? {} }, resolveReference, kind, unknown)
  prune(schema, rest, '', resolveReference, unknown)
  return { ...rest, ...meta }
}

/** Only metadata: the rest of a custom resource is checked by its own schema. */
const ROOT_META: Schema = { type: 'object', properties: { metadata: reference(OBJECT_META) } }

function checkKind(served: ServedResource, value: JsonObject): void {
  const { apiVersion, kind } = value
  const expected = apiVersionOf(served)
  if (apiVersion !== undefined && apiVersion !== '' && apiVersion !== expected) {
    throw badRequest(
      `the API version in the data (${String(apiVersion)}) does not match the expected API version (${expected})`,
    )
  }
  if (kind !== undefined && kind !== '' && kind !== served.definition.kind) {
    throw badRequest(`${describeKind(apiVersion, kind)} cannot be handled as a ${served.definition.kind}`)
  }
}

function describeKind(apiVersion: unknown, kind: unknown): string {
  return `${String(kind)} in version "${stringAt(apiVersion) ?? joinApiVersion('', String(apiVersion ?? ''))}"`
}

/** Unknown and duplicate fields: refused, warned about, or passed over. */
function reportStrict(
  served: ServedResource,
  duplicates: readonly string[],
  unknown: readonly string[],
  options: WriteOptions,
): void {
  const faults = [
    ...unknown.map((field) => `unknown field "${field}"`),
    ...duplicates.map((field) => `duplicate field "${field}"`),
  ]
  if (faults.length === 0 || options.fieldValidation === 'Ignore') return
  if (options.fieldValidation === 'Warn') {
    for (const fault of faults) options.warn(fault)
    return
  }
  const why = `strict decoding error: ${faults.join(', ')}`
  throw cannotBeHandled(served.definition.kind, served.version.version, why)
}
