/** So much a second, and no more in the long run. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { TokenBucket } from '../../../../src/router/policy/token-bucket.ts'

test('a bucket is full at first, and fills again with time up to its bound', () => {
  const bucket = new TokenBucket(2, 1_000, 0)
  expect([bucket.take(0), bucket.take(0), bucket.take(0)]).toEqual([true, true, false])
  expect([bucket.has(499), bucket.has(500)]).toEqual([false, true])
  expect([bucket.take(500), bucket.take(500)]).toEqual([true, false])
  expect(bucket.left(60_000)).toBe(2)
})

test('less than one a second still gives one', () => {
  const bucket = new TokenBucket(1, 100, 0)
  expect([bucket.take(0), bucket.take(0), bucket.take(1_000)]).toEqual([true, false, true])
})

test('what is spent into debt is waited for', () => {
  const bucket = new TokenBucket(1_000, 1_000, 0)
  bucket.spend(3_000, 0)
  expect(bucket.left(0)).toBe(-2_000)
  expect(bucket.msUntilAny(0)).toBe(2_001)
  expect(bucket.left(2_001)).toBe(1)
})

test('another rate holds from now on, and debts stay', () => {
  const bucket = new TokenBucket(10, 1_000, 0)
  bucket.spend(30, 0)
  bucket.change(100, 1_000, 0)
  expect(bucket.left(100)).toBe(-10)
  bucket.change(10, 1_000, 10_000)
  expect(bucket.left(10_000)).toBe(10)
})

test('a clock that goes back gives nothing', () => {
  const bucket = new TokenBucket(1, 1_000, 1_000)
  expect([bucket.take(1_000), bucket.take(0), bucket.take(1_500)]).toEqual([true, false, false])
})

test('whenever it is asked, it gives no more than its burst and its rate over the time', () => {
  const asks = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 100 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), asks, (rate, pauses) => {
      const bucket = new TokenBucket(rate, 1_000, 0)
      let now = 0
      let taken = 0
      for (const pause of pauses) {
        now += pause
        while (bucket.take(now)) taken += 1
        expect(taken).toBeLessThanOrEqual(Math.max(1, rate) + (rate * now) / 1_000 + 1e-6)
      }
    }),
  )
})
