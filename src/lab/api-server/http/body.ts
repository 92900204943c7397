/**
 * Reading request bodies: bounded; JSON, YAML or protobuf.
 */
import type { IncomingMessage } from 'node:http'
import { parse as parseYaml } from 'yaml'
import { badRequest, tooLarge, unsupportedMediaType } from '../errors.ts'
import { isObject } from '../json/access.ts'
import { duplicateKeys } from '../json/duplicate-keys.ts'
import { MAX_BODY_BYTES, MAX_JSON_DEPTH } from '../limits.ts'
import { decodeEnvelope } from '../protobuf/kubernetes-decoder.ts'
import { WireError } from '../protobuf/wire-reader.ts'
import type { Body } from '../verbs/decode-body.ts'
import type { FieldValidation } from '../verbs/deps.ts'

/** The whole body. */
async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > MAX_BODY_BYTES) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** The whole body as text. */
export async function readText(request: IncomingMessage): Promise<string> {
  return (await readBytes(request)).toString('utf8')
}

/** The media type without parameters. */
export function mediaType(request: IncomingMessage): string {
  return (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
}

const PROTOBUF = 'application/vnd.kubernetes.protobuf'
const OBJECT_TYPES = ['application/json', 'application/yaml', PROTOBUF]

/** The body as one object. An empty body is undefined. */
export async function readBody(
  request: IncomingMessage,
  validation: FieldValidation,
): Promise<Body | undefined> {
  const type = mediaType(request)
  if (type === PROTOBUF) return parseProtobuf(await readBytes(request))
  if (type !== '' && !OBJECT_TYPES.includes(type)) throw unsupportedMediaType(OBJECT_TYPES)
  const text = await readText(request)
  return text.trim() === '' ? undefined : parseObject(text, type === 'application/yaml', validation)
}

function parseProtobuf(data: Buffer): Body | undefined {
  if (data.length === 0) return undefined
  try {
    const value = decodeEnvelope(data)
    if (value === undefined) throw unsupportedMediaType(OBJECT_TYPES.slice(0, 2))
    return { value, duplicates: [] }
  } catch (error) {
    if (error instanceof WireError) throw badRequest(`cannot read the protobuf body: ${error.message}`)
    throw error
  }
}

/** Parses text that must hold one object. */
export function parseObject(text: string, yaml: boolean, validation: FieldValidation): Body {
  const value = parseValue(text, yaml)
  if (!isObject(value))
    throw badRequest("couldn't get version/kind; json parse error: body must be an object")
  const duplicates = validation === 'Ignore' || yaml ? [] : duplicateKeys(text)
  return { value, duplicates }
}

/** Parses JSON, or YAML when asked (JSON being YAML, JSON is tried first). */
export function parseValue(text: string, yaml: boolean): unknown {
  try {
    const value: unknown = JSON.parse(text)
    checkDepth(value, 0)
    return value
  } catch (error) {
    if (yaml) return parseYamlValue(text)
    if (error instanceof SyntaxError)
      throw badRequest(`couldn't get version/kind; json parse error: ${error.message}`)
    throw error
  }
}

/** Aliases are bounded so that a small document cannot unfold into a huge one. */
function parseYamlValue(text: string): unknown {
  try {
    const value: unknown = parseYaml(text, { maxAliasCount: 100 })
    checkDepth(value, 0)
    return value
  } catch (error) {
    throw badRequest(
      `error converting YAML to JSON: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}

function checkDepth(value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null) return
  if (depth > MAX_JSON_DEPTH) throw badRequest(`the body is nested more than ${MAX_JSON_DEPTH} levels deep`)
  for (const item of Object.values(value)) checkDepth(item, depth + 1)
}
