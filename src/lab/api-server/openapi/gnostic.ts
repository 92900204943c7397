/**
 * The OpenAPI v2 document as protobuf (gnostic's OpenAPIv2.proto), the only form older kubectl asks for.
 */
import { booleanField, type Encoded, messageField, stringField } from '../protobuf/wire-writer.ts'
import type { DocumentV2, OperationV2, ParameterV2, SchemaV2 } from './document-v2.ts'

/** Field numbers are those of the messages in OpenAPIv2.proto. */
export function encodeDocument(document: DocumentV2): Buffer {
  const { info, paths, definitions } = document
  return Buffer.concat([
    stringField(1, document.swagger),
    messageField(2, [stringField(1, info.title), stringField(2, info.version)]),
    messageField(
      8,
      Object.entries(paths).map(([path, item]) => named(2, path, pathItem(item))),
    ),
    messageField(
      9,
      Object.entries(definitions).map(([name, schema]) => named(1, name, encodeSchema(schema))),
    ),
  ])
}

/** A name and a message: how gnostic writes maps. */
function named(number: number, name: string, value: readonly Encoded[]): Encoded {
  return messageField(number, [stringField(1, name), messageField(2, value)])
}

const METHODS = { get: 2, put: 3, post: 4, delete: 5, patch: 8 } as const

function pathItem(item: DocumentV2['paths'][string]): Encoded[] {
  const operations = Object.entries(METHODS).flatMap(([method, number]) => {
    const operation = item[method]
    return operation === undefined || !('operationId' in operation)
      ? []
      : [messageField(number, encodeOperation(operation))]
  })
  const parameters = (item['parameters'] ?? []) as readonly ParameterV2[]
  return [...operations, ...parameters.map((parameter) => messageField(9, encodeParameter(parameter)))]
}

function encodeOperation(operation: OperationV2): Encoded[] {
  const responses = Object.entries(operation.responses).map(([code, { description, schema }]) => {
    const response = [stringField(1, description), messageField(2, [messageField(1, encodeSchema(schema))])]
    return named(1, code, [messageField(1, response)])
  })
  return [
    stringField(3, operation.description),
    stringField(5, operation.operationId),
    ...operation.produces.map((type) => stringField(6, type)),
    ...operation.consumes.map((type) => stringField(7, type)),
    ...operation.parameters.map((parameter) => messageField(8, encodeParameter(parameter))),
    messageField(9, responses),
    ...extensions(operation, 13),
  ]
}

/** ParametersItem{parameter{body | nonBody{query | path}}}. */
function encodeParameter(parameter: ParameterV2): Encoded[] {
  return [messageField(1, [parameter.in === 'body' ? bodyParameter(parameter) : plainParameter(parameter)])]
}

function bodyParameter({ name, required, schema = {} }: ParameterV2): Encoded {
  return messageField(1, [
    stringField(2, name),
    stringField(3, 'body'),
    booleanField(4, required),
    messageField(5, encodeSchema(schema)),
  ])
}

function plainParameter({ name, required, type, in: place }: ParameterV2): Encoded {
  const common = [booleanField(1, required), stringField(2, place), stringField(4, name)]
  if (place === 'path') return messageField(2, [messageField(4, [...common, stringField(5, type)])])
  return messageField(2, [messageField(3, [...common, stringField(6, type)])])
}

function encodeSchema(schema: SchemaV2): Encoded[] {
  const { properties, additionalProperties, items } = schema
  return [
    stringField(1, schema.$ref),
    stringField(2, schema.format),
    stringField(4, schema.description),
    ...(schema.required ?? []).map((name) => stringField(19, name)),
    ...(additionalProperties === undefined
      ? []
      : [messageField(21, [messageField(1, encodeSchema(additionalProperties))])]),
    ...(schema.type === undefined ? [] : [messageField(22, [stringField(1, schema.type)])]),
    ...(items === undefined ? [] : [messageField(23, [messageField(1, encodeSchema(items))])]),
    ...(properties === undefined
      ? []
      : [
          messageField(
            25,
            Object.entries(properties).map(([name, value]) => named(1, name, encodeSchema(value))),
          ),
        ]),
    ...extensions(schema, 31),
  ]
}

/** Extensions are given as YAML text, and JSON is YAML. */
function extensions(holder: object, number: number): Encoded[] {
  return Object.entries(holder)
    .filter(([key]) => key.startsWith('x-'))
    .map(([key, value]) => named(number, key, [stringField(2, `${JSON.stringify(value)}\n`)]))
}
