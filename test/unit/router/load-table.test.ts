import { expect, test } from '@jest/globals'
import { LoadTable } from '../../../src/router/load-table.ts'

test('a place has one load, unused at first', () => {
  const table = new LoadTable()
  expect(table.of('a')).toEqual({ outstanding: 0, turn: 0 })
  table.of('a').outstanding += 1
  expect(table.of('a').outstanding).toBe(1)
  expect(table.of('b').outstanding).toBe(0)
})

test('idle places are forgotten beyond the bound, busy ones never', () => {
  const table = new LoadTable(2)
  table.of('busy').outstanding = 1
  for (const key of ['a', 'b']) table.of(key).turn = 5
  table.trim()
  expect(table.size).toBe(1)
  expect(table.of('busy').outstanding).toBe(1)
  expect(table.of('a').turn).toBe(0)
})

test('below the bound an idle place keeps its turn', () => {
  const table = new LoadTable(2)
  table.of('a').turn = 5
  table.trim()
  expect(table.of('a').turn).toBe(5)
})
