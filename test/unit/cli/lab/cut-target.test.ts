/** What `lab cut` is told to separate. */
import { expect, test } from '@jest/globals'
import { cutTarget } from '../../../../src/cli/lab/cut-target.ts'

test.each([
  ['east', 'west', { kind: 'pair', clusters: ['east', 'west'] }],
  ['east/router-1', undefined, { kind: 'pod', cluster: 'east', pod: 'router-1' }],
  ['east/demo/router-1', undefined, { kind: 'pod', cluster: 'east', pod: 'demo/router-1' }],
])('%s %s', (a, b, target) => {
  expect(cutTarget(a, b)).toEqual(target)
})

test.each([
  ['east', undefined, 'name the other cluster too'],
  ['east/', undefined, 'is not CLUSTER/POD'],
  ['/pod', undefined, 'is not CLUSTER/POD'],
  ['a/b/c/d', undefined, 'is not CLUSTER/POD'],
  ['east/pod', 'west', 'name nothing else'],
  ['east', 'west/pod', 'name nothing else'],
])('%s %s cannot be', (a, b, message) => {
  expect(() => cutTarget(a, b)).toThrow(message)
})
