import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { LoadTable } from '../../../src/router/load-table.ts'

test('an unknown place has no load and was never used', () => {
  expect(new LoadTable().get('a')).toEqual({ outstanding: 0, lastUsed: 0 })
})

test('later use is larger, and stays known after the last flow ended', () => {
  const table = new LoadTable()
  table.acquire('a')
  table.acquire('b')
  table.release('a')
  expect(table.get('a').lastUsed).toBeLessThan(table.get('b').lastUsed)
  expect(table.get('a').outstanding).toBe(0)
})

test('a release too many changes nothing', () => {
  const table = new LoadTable()
  table.acquire('a')
  table.release('a')
  table.release('a')
  table.release('never')
  expect(table.get('a').outstanding).toBe(0)
  expect(table.size).toBe(1)
})

test('idle places are forgotten at the bound, busy ones never', () => {
  const table = new LoadTable(2)
  table.acquire('busy')
  for (const key of ['a', 'b', 'c', 'd', 'e']) {
    table.acquire(key)
    table.release(key)
  }
  expect(table.size).toBeLessThanOrEqual(4)
  expect(table.get('busy').outstanding).toBe(1)
})

test('outstanding flows are those acquired and not released, whatever the order', () => {
  const step = fc.record({ key: fc.constantFrom('a', 'b', 'c'), acquire: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const table = new LoadTable(1)
      const expected = new Map<string, number>()
      for (const { key, acquire } of steps) {
        const before = expected.get(key) ?? 0
        expected.set(key, acquire ? before + 1 : Math.max(0, before - 1))
        if (acquire) table.acquire(key)
        else table.release(key)
      }
      for (const [key, count] of expected) expect(table.get(key).outstanding).toBe(count)
    }),
  )
})
