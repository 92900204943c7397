import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { dials, LinkShape } from '../../../../src/cli/lab/link-shape.ts'

const told = (shape: LinkShape, names: string, dialOnly: string[] = []) =>
  dials(shape, names.split(''), dialOnly)
    .map(({ from, to }) => from + to)
    .join(' ')

const ROWS: readonly [LinkShape, string, string][] = [
  ['full', 'abcd', 'ba ca da cb db dc'],
  ['star', 'abcd', 'ba ca da'],
  ['line', 'abcd', 'ba cb dc'],
  ['ring', 'abcd', 'ba cb dc da'],
  ['ring', 'abc', 'ba cb ca'],
  ['ring', 'ab', 'ba'],
  ['ring', 'a', ''],
  ['line', 'a', ''],
]

describe('the links of a lab', () => {
  test.each(ROWS)('%s of %s: %s', (shape, names, links) => expect(told(shape, names)).toBe(links))

  test('are dialled by clusters that nobody can dial', () => {
    expect(told('full', 'abc', ['a'])).toBe('ab ac cb')
    expect(told('star', 'abc', ['b'])).toBe('ba ca')
  })

  test('cannot be between two of those', () => {
    expect(() => told('line', 'abc', ['a', 'b'])).toThrow(/clusters a and b can only dial/)
    expect(told('line', 'abc', ['a', 'c'])).toBe('ab cb')
  })

  test('join all clusters, whatever the shape', () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,3}$/), { minLength: 1, maxLength: 9 })
    fc.assert(
      fc.property(names, fc.constantFrom(...Object.values(LinkShape)), (clusters, shape) => {
        const links = dials(shape, clusters, [])
        const reached = new Set(clusters.slice(0, 1))
        for (const _ of clusters)
          for (const { from, to } of links)
            if (reached.has(from) || reached.has(to)) reached.add(from).add(to)
        expect(reached.size).toBe(clusters.length)
        expect(new Set(links.map(({ from, to }) => [from, to].sort().join())).size).toBe(links.length)
      }),
    )
  })
})
