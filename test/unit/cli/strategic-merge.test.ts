import { expect, test } from '@jest/globals'
import { strategicMerge } from '../../../src/cli/install/strategic-merge.ts'

test('maps are merged, null removes, other values replace', () => {
  const base = { spec: { type: 'ClusterIP', ports: [1, 2], selector: { app: 'a' } }, kind: 'Service' }
  const patch = { spec: { type: 'NodePort', ports: [3], selector: null } }
  expect(strategicMerge(base, patch)).toEqual({ spec: { type: 'NodePort', ports: [3] }, kind: 'Service' })
  expect(base.spec.type).toBe('ClusterIP')
})

test('lists of named things are merged by name', () => {
  const base = {
    containers: [
      { name: 'a', image: 'x', args: ['1'] },
      { name: 'b', image: 'y' },
    ],
  }
  const patch = {
    containers: [
      { name: 'b', image: 'z' },
      { name: 'c', image: 'w' },
    ],
  }
  expect(strategicMerge(base, patch)).toEqual({
    containers: [
      { name: 'a', image: 'x', args: ['1'] },
      { name: 'b', image: 'z' },
      { name: 'c', image: 'w' },
    ],
  })
})

test('what a list has more of comes where kubectl puts it', () => {
  const base = ['a', 'b', 'c'].map((name) => ({ name }))
  const merge = (...names: string[]) =>
    (
      strategicMerge(
        base,
        names.map((name) => ({ name })),
      ) as { name: string }[]
    )
      .map(({ name }) => name)
      .join('')
  expect([merge('x'), merge('b', 'x'), merge('x', 'c')]).toEqual(['xabc', 'abxc', 'xabc'])
})
