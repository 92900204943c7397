/**
 * The OpenAPI v2 document over all groups: what kubectl before 1.27 validates and explains with.
 */
import type { KindRegistry } from '../kinds/registry.ts'
import { REFERENCE_PREFIX } from './catalog.ts'
import { definitionsFor } from './definitions.ts'
import { type Operation, pathsOf } from './operations.ts'
import type { Schema } from './schema.ts'

export interface SchemaV2 {
  readonly $ref?: string
  readonly description?: string
  readonly type?: string
  readonly format?: string
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, SchemaV2>>
  readonly additionalProperties?: SchemaV2
  readonly items?: SchemaV2
  readonly enum?: readonly unknown[]
  readonly default?: unknown
  readonly [extension: `x-${string}`]: unknown
}

export interface ParameterV2 {
  readonly name: string
  readonly in: 'path' | 'query' | 'body'
  readonly type?: string
  readonly required?: boolean
  readonly schema?: SchemaV2
}

export interface OperationV2 {
  readonly operationId: string
  readonly description: string
  readonly consumes: readonly string[]
  readonly produces: readonly string[]
  readonly parameters: readonly ParameterV2[]
  readonly responses: Readonly<Record<string, { readonly description: string; readonly schema: SchemaV2 }>>
  readonly 'x-kubernetes-action': string
  readonly 'x-kubernetes-group-version-kind': unknown
}

export interface DocumentV2 {
  readonly swagger: '2.0'
  readonly info: { readonly title: string; readonly version: string }
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationV2 | readonly ParameterV2[]>>>>
  readonly definitions: Readonly<Record<string, SchemaV2>>
}

export function documentV2(kinds: KindRegistry): DocumentV2 {
  const resources = [...kinds.groups()].flatMap(([group, versions]) =>
    versions.flatMap((version) => kinds.inVersion(group, version)),
  )
  const definitions = definitionsFor(resources)
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version: 'v1.32.4' },
    paths: Object.fromEntries(
      resources.flatMap(pathsOf).map(({ path, parameters, operations }) => [
        path,
        {
          ...Object.fromEntries(operations.map((operation) => [operation.method, operationV2(operation)])),
          parameters: parameters.map(
            (name): ParameterV2 => ({ name, in: 'path', type: 'string', required: true }),
          ),
        },
      ]),
    ),
    definitions: Object.fromEntries(
      Object.entries(definitions).map(([name, schema]) => [name, toV2(schema)]),
    ),
  }
}

function operationV2(operation: Operation): OperationV2 {
  const query = operation.query.map(([name, type]): ParameterV2 => ({ name, in: 'query', type }))
  const body: ParameterV2[] =
    operation.consumes.length === 0
      ? []
      : [
          {
            name: 'body',
            in: 'body',
            required: true,
            schema:
              operation.body === undefined ? { type: 'object' } : { $ref: `#/definitions/${operation.body}` },
          },
        ]
  return {
    operationId: operation.id,
    description: operation.description,
    consumes: operation.consumes.length === 0 ? ['*/*'] : operation.consumes,
    produces: ['application/json'],
    parameters: [...query, ...body],
    responses: { 200: { description: 'OK', schema: { $ref: `#/definitions/${operation.answer}` } } },
    'x-kubernetes-action': operation.action,
    'x-kubernetes-group-version-kind': operation.gvk,
  }
}

const KEPT = [
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-map-type',
  'x-kubernetes-patch-strategy',
  'x-kubernetes-patch-merge-key',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-embedded-resource',
  'x-kubernetes-group-version-kind',
] as const

/** The part of a schema that v2 can say; clients treat what is without a type as anything. */
export function toV2(schema: Schema): SchemaV2 {
  const { $ref, description, type, format, required, properties, additionalProperties, items } = schema
  const extensions = Object.fromEntries(
    KEPT.flatMap((key) => (schema[key] === undefined ? [] : [[key, schema[key]]])),
  )
  const preserves = schema['x-kubernetes-preserve-unknown-fields'] === true && type === 'object'
  return {
    ...($ref === undefined ? {} : { $ref: `#/definitions/${$ref.slice(REFERENCE_PREFIX.length)}` }),
    ...(description === undefined ? {} : { description }),
    ...typeV2(schema, type, format),
    ...(required === undefined ? {} : { required }),
    // Clients would refuse fields that are not listed, so an open object lists none.
    ...(properties === undefined || preserves
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(properties).map(([key, value]) => [key, toV2(value)]),
          ),
        }),
    ...(typeof additionalProperties === 'object' ? { additionalProperties: toV2(additionalProperties) } : {}),
    ...(items === undefined ? {} : { items: toV2(items) }),
    ...extensions,
  }
}

function typeV2(schema: Schema, type: string | undefined, format: string | undefined): object {
  if (schema['x-kubernetes-int-or-string'] === true) {
    return format === 'quantity' ? { type: 'string' } : { type: 'string', format: 'int-or-string' }
  }
  return {
    ...(type === undefined ? {} : { type }),
    ...(format === undefined ? {} : { format: format === 'micro-time' ? 'date-time' : format }),
  }
}
