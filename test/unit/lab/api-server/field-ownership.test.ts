import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  difference,
  formatFields,
  intersection,
  members,
  parseFields,
  pathText,
  union,
} from '../../../../src/lab/api-server/apply/field-set.ts'
import { compareFields, fieldsOf, prunedSet } from '../../../../src/lab/api-server/apply/field-walk.ts'
import { mergeApplied, removeFields } from '../../../../src/lab/api-server/apply/merge-typed.ts'
import { definition, resolveReference } from '../../../../src/lab/api-server/openapi/catalog.ts'

const POD = definition('io.k8s.api.core.v1.Pod') ?? {}
const SERVICE = definition('io.k8s.api.core.v1.Service') ?? {}

const fieldTree = fc.letrec<{ tree: Record<string, unknown> }>((tie) => ({
  tree: fc.dictionary(
    fc.constantFrom('f:a', 'f:b', 'v:1', 'i:0'),
    fc.oneof({ depthSize: 'small' }, fc.constant({}), tie('tree')),
    {
      maxKeys: 3,
    },
  ),
})).tree

describe('a set of fields', () => {
  test('is read and written without change', () => {
    fc.assert(
      fc.property(fieldTree, (tree) => {
        expect(formatFields(parseFields(formatFields(parseFields(tree))))).toEqual(
          formatFields(parseFields(tree)),
        )
      }),
    )
  })

  test('is split by another into two parts that make it up', () => {
    fc.assert(
      fc.property(fieldTree, fieldTree, (left, right) => {
        const [a, b] = [parseFields(left), parseFields(right)]
        const whole = union(difference(a, b), intersection(a, b))
        expect([...members(whole)].map(String).sort()).toEqual([...members(a)].map(String).sort())
      }),
    )
  })

  test('names list items by their keys', () => {
    const pod = { spec: { containers: [{ name: 'web', ports: [{ containerPort: 80 }] }] } }
    expect(formatFields(fieldsOf(pod, POD, resolveReference))).toEqual({
      'f:spec': {
        'f:containers': {
          'k:{"name":"web"}': {
            '.': {},
            'f:name': {},
            'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
          },
        },
      },
    })
  })

  test('takes atomic values whole', () => {
    const service = { spec: { selector: { app: 'x' }, externalIPs: ['1.1.1.1'] } }
    expect(formatFields(fieldsOf(service, SERVICE, resolveReference))).toEqual({
      'f:spec': { 'f:selector': {}, 'f:externalIPs': {} },
    })
  })

  test('has paths people can read', () => {
    expect(pathText(['f:spec', 'f:containers', 'k:{"name":"web"}', 'f:image'])).toBe(
      '.spec.containers[name="web"].image',
    )
  })
})

describe('comparing two objects', () => {
  test('tells what was added, changed and removed', () => {
    const before = { spec: { containers: [{ name: 'a', image: '1' }, { name: 'b' }] } }
    const after = { spec: { containers: [{ name: 'a', image: '2' }, { name: 'c' }] } }
    const changes = compareFields(before, after, POD, resolveReference)
    const paths = (set: typeof changes.added) => [...members(prunedSet(set))].map(pathText)
    expect(paths(changes.modified)).toEqual(['.spec.containers[name="a"].image'])
    expect(paths(changes.added)).toContain('.spec.containers[name="c"]')
    expect(paths(changes.removed)).toContain('.spec.containers[name="b"]')
  })
})

describe('merging what is applied', () => {
  const live = { spec: { containers: [{ name: 'a', image: '1', env: [{ name: 'X', value: '1' }] }] } }

  test('changes the fields given and keeps the others', () => {
    const applied = { spec: { containers: [{ name: 'b' }, { name: 'a', image: '2' }] } }
    expect(mergeApplied(live, applied, POD, resolveReference)).toEqual({
      spec: { containers: [{ name: 'a', image: '2', env: [{ name: 'X', value: '1' }] }, { name: 'b' }] },
    })
  })

  test('applied again changes nothing', () => {
    const once = mergeApplied(live, { spec: { hostNetwork: true } }, POD, resolveReference)
    expect(mergeApplied(once, { spec: { hostNetwork: true } }, POD, resolveReference)).toEqual(once)
  })

  test('removing takes out items, except what others own in them', () => {
    const gone = fieldsOf(live, POD, resolveReference)
    const kept = fieldsOf({ spec: { containers: [{ name: 'a', image: '1' }] } }, POD, resolveReference)
    expect(removeFields(live, difference(gone, kept), kept, POD, resolveReference)).toEqual({
      spec: { containers: [{ name: 'a', image: '1' }] },
    })
    expect(removeFields(live, gone, undefined, POD, resolveReference)).toEqual({})
  })
})
