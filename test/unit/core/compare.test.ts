import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { contains, mergePatch, sameValue } from '../../../src/core/compare.ts'

const anyJson = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<unknown>
/** Null inside an object cannot be expressed by a merge patch. */
const anyObject = fc.dictionary(
  fc.constantFrom('a', 'b', 'c'),
  fc.oneof(
    fc.string(),
    fc.integer(),
    fc.array(fc.integer(), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('x', 'y'), fc.integer()),
  ),
)

/** RFC 7386 section 2. */
function applyPatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const base = typeof target === 'object' && target !== null && !Array.isArray(target) ? target : {}
  const result: Record<string, unknown> = { ...base }
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = applyPatch(result[key], value)
  }
  return result
}

test('any value is the same as its copy, and contains it', () => {
  fc.assert(
    fc.property(anyJson, (value) => {
      const copy: unknown = JSON.parse(JSON.stringify(value))
      expect(sameValue(copy, JSON.parse(JSON.stringify(value)))).toBe(true)
      expect(contains(copy, JSON.parse(JSON.stringify(value)))).toBe(true)
    }),
  )
})

test('a key whose value is undefined is not there', () => {
  expect(sameValue({ a: 1, b: undefined }, { a: 1 })).toBe(true)
  expect(contains({ a: 1 }, { a: 1, b: undefined })).toBe(true)
})

test('an object may hold more than is wanted, an array may not', () => {
  expect(contains({ a: 1, b: 2 }, { a: 1 })).toBe(true)
  expect(contains([{ a: 1, b: 2 }], [{ a: 1 }])).toBe(true)
  expect(contains([1, 2], [1])).toBe(false)
})

test('a merge patch turns the one object into the other, and there is none between equals', () => {
  fc.assert(
    fc.property(anyObject, anyObject, (from, to) => {
      const patch = mergePatch(from, to)
      expect(patch === undefined).toBe(sameValue(from, to))
      if (patch !== undefined) expect(sameValue(applyPatch(from, patch), to)).toBe(true)
    }),
  )
})
