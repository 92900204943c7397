import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { isDeeperThan } from '../../../src/link/json-depth.ts'

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Math.max(0, ...Object.values(value).map(depthOf))
}

test('it is the depth of the value, whatever its texts hold', () => {
  fc.assert(
    fc.property(fc.jsonValue({ depthSize: 'large', maxDepth: 8 }), (value) => {
      const bytes = Buffer.from(JSON.stringify(value))
      const depth = depthOf(value)
      expect(isDeeperThan(depth, bytes)).toBe(false)
      if (depth > 0) expect(isDeeperThan(depth - 1, bytes)).toBe(true)
    }),
  )
})

test('brackets, quotes and backslashes in texts do not count', () => {
  const value = { '[{"\\': '\\"[[[[{{{{', b: ['}]', '"{'] }
  const bytes = Buffer.from(JSON.stringify(value))
  expect([isDeeperThan(2, bytes), isDeeperThan(1, bytes)]).toEqual([false, true])
})

test('any bytes come to an end', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(typeof isDeeperThan(3, bytes)).toBe('boolean')
    }),
  )
})
