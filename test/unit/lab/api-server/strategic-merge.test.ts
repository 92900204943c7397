import { describe, expect, test } from '@jest/globals'
import { definition, resolveReference } from '../../../../src/lab/api-server/openapi/catalog.ts'
import {
  applyStrategicMerge,
  StrategicMergeError,
} from '../../../../src/lab/api-server/patch/strategic-merge.ts'

const POD = definition('io.k8s.api.core.v1.Pod') ?? {}
const DEPLOYMENT = definition('io.k8s.api.apps.v1.Deployment') ?? {}

function patchContainers(containers: unknown[], patch: object): unknown {
  const result = applyStrategicMerge({ spec: { containers } }, { spec: patch }, POD, resolveReference)
  return (result['spec'] as { containers: unknown }).containers
}

describe('strategic merge patch', () => {
  test('merges list items by their key', () => {
    const before = [
      { name: 'a', image: '1' },
      { name: 'b', image: '1' },
    ]
    expect(
      patchContainers(before, {
        containers: [
          { name: 'b', image: '2' },
          { name: 'c', image: '3' },
        ],
      }),
    ).toEqual([
      { name: 'a', image: '1' },
      { name: 'b', image: '2' },
      { name: 'c', image: '3' },
    ])
  })

  test('deletes and replaces by directive', () => {
    const before = [{ name: 'a' }, { name: 'b' }]
    expect(patchContainers(before, { containers: [{ $patch: 'delete', name: 'a' }] })).toEqual([
      { name: 'b' },
    ])
    expect(patchContainers(before, { containers: [{ $patch: 'replace' }, { name: 'z' }] })).toEqual([
      { name: 'z' },
    ])
  })

  test('orders items as told, those it does not name behind their neighbours', () => {
    const before = [{ name: 'a' }, { name: 'server' }, { name: 'b' }]
    const patch = {
      '$setElementOrder/containers': [{ name: 'c' }, { name: 'b' }, { name: 'a' }],
      containers: [{ name: 'c' }],
    }
    expect(patchContainers(before, patch)).toEqual([
      { name: 'c' },
      { name: 'b' },
      { name: 'a' },
      { name: 'server' },
    ])
  })

  test('keeps only the keys it retains', () => {
    const before = { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } } }
    const patch = { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } }
    expect(applyStrategicMerge(before, patch, DEPLOYMENT, resolveReference)).toEqual({
      spec: { strategy: { type: 'Recreate' } },
    })
  })

  test('adds to and deletes from lists of plain values', () => {
    const before = { metadata: { finalizers: ['a/x', 'a/y'] } }
    const patch = { metadata: { finalizers: ['a/z'], '$deleteFromPrimitiveList/finalizers': ['a/x'] } }
    expect(applyStrategicMerge(before, patch, POD, resolveReference)).toEqual({
      metadata: { finalizers: ['a/y', 'a/z'] },
    })
  })

  test('replaces lists that have no merge key', () => {
    const before = [{ name: 'a', command: ['x', 'y'] }]
    expect(patchContainers(before, { containers: [{ name: 'a', command: ['z'] }] })).toEqual([
      { name: 'a', command: ['z'] },
    ])
  })

  test('stores no directive of new content', () => {
    expect(
      patchContainers([], {
        containers: [{ name: 'a', env: [{ $patch: 'delete', name: 'E' }], image: null }],
      }),
    ).toEqual([{ name: 'a', env: [] }])
  })

  test('refuses items without their key, and directives it does not know', () => {
    expect(() => patchContainers([], { containers: [{ image: 'x' }] })).toThrow(StrategicMergeError)
    expect(() => applyStrategicMerge({}, { $patch: 'burn' }, POD, resolveReference)).toThrow(
      StrategicMergeError,
    )
  })
})
