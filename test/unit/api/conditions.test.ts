import { expect, test } from '@jest/globals'
import { isTrue, setCondition } from '../../../src/api/conditions.ts'

const ready = { type: 'Ready', status: 'True', reason: 'Ready', message: '' } as const
const before = Date.UTC(2026, 0, 1)
const after = Date.UTC(2026, 0, 2)

test('the transition time moves only when the status changes', () => {
  const first = setCondition(undefined, ready, before)
  expect(first).toEqual([{ ...ready, lastTransitionTime: '2026-01-01T00:00:00Z' }])
  const reworded = setCondition(first, { ...ready, message: 'still' }, after)
  expect(reworded).toEqual([{ ...ready, message: 'still', lastTransitionTime: '2026-01-01T00:00:00Z' }])
  const failed = setCondition(reworded, { ...ready, status: 'False', reason: 'Failed' }, after)
  expect(failed[0]?.lastTransitionTime).toBe('2026-01-02T00:00:00Z')
  expect([isTrue(reworded, 'Ready'), isTrue(failed, 'Ready'), isTrue(undefined, 'Ready')]).toEqual([
    true,
    false,
    false,
  ])
})

test('other conditions keep their place and their content', () => {
  const valid = { ...ready, type: 'Valid' }
  const both = setCondition(setCondition([], ready, before), valid, before)
  const changed = setCondition(both, { ...ready, status: 'Unknown' }, after)
  expect(changed.map(({ type }) => type)).toEqual(['Ready', 'Valid'])
  expect(changed[1]).toBe(both[1])
})
