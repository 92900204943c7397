import { describe, expect, test } from '@jest/globals'
import { MISSING_NAMESPACES_MAX } from '../../../src/exporter/limits.ts'
import {
  changedNamespaces,
  clustersWithout,
  missingNamespaces,
  waiting,
} from '../../../src/exporter/missing-namespaces.ts'
import { MAX_MISSING_NAMESPACES } from '../../../src/link/limits.ts'
import { directory, origin } from '../../support/exporter-objects.ts'

const cluster = (name: string, ...missing: string[]) => ({
  ...origin(name),
  facts: { missingNamespaces: missing },
})

describe('namespaces that this cluster lacks', () => {
  test('are those of exports that are not there, each once, sorted', () => {
    const isLive = (name: string) => name === 'here'
    expect(missingNamespaces(['b/x', 'here/x', 'a/x', 'b/y'], isLive)).toEqual(['a', 'b'])
  })

  test('are as many as peers take', () => {
    const keys = Array.from({ length: MISSING_NAMESPACES_MAX + 1 }, (_, index) => `n${index}/x` as const)
    expect(missingNamespaces(keys, () => false)).toHaveLength(MISSING_NAMESPACES_MAX)
    expect(MISSING_NAMESPACES_MAX).toBeLessThanOrEqual(MAX_MISSING_NAMESPACES)
  })
})

describe('namespaces that other clusters lack', () => {
  const known = directory(cluster('west', 'demo'), cluster('north', 'demo', 'shop'), origin('south'))

  test('are told by those clusters', () => {
    expect(clustersWithout(known, 'demo')).toEqual(['north', 'west'])
    expect(clustersWithout(known, 'shop')).toEqual(['north'])
    expect(clustersWithout(known, 'else')).toEqual([])
  })

  test('change by what any of them says, and by a cluster that comes or goes', () => {
    const next = directory(cluster('west'), cluster('north', 'demo', 'new'))
    expect([...changedNamespaces(next, known)].sort()).toEqual(['demo', 'new', 'shop'])
    expect(changedNamespaces(known, known).size).toBe(0)
    expect([...changedNamespaces(known, directory())].sort()).toEqual(['demo', 'shop'])
  })

  test('are a condition that names a bounded number of clusters', () => {
    const many = Array.from({ length: 1_000 }, (_, index) => `c${index}`)
    const [verdict] = waiting('demo', many)
    expect(verdict?.message).toMatch(/^there is no namespace demo in: c0, .* and 988 more$/)
  })
})
