import { expect, test } from '@jest/globals'
import { summarize } from '../../../bench/statistics.ts'

test('quantiles are by nearest rank', () => {
  const samples = Array.from({ length: 100 }, (_, index) => 100 - index)
  expect(summarize(samples)).toEqual({ count: 100, min: 1, p50: 50, p90: 90, p99: 99, max: 100 })
})

test('one sample is every quantile', () => {
  expect(summarize([7])).toEqual({ count: 1, min: 7, p50: 7, p90: 7, p99: 7, max: 7 })
})
