/**
 * Going over from client-side to server-side apply: what kubectl noted in its annotation it may take without a conflict.
 */
import type { ApiObject } from '../api-object.ts'
import { isObject } from '../json/access.ts'
import { resolveReference } from '../openapi/catalog.ts'
import type { Schema } from '../openapi/schema.ts'
import { FieldSet } from './field-set.ts'
import { fieldsOf } from './field-walk.ts'
import { type Ownership, ownableContent } from './managed-fields.ts'

const ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration'

/** Only kubectl itself goes over this way. */
const MANAGER = 'kubectl'

/** The fields of the live object's last-applied configuration, when `own` is kubectl's. */
export function upgradedFields(live: ApiObject, own: Ownership, schema: Schema): FieldSet {
  const text = live.metadata.annotations?.[ANNOTATION]
  if (own.manager !== MANAGER || text === undefined) return new FieldSet()
  const config = parseObject(text)
  return config === undefined ? new FieldSet() : fieldsOf(ownableContent(config), schema, resolveReference)
}

/** Anybody may have written the annotation: text that is no object counts as none. */
function parseObject(text: string): ApiObject | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (!isObject(value)) return undefined
    const metadata = isObject(value['metadata']) ? value['metadata'] : {}
    return { apiVersion: '', kind: '', ...value, metadata }
  } catch {
    return undefined
  }
}

/** Keeps the annotation true, so that going back to client-side apply works. */
export function refreshLastApplied(next: ApiObject, config: ApiObject, own: Ownership): void {
  const { annotations } = next.metadata
  if (own.manager !== MANAGER || own.subresource !== '' || annotations?.[ANNOTATION] === undefined) return
  const { managedFields: _, ...metadata } = config.metadata
  annotations[ANNOTATION] = `${JSON.stringify({ ...config, metadata })}\n`
}
