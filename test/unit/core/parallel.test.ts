import { expect, test } from '@jest/globals'
import { inParallel } from '../../../src/core/parallel.ts'

test('every item is worked on once, and never more at a time than allowed', async () => {
  const seen: number[] = []
  let running = 0
  let most = 0
  const failures = await inParallel(
    Array.from({ length: 50 }, (_, index) => index),
    4,
    async (item) => {
      running += 1
      most = Math.max(most, running)
      await Promise.resolve()
      running -= 1
      seen.push(item)
    },
  )
  expect([failures, seen.length, new Set(seen).size, most]).toEqual([[], 50, 50, 4])
})

test('one that fails keeps none of the others', async () => {
  const done: number[] = []
  const failures = await inParallel([1, 2, 3, 4], 2, async (item) => {
    if (item % 2 === 0) throw new Error(`no ${item}`)
    done.push(item)
  })
  expect(done).toEqual([1, 3])
  expect(failures).toEqual([new Error('no 2'), new Error('no 4')])
})

test('nothing to do is done', async () => {
  expect(await inParallel([], 3, () => Promise.reject(new Error('never')))).toEqual([])
})
