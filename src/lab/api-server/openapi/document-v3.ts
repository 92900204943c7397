/**
 * OpenAPI v3 documents, one a group and version.
 */
import type { ServedResource } from '../kinds/resource-definition.ts'
import { reference } from './catalog.ts'
import { definitionsFor } from './definitions.ts'
import { type Operation, pathsOf } from './operations.ts'
import type { Schema } from './schema.ts'

/** The document of one group and version. */
export function documentV3(resources: readonly ServedResource[]): object {
  const definitions = definitionsFor(resources)
  const paths = resources.flatMap(pathsOf).map(({ path, parameters, operations }) => [
    path,
    {
      ...Object.fromEntries(operations.map((operation) => [operation.method, operationV3(operation)])),
      parameters: parameters.map((name) => ({
        name,
        in: 'path',
        required: true,
        schema: { type: 'string', uniqueItems: true },
      })),
    },
  ])
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1.32.4' },
    paths: Object.fromEntries(paths),
    components: {
      schemas: Object.fromEntries(Object.entries(definitions).map(([name, schema]) => [name, toV3(schema)])),
    },
  }
}

function operationV3(operation: Operation): object {
  const answer = {
    description: 'OK',
    content: { 'application/json': { schema: reference(operation.answer) } },
  }
  return {
    operationId: operation.id,
    description: operation.description,
    parameters: operation.query.map(([name, type]) => ({
      name,
      in: 'query',
      schema: { type, uniqueItems: true },
    })),
    ...(operation.consumes.length === 0 ? {} : { requestBody: requestBody(operation) }),
    responses: { 200: answer },
    'x-kubernetes-action': operation.action,
    'x-kubernetes-group-version-kind': operation.gvk,
  }
}

function requestBody({ consumes, body }: Operation): object {
  const schema = body === undefined ? { type: 'object' } : reference(body)
  return { content: Object.fromEntries(consumes.map((type) => [type, { schema }])), required: true }
}

/** References with siblings go into allOf, and values of any of several types into oneOf. */
export function toV3(schema: Schema): object {
  const { $ref, properties, additionalProperties, items, allOf, anyOf, oneOf, not, ...own } = schema
  return {
    ...publicFields(own),
    ...($ref === undefined ? {} : Object.keys(own).length === 0 ? { $ref } : { allOf: [{ $ref }] }),
    ...(properties === undefined ? {} : { properties: mapValues(properties) }),
    ...(additionalProperties === undefined
      ? {}
      : {
          additionalProperties:
            typeof additionalProperties === 'boolean' ? additionalProperties : toV3(additionalProperties),
        }),
    ...(items === undefined ? {} : { items: toV3(items) }),
    ...(allOf === undefined ? {} : { allOf: allOf.map(toV3) }),
    ...(anyOf === undefined ? {} : { anyOf: anyOf.map(toV3) }),
    ...(oneOf === undefined ? {} : { oneOf: oneOf.map(toV3) }),
    ...(not === undefined ? {} : { not: toV3(not) }),
  }
}

function mapValues(properties: Readonly<Record<string, Schema>>): object {
  return Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, toV3(value)]))
}

/** Formats that only our decoder knows are shown as Kubernetes shows them. */
function publicFields(own: Schema): object {
  if (own['x-kubernetes-int-or-string'] === true) {
    const { format: _, 'x-kubernetes-int-or-string': intOrString, ...rest } = own
    if (own.format === 'quantity') return { ...rest, type: 'string' }
    return {
      ...rest,
      format: 'int-or-string',
      oneOf: [{ type: 'integer' }, { type: 'string' }],
      'x-kubernetes-int-or-string': intOrString,
    }
  }
  return own.format === 'micro-time' ? { ...own, format: 'date-time' } : own
}
