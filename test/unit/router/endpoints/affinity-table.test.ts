import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { AffinityTable } from '../../../../src/router/endpoints/affinity-table.ts'

const second = { timeoutMs: 1000 }

test('a client is remembered until its time is over, which each flow starts again', () => {
  const table = new AffinityTable()
  table.set('c', 'a', 0, second)
  expect(table.get('c', 999)).toBe('a')
  expect(table.get('c', 1000)).toBeUndefined()
  table.set('c', 'a', 900, second)
  expect(table.get('c', 1800)).toBe('a')
  expect(table.get('other', 0)).toBeUndefined()
})

test('the client unseen for longest makes room', () => {
  const table = new AffinityTable(2)
  table.set('c1', 'a', 0, second)
  table.set('c2', 'a', 0, second)
  table.set('c1', 'a', 1, second)
  table.set('c3', 'a', 2, second)
  expect([table.get('c1', 3), table.get('c2', 3), table.get('c3', 3)]).toEqual(['a', undefined, 'a'])
})

test('expired clients go as new ones come', () => {
  const table = new AffinityTable()
  for (let client = 0; client < 100; client++) table.set(`old ${client}`, 'a', 0, second)
  for (let client = 0; client < 100; client++) table.set(`new ${client}`, 'a', 5000, second)
  expect(table.size).toBe(100)
})

test('whatever happens it holds no more than its bound, and tells what was set last', () => {
  const step = fc.record({
    client: fc.integer({ min: 0, max: 9 }),
    name: fc.constantFrom('a', 'b'),
    after: fc.integer({ min: 0, max: 300 }),
    timeoutMs: fc.constantFrom(100, 1000),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 5 }), (steps, max) => {
      const table = new AffinityTable(max)
      let now = 0
      for (const { client, name, after, timeoutMs } of steps) {
        now += after
        table.set(String(client), name, now, { timeoutMs })
        expect(table.size).toBeLessThanOrEqual(max)
        expect(table.get(String(client), now)).toBe(name)
      }
    }),
  )
})
