import { expect, test } from '@jest/globals'
import { Backoff } from '../../../src/core/backoff.ts'

test('delays double up to the maximum and keep at least half of it', () => {
  const backoff = new Backoff({ min: 100, max: 1000 }, () => 0)
  expect([backoff.next(), backoff.next(), backoff.next(), backoff.next(), backoff.next()]).toEqual([
    50, 100, 200, 400, 500,
  ])
})

test('the first delay comes again after a reset', () => {
  const backoff = new Backoff({ min: 100, max: 1000 }, () => 1)
  backoff.next()
  backoff.next()
  backoff.reset()
  expect(backoff.next()).toBe(100)
})
