import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  type ClusterProperties,
  type ClusterSelector,
  isSelected,
  rankBySelectors,
} from '../../../src/api/cluster-selectors.ts'

const EU = { region: 'eu', tier: 'gold' }
const NOWHERE = {}

const requirement = (operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist', ...values: string[]) => ({
  matchExpressions: [{ key: 'region', operator, ...(values.length === 0 ? {} : { values }) }],
})

const table: readonly [string, ClusterSelector, ClusterProperties, boolean][] = [
  ['nothing, of any cluster', {}, NOWHERE, true],
  ['an equal value', { matchLabels: { region: 'eu' } }, EU, true],
  ['another value', { matchLabels: { region: 'us' } }, EU, false],
  ['a value that is not there', { matchLabels: { region: 'eu' } }, NOWHERE, false],
  ['all of several', { matchLabels: { region: 'eu', tier: 'gold' } }, EU, true],
  ['one of several', { matchLabels: { region: 'eu', tier: 'iron' } }, EU, false],
  ['In', requirement('In', 'us', 'eu'), EU, true],
  ['In, absent', requirement('In', 'us'), NOWHERE, false],
  ['NotIn', requirement('NotIn', 'us'), EU, true],
  ['NotIn, one of them', requirement('NotIn', 'us', 'eu'), EU, false],
  ['NotIn, absent', requirement('NotIn', 'eu'), NOWHERE, true],
  ['Exists', requirement('Exists'), EU, true],
  ['Exists, absent', requirement('Exists'), NOWHERE, false],
  ['DoesNotExist', requirement('DoesNotExist'), EU, false],
  ['DoesNotExist, absent', requirement('DoesNotExist'), NOWHERE, true],
  ['labels and expressions', { matchLabels: { tier: 'gold' }, ...requirement('In', 'us') }, EU, false],
  ['a name that all objects have', { matchLabels: { constructor: 'eu' } }, EU, false],
]

describe('a selector that asks for', () => {
  test.each(table)('%s', (_, selector, properties, selected) => {
    expect(isSelected(selector, properties, {})).toBe(selected)
  })
})

describe("the importing cluster's own value", () => {
  const same = { matchLabels: { region: '@SameAsImporter@' } }

  test('is what its clients look for', () => {
    expect(isSelected(same, EU, { region: 'eu' })).toBe(true)
    expect(isSelected(same, EU, { region: 'us' })).toBe(false)
  })

  test('is nobody else’s where it has none', () => {
    expect(isSelected(same, EU, {})).toBe(false)
    expect(isSelected(same, {}, {})).toBe(false)
    expect(isSelected(requirement('NotIn', '@SameAsImporter@'), EU, {})).toBe(true)
  })
})

describe('the rank of a cluster', () => {
  const properties: Readonly<Record<string, ClusterProperties>> = {
    near: { region: 'eu' },
    far: { region: 'us' },
  }
  const propertiesOf = (cluster: string) => properties[cluster]
  const selectors = [{ matchLabels: { region: 'eu' } }, { matchLabels: { region: 'us' } }]

  test('is the place of the first selector that is true of it, and behind them all where none is', () => {
    const rankOf = rankBySelectors(selectors, propertiesOf, 'near')
    expect(['near', 'far', 'unknown'].map((cluster) => rankOf?.(cluster))).toEqual([0, 1, 2])
  })

  test('is not asked for without selectors', () => {
    expect(rankBySelectors(undefined, propertiesOf, 'near')).toBeUndefined()
    expect(rankBySelectors([], propertiesOf, 'near')).toBeUndefined()
  })

  test('is never worse for one selector more at the end', () => {
    const value = fc.constantFrom('a', 'b', '@SameAsImporter@')
    const key = fc.constantFrom('k', 'l')
    const arbitrary = fc.array(fc.record({ matchLabels: fc.dictionary(key, value) }), { minLength: 1 })
    fc.assert(
      fc.property(arbitrary, fc.dictionary(key, value), fc.dictionary(key, value), (list, theirs, own) => {
        const of = (cluster: string) => (cluster === 'self' ? own : theirs)
        const rank = rankBySelectors(list, of, 'self')?.('other') ?? 0
        const more = rankBySelectors([...list, {}], of, 'self')?.('other') ?? 0
        expect(more).toBe(rank)
        expect(more).toBeLessThanOrEqual(list.length)
      }),
    )
  })
})
