/**
 * JSON Patch (RFC 6902).
 */
import { isObject, stringAt } from '../json/access.ts'
import { cloneJson, equalJson } from '../json/compare.ts'

/** Operations in one patch. Protects against patches that copy without end. */
export const MAX_OPERATIONS = 10_000

/** The patch cannot be applied; the message says which operation and why. */
export class JsonPatchError extends Error {}

interface Place {
  readonly parent: unknown
  readonly key: string
}

/** `document` after all operations; the input is left alone. */
export function applyJsonPatch(document: unknown, operations: readonly unknown[]): unknown {
  if (operations.length > MAX_OPERATIONS) throw new JsonPatchError(`more than ${MAX_OPERATIONS} operations`)
  return operations.reduce(applyOperation, cloneJson(document))
}

function applyOperation(document: unknown, operation: unknown): unknown {
  const op = stringAt(operation, 'op')
  const path = parsePointer(stringAt(operation, 'path'))
  const value = isObject(operation) ? operation['value'] : undefined
  switch (op) {
    case 'add':
      return add(document, path, cloneJson(value))
    case 'remove':
      return remove(document, path)
    case 'replace':
      read(document, path)
      return path.length === 0 ? cloneJson(value) : replace(document, path, cloneJson(value))
    case 'move':
    case 'copy': {
      const from = parsePointer(stringAt(operation, 'from'))
      const moved = cloneJson(read(document, from))
      return add(op === 'move' ? remove(document, from) : document, path, moved)
    }
    case 'test':
      if (equalJson(read(document, path), value)) return document
      throw new JsonPatchError(`testing value /${path.join('/')} failed`)
    default:
      throw new JsonPatchError(`unexpected kind: ${String(op)}`)
  }
}

/** RFC 6901. */
function parsePointer(text: string | undefined): string[] {
  if (text === undefined || (text !== '' && !text.startsWith('/'))) {
    throw new JsonPatchError(`missing or malformed path: ${String(text)}`)
  }
  return text
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function child(parent: unknown, key: string): unknown {
  if (Array.isArray(parent)) return parent[toIndex(key, parent.length - 1)]
  if (isObject(parent) && Object.hasOwn(parent, key)) return parent[key]
  throw new JsonPatchError(`key not found: ${key}`)
}

function read(document: unknown, path: readonly string[]): unknown {
  return path.reduce(child, document)
}

function place(document: unknown, path: readonly string[]): Place {
  return { parent: read(document, path.slice(0, -1)), key: path.at(-1) ?? '' }
}

function toIndex(key: string, last: number): number {
  const index = /^-\d+$/.test(key) ? last + 1 + Number(key) : Number(key)
  if (!/^-?\d+$/.test(key) || index < 0 || index > last)
    throw new JsonPatchError(`invalid array index: ${key}`)
  return index
}

function add(document: unknown, path: readonly string[], value: unknown): unknown {
  if (path.length === 0) return value
  const { parent, key } = place(document, path)
  if (Array.isArray(parent))
    parent.splice(key === '-' ? parent.length : toIndex(key, parent.length), 0, value)
  else if (isObject(parent)) parent[key] = value
  else throw new JsonPatchError(`doc is missing path: /${path.join('/')}`)
  return document
}

function replace(document: unknown, path: readonly string[], value: unknown): unknown {
  const { parent, key } = place(document, path)
  if (Array.isArray(parent)) parent[toIndex(key, parent.length - 1)] = value
  else if (isObject(parent)) parent[key] = value
  return document
}

function remove(document: unknown, path: readonly string[]): unknown {
  if (path.length === 0) return null
  read(document, path)
  const { parent, key } = place(document, path)
  if (Array.isArray(parent)) parent.splice(toIndex(key, parent.length - 1), 1)
  else if (isObject(parent)) delete parent[key]
  return document
}
