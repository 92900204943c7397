/**
 * From a CustomResourceDefinition object to a served resource.
 */
import type { ApiObject } from '../api-object.ts'
import { type JsonObject, objectAt, objectsAt, stringAt, stringsAt, valueAt } from '../json/access.ts'
import {
  ALL_VERBS,
  type PrinterColumn,
  type ResourceDefinition,
  type ResourceVersion,
  type ScalePaths,
} from '../kinds/resource-definition.ts'
import { OBJECT_META, reference } from '../openapi/catalog.ts'
import type { Schema } from '../openapi/schema.ts'

/** The resource a stored CRD describes. */
export function definitionFromCrd(crd: ApiObject): ResourceDefinition {
  const group = stringAt(crd, 'spec', 'group') ?? ''
  const kind = stringAt(crd, 'spec', 'names', 'kind') ?? ''
  const resource = stringAt(crd, 'spec', 'names', 'plural') ?? ''
  const rows = objectsAt(crd, 'spec', 'versions')
  const preserve = valueAt(crd, 'spec', 'preserveUnknownFields') === true
  return {
    group,
    resource,
    kind,
    singular: stringAt(crd, 'spec', 'names', 'singular') || kind.toLowerCase(),
    listKind: stringAt(crd, 'spec', 'names', 'listKind') || `${kind}List`,
    namespaced: stringAt(crd, 'spec', 'scope') === 'Namespaced',
    shortNames: stringsAt(crd, 'spec', 'names', 'shortNames'),
    categories: stringsAt(crd, 'spec', 'names', 'categories'),
    verbs: ALL_VERBS,
    subresources: [],
    builtin: false,
    bucket: `${group}/${resource}`,
    storageVersion: storageVersion(rows),
    strategy: { countsGenerations: true, needsResourceVersion: true },
    versions: rows.map((row) => toVersion(row, group, kind, preserve)),
  }
}

function storageVersion(rows: readonly JsonObject[]): string {
  return stringAt(rows.find((row) => row['storage'] === true) ?? rows[0], 'name') ?? ''
}

function toVersion(row: JsonObject, group: string, kind: string, preserve: boolean): ResourceVersion {
  const version = stringAt(row, 'name') ?? ''
  return {
    version,
    served: row['served'] === true,
    schemaName: schemaName(group, version, kind),
    schema: rootSchema(row, { group, version, kind }, preserve),
    status: objectAt(row, 'subresources', 'status') !== undefined,
    scale: toScale(objectAt(row, 'subresources', 'scale')),
    columns: objectsAt(row, 'additionalPrinterColumns') as unknown as PrinterColumn[],
  }
}

/** `example.com`, v1, Foo -> `com.example.v1.Foo`, as kube-apiserver names it. */
function schemaName(group: string, version: string, kind: string): string {
  return [...group.split('.').reverse(), version, kind].join('.')
}

/** The schema with the fields every object has. */
function rootSchema(
  row: JsonObject,
  gvk: { group: string; version: string; kind: string },
  preserve: boolean,
): Schema {
  const given = (objectAt(row, 'schema', 'openAPIV3Schema') ?? { type: 'object' }) as Schema
  return {
    ...given,
    type: 'object',
    ...(preserve ? { 'x-kubernetes-preserve-unknown-fields': true } : {}),
    properties: {
      ...given.properties,
      apiVersion: {
        type: 'string',
        description: 'APIVersion defines the versioned schema of this representation of an object.',
      },
      kind: {
        type: 'string',
        description: 'Kind is a string value representing the REST resource this object represents.',
      },
      metadata: reference(OBJECT_META),
    },
    'x-kubernetes-group-version-kind': [gvk],
  }
}

function toScale(scale: JsonObject | undefined): ScalePaths | undefined {
  const specReplicas = splitPath(stringAt(scale, 'specReplicasPath'))
  const statusReplicas = splitPath(stringAt(scale, 'statusReplicasPath'))
  if (specReplicas === undefined || statusReplicas === undefined) return undefined
  return { specReplicas, statusReplicas, labelSelector: splitPath(stringAt(scale, 'labelSelectorPath')) }
}

function splitPath(path: string | undefined): string[] | undefined {
  return path?.split('.').filter((part) => part !== '')
}
