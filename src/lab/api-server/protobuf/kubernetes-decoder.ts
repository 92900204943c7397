/**
 * Objects as Go clients send them: protobuf in the envelope `k8s\0`, turned into the JSON Kubernetes would have made of them.
 */
import generated from '../generated/protobuf.json' with { type: 'json' }
import { isObject, type JsonObject } from '../json/access.ts'
import { readFields, WireError, type WireField } from './wire-reader.ts'

const MAGIC = Buffer.from('k8s\0')

/** Message name to field number to `jsonName type`; `!` after the name keeps zero values, an empty name inlines. */
const messages = generated as unknown as Readonly<Record<string, Readonly<Record<string, string>>>>

const PACKAGES: Readonly<Record<string, string>> = {
  '': 'core',
  apps: 'apps',
  autoscaling: 'autoscaling',
  batch: 'batch',
  'discovery.k8s.io': 'discovery',
  'coordination.k8s.io': 'coordination',
  'events.k8s.io': 'events',
  policy: 'policy',
  'networking.k8s.io': 'networking',
  'rbac.authorization.k8s.io': 'rbac',
  'authorization.k8s.io': 'authorization',
  'authentication.k8s.io': 'authentication',
}

interface FieldType {
  readonly json: string
  readonly keepZero: boolean
  readonly shape: 'one' | 'list' | 'map'
  readonly pointer: boolean
  readonly type: string
}

/** The object in the envelope. Throws WireError; undefined when this kind is not known in protobuf. */
export function decodeEnvelope(data: Buffer): JsonObject | undefined {
  if (!data.subarray(0, 4).equals(MAGIC))
    throw new WireError('the body does not begin with the protobuf prefix')
  const envelope = fieldMap(data.subarray(4))
  const meta = fieldMap(envelope.get(1) ?? Buffer.alloc(0))
  const apiVersion = meta.get(1)?.toString() ?? ''
  const kind = meta.get(2)?.toString() ?? ''
  const message = messageOf(apiVersion, kind)
  if (message === undefined) return undefined
  return { apiVersion, kind, ...decodeMessage(message, envelope.get(2) ?? Buffer.alloc(0)) }
}

function messageOf(apiVersion: string, kind: string): string | undefined {
  if (kind === 'DeleteOptions') return 'meta.DeleteOptions'
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
  const name = `${PACKAGES[group ?? '']}.${kind}`
  return version === 'v1' && Object.hasOwn(messages, name) ? name : undefined
}

function fieldMap(data: Buffer): Map<number, Buffer> {
  const found = new Map<number, Buffer>()
  for (const field of readFields(data)) if (field.kind === 'bytes') found.set(field.number, field.value)
  return found
}

function decodeMessage(name: string, data: Buffer): JsonObject {
  const fields = messages[name] ?? {}
  const result: JsonObject = {}
  for (const field of readFields(data)) {
    const text = fields[String(field.number)]
    if (text !== undefined) addField(result, parseType(text), field)
  }
  return result
}

function parseType(text: string): FieldType {
  const space = text.indexOf(' ')
  const name = text.slice(0, space)
  const type = text.slice(space + 1)
  const keepZero = name.endsWith('!')
  const pointer = type.startsWith('*')
  // []byte is one value, and so is the only list that is not repeated.
  const shape = type.startsWith('map ') ? 'map' : type.startsWith('[]') && type !== '[]byte' ? 'list' : 'one'
  const inner = type.replace(/^\*|^map |^\[\](?!byte)/, '')
  return { json: keepZero ? name.slice(0, -1) : name, keepZero, shape, pointer, type: inner }
}

function addField(result: JsonObject, type: FieldType, field: WireField): void {
  if (type.json === '') {
    if (field.kind === 'bytes') Object.assign(result, decodeMessage(type.type, field.value))
    return
  }
  if (type.shape === 'map') {
    addEntry(result, type, field)
    return
  }
  const value = decodeValue(type.type, field)
  if (type.shape === 'list') {
    const list = result[type.json]
    if (Array.isArray(list)) list.push(value)
    else result[type.json] = [value]
  } else if (type.pointer || type.keepZero || !isZero(value)) result[type.json] = value
}

function addEntry(result: JsonObject, type: FieldType, field: WireField): void {
  if (field.kind !== 'bytes') return
  let key = ''
  let value: unknown = type.type === 'string' || type.type === '[]byte' ? '' : {}
  for (const part of readFields(field.value)) {
    if (part.number === 1 && part.kind === 'bytes') key = part.value.toString()
    else if (part.number === 2) value = decodeValue(type.type, part)
  }
  const present = result[type.json]
  const map = isObject(present) ? present : {}
  map[key] = value
  result[type.json] = map
}

function isZero(value: unknown): boolean {
  return value === '' || value === 0 || value === false || value === null || value === undefined
}

function decodeValue(type: string, field: WireField): unknown {
  if (field.kind === 'varint') return decodeNumber(type, field.value)
  if (field.kind === 'fixed')
    return field.value.length === 8 ? field.value.readDoubleLE() : field.value.readFloatLE()
  const special = SPECIAL[type]
  if (special !== undefined) return special(field.value)
  return type.includes('.') ? decodeMessage(type, field.value) : field.value.toString()
}

function decodeNumber(type: string, value: bigint): unknown {
  return type === 'bool' ? value !== 0n : Number(BigInt.asIntN(64, value))
}

const SPECIAL: Readonly<Record<string, (data: Buffer) => unknown>> = {
  '[]byte': (data) => data.toString('base64'),
  'meta.Time': (data) => decodeTime(data, 0),
  'meta.MicroTime': (data) => decodeTime(data, 6),
  'meta.Duration': (data) => `${Number(numbers(data).get(1) ?? 0n) / 1e9}s`,
  'resource.Quantity': (data) => fieldMap(data).get(1)?.toString() ?? '0',
  'intstr.IntOrString': decodeIntOrString,
  'meta.FieldsV1': (data) => parseJson(fieldMap(data).get(1)),
  'runtime.RawExtension': (data) => parseJson(fieldMap(data).get(1)),
  'authorization.ExtraValue': decodeStrings,
  'authentication.ExtraValue': decodeStrings,
}

function numbers(data: Buffer): Map<number, bigint> {
  const found = new Map<number, bigint>()
  for (const field of readFields(data)) {
    if (field.kind === 'varint') found.set(field.number, BigInt.asIntN(64, field.value))
  }
  return found
}

/** The zero time, year 1, stands for no time. */
function decodeTime(data: Buffer, digits: number): string | null {
  const found = numbers(data)
  const seconds = Number(found.get(1) ?? 0n)
  if (data.length === 0 || seconds <= -62_135_596_800) return null
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19)
  const fraction = String(found.get(2) ?? 0n)
    .padStart(9, '0')
    .slice(0, digits)
  return digits === 0 ? `${whole}Z` : `${whole}.${fraction}Z`
}

function decodeIntOrString(data: Buffer): unknown {
  const found = numbers(data)
  return found.get(1) === 1n ? (fieldMap(data).get(3)?.toString() ?? '') : Number(found.get(2) ?? 0n)
}

function parseJson(data: Buffer | undefined): unknown {
  return data === undefined || data.length === 0 ? {} : JSON.parse(data.toString())
}

function decodeStrings(data: Buffer): string[] {
  return [...readFields(data)].flatMap((field) => (field.kind === 'bytes' ? [field.value.toString()] : []))
}
