import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  fromSelectorObject,
  matchesLabels,
  parseLabelSelector,
  selectorText,
} from '../../../../src/lab/api-server/selectors/label-selector.ts'

function matches(text: string, labels: Record<string, string>): boolean {
  const requirements = parseLabelSelector(text)
  if (requirements === undefined) throw new Error(`${text} does not parse`)
  return matchesLabels(requirements, labels)
}

describe('a label selector', () => {
  test.each([
    ['', {}, true],
    ['a=b', { a: 'b' }, true],
    ['a==b', { a: 'c' }, false],
    ['a!=b', {}, true],
    ['a!=b', { a: 'b' }, false],
    ['a in (b, c)', { a: 'c' }, true],
    ['a notin (b,c)', { a: 'c' }, false],
    ['a notin (b)', {}, true],
    ['a', { a: '' }, true],
    ['!a', { a: '' }, false],
    ['n>3', { n: '4' }, true],
    ['n<3', { n: '4' }, false],
    ['n>3', { n: 'x' }, false],
    ['a=b,c', { a: 'b' }, false],
    ['x.y/z in (q),!w', { 'x.y/z': 'q' }, true],
    ['a=', { a: '' }, true],
  ])('%j on %j is %j', (text, labels, expected) => {
    expect(matches(text, labels as Record<string, string>)).toBe(expected)
  })

  test.each(['a=b=c', 'in (a)', 'a in', '=b', 'a b', 'a!', '(a)'])('%j is malformed', (text) => {
    expect(parseLabelSelector(text)).toBeUndefined()
  })

  test('as an object means the same as its text', () => {
    const object = {
      matchLabels: { app: 'web' },
      matchExpressions: [
        { key: 'tier', operator: 'In', values: ['b', 'a'] },
        { key: 'old', operator: 'DoesNotExist' },
      ],
    }
    expect(selectorText(fromSelectorObject(object))).toBe('app=web,!old,tier in (a,b)')
  })

  test('is written so that it reads back the same', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/)
    const requirement = fc.oneof(
      fc.record({
        key: name,
        operator: fc.constantFrom('in', 'notin'),
        values: fc.uniqueArray(name, { minLength: 1, maxLength: 3 }),
      }),
      fc.record({ key: name, operator: fc.constantFrom('=', '!='), values: fc.tuple(name) }),
      fc.record({ key: name, operator: fc.constantFrom('exists', '!'), values: fc.constant([]) }),
    )
    fc.assert(
      fc.property(fc.array(requirement, { maxLength: 4 }), (requirements) => {
        const text = selectorText(requirements as never)
        expect(selectorText(parseLabelSelector(text) ?? [])).toBe(text)
      }),
    )
  })
})
