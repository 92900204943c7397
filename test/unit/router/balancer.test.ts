import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type Candidate, leastLoaded, take } from '../../../src/router/balancer.ts'
import { type CandidateOptions, candidate } from '../../support/candidates.ts'

interface Situation {
  readonly name: string
  readonly places: readonly CandidateOptions[]
  readonly tried?: readonly string[]
  readonly chosen: string | undefined
}

const situations: readonly Situation[] = [
  { name: 'there is none', places: [], chosen: undefined },
  { name: 'there is one', places: [{ name: 'a' }], chosen: 'a' },
  { name: 'the only one was tried', places: [{ name: 'a' }], tried: ['a'], chosen: undefined },
  {
    name: 'one has fewer outstanding flows',
    places: [
      { name: 'a', outstanding: 3 },
      { name: 'b', outstanding: 2 },
    ],
    chosen: 'b',
  },
  {
    name: 'one has fewer outstanding flows for its weight',
    places: [
      { name: 'a', outstanding: 7, weight: 4 },
      { name: 'b', outstanding: 2 },
    ],
    chosen: 'a',
  },
  {
    name: 'equals: the cheapest to reach, before turns count',
    places: [
      { name: 'a', outstanding: 2, turn: 5, cost: 3 },
      { name: 'b', outstanding: 2, turn: 8, cost: 1 },
    ],
    chosen: 'b',
  },
  {
    name: 'the cheapest to reach has more flows',
    places: [
      { name: 'a', outstanding: 2, cost: 3 },
      { name: 'b', outstanding: 3, cost: 1 },
    ],
    chosen: 'a',
  },
  {
    name: 'equals: the one whose turn was longest ago',
    places: [
      { name: 'a', outstanding: 2, turn: 8 },
      { name: 'b', outstanding: 2, turn: 5 },
    ],
    chosen: 'b',
  },
  { name: 'an ejected one is the only one', places: [{ name: 'a', ejected: true }], chosen: 'a' },
  {
    name: 'an ejected one has fewer flows',
    places: [
      { name: 'a', ejected: true },
      { name: 'b', outstanding: 9 },
    ],
    chosen: 'b',
  },
  {
    name: 'all but an ejected one were tried',
    places: [{ name: 'a', ejected: true }, { name: 'b' }],
    tried: ['b'],
    chosen: 'a',
  },
]

describe('choosing by load', () => {
  test.each(situations)('$name: $chosen', ({ places, tried = [], chosen }) => {
    expect(leastLoaded(places.map(candidate), tried)?.name).toBe(chosen)
  })

  test('short flows are shared by weight exactly, whatever the weights', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(weights, (all) => {
        const places = all.map((weight, index) => candidate({ name: `p${index}`, weight }))
        const total = all.reduce((sum, weight) => sum + weight, 0)
        const counts = countFlows(places, total * 10)
        places.forEach(({ name, weight }) => {
          expect(Math.abs((counts.get(name) ?? 0) - weight * 10)).toBeLessThanOrEqual(places.length)
        })
      }),
    )
  })

  test('flows that stay are shared by weight, to one for each endpoint', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(weights, fc.integer({ min: 1, max: 200 }), (all, flows) => {
        const places = all.map((weight, index) => candidate({ name: `p${index}`, weight }))
        for (let count = 0; count < flows; count++) open(places)
        const each = places.map(({ load, weight }) => load.outstanding / weight)
        expect(Math.max(...each) - Math.min(...each)).toBeLessThanOrEqual(1)
      }),
    )
  })

  test('a place that comes back does not get all flows until it has caught up', () => {
    const busy = candidate({ name: 'a' })
    countFlows([busy], 1000)
    const counts = countFlows([busy, candidate({ name: 'b' })], 10)
    expect(counts).toEqual(
      new Map([
        ['b', 5],
        ['a', 5],
      ]),
    )
  })
})

function open(places: readonly Candidate[]): Candidate | undefined {
  const chosen = leastLoaded(places, [])
  if (chosen !== undefined) take(places, chosen)
  return chosen
}

/** Flows that end before the next begins, by place. */
function countFlows(places: readonly Candidate[], flows: number): Map<string, number> {
  const counts = new Map<string, number>()
  for (let count = 0; count < flows; count++) {
    const chosen = open(places)
    if (chosen === undefined) continue
    chosen.load.outstanding -= 1
    counts.set(chosen.name, (counts.get(chosen.name) ?? 0) + 1)
  }
  return counts
}
