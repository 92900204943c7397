import { expect, test } from '@jest/globals'
import { TurnBatch } from '../../../src/router/turn-batch.ts'
import { settle } from '../../support/fake-clock.ts'

test('members are flushed once, in order, after the present turn', async () => {
  const batch = new TurnBatch()
  const flushed: string[] = []
  batch.add({ flush: () => flushed.push('a') })
  batch.add({ flush: () => flushed.push('b') })
  expect(flushed).toEqual([])
  await settle()
  expect(flushed).toEqual(['a', 'b'])
})

test('what is added by a flush waits for the next turn', async () => {
  const batch = new TurnBatch()
  const flushed: string[] = []
  const later = { flush: () => flushed.push('later') }
  batch.add({
    flush: () => {
      batch.add(later)
      flushed.push('first')
    },
  })
  await settle()
  expect(flushed).toEqual(['first', 'later'])
})
