import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { canonicalJson } from '../../../src/core/canonical-json.ts'

/** The same value with its properties put in another order. */
function reordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reordered)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([name, property]) => [name, reordered(property)])
  return Object.fromEntries(entries.reverse())
}

test('the text is JSON of the same value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)))
    }),
  )
})

test('the order of properties makes no difference, nor does a way over the wire', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = canonicalJson(value)
      expect(canonicalJson(reordered(value))).toBe(text)
      expect(canonicalJson(JSON.parse(JSON.stringify(value)))).toBe(text)
      expect(canonicalJson(JSON.parse(text))).toBe(text)
    }),
  )
})

test('two values have the same text only when they are the same JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
      const isSame = canonicalJson(one) === canonicalJson(other)
      if (isSame) expect(JSON.parse(JSON.stringify(one))).toEqual(JSON.parse(JSON.stringify(other)))
    }),
  )
})

test.each<[unknown, string]>([
  [{ b: 1, a: [true, null, 'x'] }, '{"a":[true,null,"x"],"b":1}'],
  [{ a: undefined, b: {} }, '{"b":{}}'],
  [[undefined], '[null]'],
  [{ '\u20ac': 'a"b', '\r': -0 }, '{"\\r":0,"\u20ac":"a\\"b"}'],
  ['\ud800', '"\\ud800"'],
])('%j is written as %s', (value, text) => {
  expect(canonicalJson(value)).toBe(text)
})
