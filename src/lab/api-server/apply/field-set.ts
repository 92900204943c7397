/**
 * Sets of fields as managedFields holds them (FieldsV1): a tree of path elements such as `f:spec` and `k:{"name":"web"}`.
 */
import { isObject, type JsonObject } from '../json/access.ts'

export class FieldSet {
  /** The field itself is in the set, not only fields below it. */
  member = false
  readonly children = new Map<string, FieldSet>()

  get isEmpty(): boolean {
    return !this.member && this.children.size === 0
  }

  /** The subtree of one element, made when missing. */
  child(element: string): FieldSet {
    let found = this.children.get(element)
    if (found === undefined) {
      found = new FieldSet()
      this.children.set(element, found)
    }
    return found
  }
}

/** Reads FieldsV1. */
export function parseFields(fields: unknown): FieldSet {
  const set = new FieldSet()
  for (const [element, value] of Object.entries(isObject(fields) ? fields : {})) {
    if (element === '.') set.member = true
    else set.children.set(element, parseChild(value))
  }
  return set
}

/** A child without fields of its own is a member. */
function parseChild(value: unknown): FieldSet {
  const set = parseFields(value)
  if (set.children.size === 0) set.member = true
  return set
}

/** Writes FieldsV1; elements sorted, so that equal sets are equal JSON. */
export function formatFields(set: FieldSet): JsonObject {
  const result: JsonObject = {}
  if (set.member && set.children.size > 0) result['.'] = {}
  for (const element of [...set.children.keys()].sort()) {
    const child = set.children.get(element)
    if (child !== undefined && !child.isEmpty) result[element] = formatFields(child)
  }
  return result
}

/** Combines two sets field by field; `keep` decides from membership in each. */
function combine(
  left: FieldSet | undefined,
  right: FieldSet | undefined,
  keep: (left: boolean, right: boolean) => boolean,
): FieldSet {
  const result = new FieldSet()
  result.member = keep(left?.member ?? false, right?.member ?? false)
  for (const element of new Set([...(left?.children.keys() ?? []), ...(right?.children.keys() ?? [])])) {
    const child = combine(left?.children.get(element), right?.children.get(element), keep)
    if (!child.isEmpty) result.children.set(element, child)
  }
  return result
}

export function union(left: FieldSet, right: FieldSet): FieldSet {
  return combine(left, right, (inLeft, inRight) => inLeft || inRight)
}

export function difference(left: FieldSet, right: FieldSet): FieldSet {
  return combine(left, right, (inLeft, inRight) => inLeft && !inRight)
}

export function intersection(left: FieldSet, right: FieldSet): FieldSet {
  return combine(left, right, (inLeft, inRight) => inLeft && inRight)
}

/** Every member as a path of elements. */
export function* members(set: FieldSet, path: readonly string[] = []): Generator<readonly string[]> {
  if (set.member) yield path
  for (const [element, child] of set.children) yield* members(child, [...path, element])
}

/** A path as conflicts name it: `.spec.containers[name="web"].image`. */
export function pathText(path: readonly string[]): string {
  return path.map(elementText).join('')
}

function elementText(element: string): string {
  const value = element.slice(2)
  switch (element[0]) {
    case 'f':
      return `.${value}`
    case 'k': {
      const pairs = Object.entries(JSON.parse(value) as JsonObject)
      return `[${pairs.map(([key, item]) => `${key}=${JSON.stringify(item)}`).join(',')}]`
    }
    case 'v':
      return `[=${value}]`
    default:
      return `[${value}]`
  }
}
