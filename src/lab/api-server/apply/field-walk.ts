/**
 * Which fields a configuration sets, and which fields differ between two objects.
 */
import { equalJson } from '../json/compare.ts'
import type { Resolve, Schema } from '../openapi/schema.ts'
import { FieldSet } from './field-set.ts'
import { type Part, partMap, partsOf, type Shape, shapeOf } from './shape.ts'

/** The fields `value` sets: leaves, empty maps and lists, and items of lists. */
export function fieldsOf(value: unknown, schema: Schema, resolve: Resolve): FieldSet {
  const set = new FieldSet()
  collect(value, schema, resolve, set, false)
  // An object that says nothing sets nothing.
  set.member = false
  return set
}

/** `own`: maps and lists themselves count too, as when they are added whole. */
function collect(value: unknown, schema: Schema, resolve: Resolve, into: FieldSet, own: boolean): void {
  const shape = shapeOf(value, schema, resolve)
  const parts = shape === 'atomic' ? [] : partsOf(value, schema, resolve)
  if (parts.length === 0 || (own && !isStruct(schema, resolve))) into.member = true
  for (const part of parts) collect(part.value, part.schema, resolve, into.child(part.element), own)
  if (shape === 'list') for (const part of parts) into.child(part.element).member = true
}

/** Objects with named fields are there by their kind; only maps and lists are added as such. */
function isStruct(schema: Schema, resolve: Resolve): boolean {
  return resolve(schema).properties !== undefined
}

export interface Difference {
  readonly added: FieldSet
  readonly modified: FieldSet
  readonly removed: FieldSet
}

/** What changed from `before` to `after`. */
export function compareFields(before: unknown, after: unknown, schema: Schema, resolve: Resolve): Difference {
  const result = { added: new FieldSet(), modified: new FieldSet(), removed: new FieldSet() }
  compareInto(before, after, schema, resolve, result)
  return result
}

function compareInto(
  before: unknown,
  after: unknown,
  schema: Schema,
  resolve: Resolve,
  into: Difference,
): void {
  if (equalJson(before, after)) return
  const shape = shapeOf(after, schema, resolve)
  if (shape === 'atomic' || shape !== shapeOf(before, schema, resolve)) {
    into.modified.member = true
    return
  }
  const old = partMap(before, schema, resolve)
  for (const part of partsOf(after, schema, resolve)) {
    const previous = old.get(part.element)
    old.delete(part.element)
    if (previous === undefined) collectPart(part, shape, resolve, into.added)
    else compareInto(previous.value, part.value, part.schema, resolve, childOf(into, part.element))
  }
  for (const part of old.values()) collectPart(part, shape, resolve, into.removed)
}

/** A part that came or went whole; items of lists count themselves. */
function collectPart(part: Part, shape: Shape, resolve: Resolve, into: FieldSet): void {
  const child = into.child(part.element)
  collect(part.value, part.schema, resolve, child, true)
  if (shape !== 'map') child.member = true
}

function childOf(into: Difference, element: string): Difference {
  return {
    added: into.added.child(element),
    modified: into.modified.child(element),
    removed: into.removed.child(element),
  }
}

/** Drops branches that hold no member. */
export function prunedSet(set: FieldSet): FieldSet {
  for (const [element, child] of set.children) {
    if (prunedSet(child).isEmpty) set.children.delete(element)
  }
  return set
}
