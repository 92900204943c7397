import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { applyJsonPatch, JsonPatchError } from '../../../../src/lab/api-server/patch/json-patch.ts'
import { applyMergePatch } from '../../../../src/lab/api-server/patch/merge-patch.ts'

describe('JSON patch', () => {
  const cases: [string, unknown, unknown[], unknown][] = [
    ['adds a member', { a: 1 }, [{ op: 'add', path: '/b', value: 2 }], { a: 1, b: 2 }],
    ['adds to the end of a list', { a: [1] }, [{ op: 'add', path: '/a/-', value: 2 }], { a: [1, 2] }],
    ['inserts into a list', { a: [1, 3] }, [{ op: 'add', path: '/a/1', value: 2 }], { a: [1, 2, 3] }],
    ['removes', { a: 1, b: 2 }, [{ op: 'remove', path: '/a' }], { b: 2 }],
    ['replaces the whole', { a: 1 }, [{ op: 'replace', path: '', value: { b: 1 } }], { b: 1 }],
    ['moves', { a: { x: 1 } }, [{ op: 'move', from: '/a/x', path: '/y' }], { a: {}, y: 1 }],
    ['copies', { a: [1] }, [{ op: 'copy', from: '/a', path: '/b' }], { a: [1], b: [1] }],
    [
      'unescapes',
      { 'a/b': 1, 'c~d': 2 },
      [
        { op: 'remove', path: '/a~1b' },
        { op: 'test', path: '/c~0d', value: 2 },
      ],
      { 'c~d': 2 },
    ],
  ]
  test.each(cases)('%s', (_name, document, patch, expected) => {
    expect(applyJsonPatch(document, patch)).toEqual(expected)
  })

  test.each([
    ['a missing member', [{ op: 'remove', path: '/none' }]],
    ['a test that fails', [{ op: 'test', path: '/a', value: 2 }]],
    ['an unknown operation', [{ op: 'grow', path: '/a' }]],
    ['an index out of range', [{ op: 'add', path: '/list/7', value: 1 }]],
    ['a path that is no pointer', [{ op: 'add', path: 'a', value: 1 }]],
  ])('refuses %s', (_name, patch) => {
    expect(() => applyJsonPatch({ a: 1, list: [] }, patch)).toThrow(JsonPatchError)
  })

  test('leaves its input alone', () => {
    const document = { a: [1] }
    applyJsonPatch(document, [{ op: 'add', path: '/a/-', value: 2 }])
    expect(document).toEqual({ a: [1] })
  })
})

describe('merge patch', () => {
  test('replaces lists, merges objects and removes by null', () => {
    const target = { a: { x: 1, y: 2 }, list: [1, 2], gone: true }
    expect(applyMergePatch(target, { a: { y: null, z: 3 }, list: [3], gone: null })).toEqual({
      a: { x: 1, z: 3 },
      list: [3],
    })
  })

  test('applied twice gives what it gives once', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (target, patch) => {
        const once = applyMergePatch(target, patch)
        expect(applyMergePatch(once, patch)).toEqual(once)
      }),
    )
  })
})
