/**
 * The definitions a document of one group and version needs: its kinds, their lists, and whatever these refer to.
 */
import { apiVersionOf, type ServedResource } from '../kinds/resource-definition.ts'
import { definition, REFERENCE_PREFIX, reference } from './catalog.ts'
import type { Schema } from './schema.ts'

export const STATUS = 'io.k8s.apimachinery.pkg.apis.meta.v1.Status'
export const DELETE_OPTIONS = 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions'
const LIST_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta'
/** Kinds that resources of any group refer to. */
const SHARED = [
  STATUS,
  DELETE_OPTIONS,
  'io.k8s.api.autoscaling.v1.Scale',
  'io.k8s.api.policy.v1.Eviction',
  'io.k8s.api.authentication.v1.TokenRequest',
]

/** Definitions by name, closed under references. */
export function definitionsFor(resources: readonly ServedResource[]): Record<string, Schema> {
  const found: Record<string, Schema> = {}
  for (const served of resources) {
    found[served.version.schemaName] = served.version.schema ?? { type: 'object' }
    found[listName(served)] = listSchema(served)
  }
  const pending = [...SHARED, LIST_META, ...Object.values(found).flatMap(referencesOf)]
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const schema = found[name] ?? definition(name)
    if (schema === undefined || found[name] !== undefined) continue
    found[name] = schema
    pending.push(...referencesOf(schema))
  }
  return Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)))
}

export function listName({ version, definition: { listKind, kind } }: ServedResource): string {
  return `${version.schemaName.slice(0, -kind.length)}${listKind}`
}

function listSchema(served: ServedResource): Schema {
  const { kind, listKind, group } = served.definition
  return {
    description: `${listKind} is a list of ${kind}`,
    type: 'object',
    required: ['items'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: reference(LIST_META),
      items: { type: 'array', items: reference(served.version.schemaName) },
    },
    'x-kubernetes-group-version-kind': [{ group, kind: listKind, version: served.version.version }],
  }
}

/** Names that a schema refers to, anywhere inside. */
function referencesOf(schema: Schema): string[] {
  const names: string[] = []
  JSON.stringify(schema, (key, value: unknown) => {
    if (key === '$ref' && typeof value === 'string') names.push(value.slice(REFERENCE_PREFIX.length))
    return value
  })
  return names
}

/** The group, version and kind of a resource, as extensions name it. */
export function gvkOf(served: ServedResource): { group: string; version: string; kind: string } {
  return { group: served.definition.group, version: served.version.version, kind: served.definition.kind }
}

/** The path of a resource's group and version: `/api/v1`, `/apis/apps/v1`. */
export function rootPath(served: ServedResource): string {
  return `${served.definition.group === '' ? '/api' : '/apis'}/${apiVersionOf(served)}`
}
