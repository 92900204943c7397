/** What is kept of an association's beginning, and how much of it. */
import { expect, test } from '@jest/globals'
import { Allowance } from '../../../../src/router/udp/allowance.ts'
import { FirstDatagrams } from '../../../../src/router/udp/first-datagrams.ts'
import {
  FIRST_DATAGRAMS,
  FIRST_DATAGRAMS_BYTES,
  MAX_DATAGRAM_BYTES,
} from '../../../../src/router/udp/limits.ts'

const text = (first: FirstDatagrams) => first.kept.map(String)

test('the first ones are kept in order, empty ones too, and forgotten once', () => {
  const budget = new Allowance(1_000_000)
  const first = new FirstDatagrams(budget)
  for (const each of ['a', '', 'bc']) first.keep(Buffer.from(each))
  expect(text(first)).toEqual(['a', '', 'bc'])
  expect(budget.taken).toBe(3)
  first.release()
  first.release()
  first.keep(Buffer.from('late'))
  expect([text(first), budget.taken, first.open]).toEqual([[], 0, false])
})

test('no more than so many are kept', () => {
  const first = new FirstDatagrams(new Allowance(1_000_000))
  for (let count = 0; count < FIRST_DATAGRAMS + 5; count++) first.keep(Buffer.from(String(count)))
  expect(text(first)).toEqual(Array.from({ length: FIRST_DATAGRAMS }, (_, index) => String(index)))
})

test('one of the largest size fits, and nothing is kept behind one that does not', () => {
  const first = new FirstDatagrams(new Allowance(2 * FIRST_DATAGRAMS_BYTES))
  for (let count = 0; count < 2; count++) first.keep(Buffer.alloc(MAX_DATAGRAM_BYTES))
  first.keep(Buffer.alloc(0))
  expect(first.kept).toHaveLength(1)
})

test('all together keep no more than the budget', () => {
  const budget = new Allowance(10)
  const one = new FirstDatagrams(budget)
  const other = new FirstDatagrams(budget)
  one.keep(Buffer.alloc(8))
  other.keep(Buffer.alloc(8))
  expect([one.kept.length, other.kept.length, budget.taken]).toEqual([1, 0, 8])
  one.release()
  expect(budget.taken).toBe(0)
})
