import { expect, test } from '@jest/globals'
import { SourceRate } from '../../../src/trust/join/source-rate.ts'

const MUCH = { perSecond: 1e6, burst: 1e6 }

test('a source has its burst at once and its rate afterwards, whatever others do', () => {
  const rate = new SourceRate({ source: { perSecond: 2, burst: 3 }, total: MUCH, maxSources: 10 })
  expect(Array.from({ length: 5 }, () => rate.take('192.0.2.1', 0))).toEqual([true, true, true, false, false])
  expect(rate.take('192.0.2.2', 0)).toBe(true)
  expect(rate.take('192.0.2.1', 499)).toBe(false)
  expect(rate.take('192.0.2.1', 500)).toBe(true)
  expect(rate.take('192.0.2.1', 501)).toBe(false)
})

test.each([
  ['2001:db8::1', '2001:db8::ffff', true],
  ['2001:db8::1', '2001:db8:0:1::1', false],
  ['192.0.2.1', '::ffff:192.0.2.1', true],
  ['192.0.2.1', '192.0.2.2', false],
  ['unknown', 'unknown', true],
])('%s and %s are one source: %s', (left, right, same) => {
  const rate = new SourceRate({ source: { perSecond: 0, burst: 1 }, total: MUCH, maxSources: 10 })
  expect(rate.take(left, 0)).toBe(true)
  expect(rate.take(right, 0)).toBe(!same)
})

test('all together have a rate of their own', () => {
  const rate = new SourceRate({ source: MUCH, total: { perSecond: 1, burst: 2 }, maxSources: 10 })
  const take = (n: number, now: number) => rate.take(`192.0.2.${n}`, now)
  expect([take(1, 0), take(2, 0), take(3, 0), take(4, 1000)]).toEqual([true, true, false, true])
})

test('the source that was heard longest ago is forgotten', () => {
  const rate = new SourceRate({ source: { perSecond: 0, burst: 1 }, total: MUCH, maxSources: 2 })
  for (const source of ['a', 'b', 'c']) rate.take(source, 0)
  expect(rate.size).toBe(2)
  expect(rate.take('c', 0)).toBe(false)
  expect(rate.take('a', 0)).toBe(true)
})
