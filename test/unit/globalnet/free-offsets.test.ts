/** Free numbers against a plain set, and times against a sorted list. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Deadlines } from '../../../src/globalnet/deadlines.ts'
import { FreeOffsets } from '../../../src/globalnet/free-offsets.ts'

const steps = fc.array(fc.record({ take: fc.boolean(), pick: fc.nat({ max: 30 }) }), {
  maxLength: 80,
  size: 'max',
})

test('the row holds every free number once, and at most as many out of place as are taken', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 24 }), steps, (total, list) => {
      const offsets = new FreeOffsets(total)
      const free = new Set(Array.from({ length: total }, (_, index) => index))
      for (const { take, pick } of list) {
        const offset = pick % total
        if (take && free.delete(offset)) offsets.take(offset)
        else if (!take) {
          free.add(offset)
          offsets.give(offset)
        }
        const row = Array.from({ length: offsets.size }, (_, place) => offsets.nth(place))
        expect(row.toSorted((left, right) => left - right)).toEqual(
          [...free].sort((left, right) => left - right),
        )
        expect(offsets.displaced).toBeLessThanOrEqual(total - free.size)
        expect(offsets.isFree(offset)).toBe(free.has(offset))
      }
    }),
    { numRuns: 300 },
  )
})

test('when all is given back nothing is held', () => {
  const offsets = new FreeOffsets(8_388_606)
  const taken = Array.from({ length: 10_000 }, (_, index) => (index * 7_919_317) % offsets.total)
  for (const offset of taken) offsets.take(offset)
  expect(offsets.displaced).toBeLessThanOrEqual(10_000)
  for (const offset of taken.reverse()) offsets.give(offset)
  expect([offsets.size, offsets.displaced]).toEqual([8_388_606, 0])
})

test.each([-1, 8, 0.5, Number.NaN])('%d is none of eight', (offset) => {
  expect(new FreeOffsets(8).isFree(offset)).toBe(false)
})

const timed = fc.array(
  fc.record({
    do: fc.constantFrom('set', 'set', 'delete', 'take'),
    key: fc.nat({ max: 9 }),
    at: fc.nat({ max: 20 }),
  }),
  { maxLength: 120, size: 'max' },
)

/** The deadlines beside a plain map of them. */
class Checked {
  readonly #deadlines = new Deadlines()
  readonly #model = new Map<number, number>()

  set(key: number, at: number): void {
    this.#deadlines.set(key, at)
    this.#model.set(key, at)
  }

  delete(key: number): void {
    this.#deadlines.delete(key)
    this.#model.delete(key)
  }

  take(now: number): void {
    const soonest = Math.min(...this.#model.values())
    const taken = this.#deadlines.takeDue(now)
    expect(taken === undefined ? undefined : this.#model.get(taken)).toBe(
      soonest <= now ? soonest : undefined,
    )
    if (taken !== undefined) this.#model.delete(taken)
  }

  compare(): void {
    expect(this.#deadlines.first()).toBe(
      this.#model.size === 0 ? undefined : Math.min(...this.#model.values()),
    )
  }
}

test('what is due comes soonest first, and what was deleted or set anew does not come', () => {
  fc.assert(
    fc.property(timed, (list) => {
      const checked = new Checked()
      for (const { do: what, key, at } of list) {
        if (what === 'set') checked.set(key, at)
        else if (what === 'delete') checked.delete(key)
        else checked.take(at)
        checked.compare()
      }
    }),
    { numRuns: 300 },
  )
})
