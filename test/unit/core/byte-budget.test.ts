import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { ByteBudget } from '../../../src/core/byte-budget.ts'

describe('a byte budget', () => {
  test('counts what each use holds, and all together', () => {
    const budget = new ByteBudget(100)
    budget.use('received').add(30)
    budget.use('retained').add(50)
    budget.use('received').remove(10)
    expect([budget.held, Object.fromEntries(budget.uses())]).toEqual([70, { received: 20, retained: 50 }])
  })

  test('is exhausted when as much is held as it allows, and again not when less is', () => {
    const budget = new ByteBudget(100)
    const use = budget.use('received')
    use.add(100)
    expect(budget.exhausted).toBe(true)
    use.remove(1)
    expect(budget.exhausted).toBe(false)
  })

  test('lends no more than memory is left for', () => {
    const budget = new ByteBudget(100)
    expect([budget.take(60), budget.take(41), budget.take(40)]).toEqual([true, false, true])
    budget.give(100)
    budget.use('retained').add(70)
    expect([budget.left, budget.take(31), budget.take(30)]).toEqual([30, false, true])
  })

  test('never lends more than its limit, whatever is asked and given back', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -50, max: 50 })), (steps) => {
        const budget = new ByteBudget(100)
        const granted: number[] = []
        for (const step of steps) {
          if (step > 0 && budget.take(step)) granted.push(step)
          else if (step <= 0) budget.give(granted.pop() ?? 0)
          expect(budget.taken).toBe(granted.reduce((sum, bytes) => sum + bytes, 0))
          expect(budget.taken).toBeLessThanOrEqual(100)
        }
      }),
    )
  })
})
