import { expect, test } from '@jest/globals'
import { scopeOf } from '../../../src/cli/member.ts'

test.each([
  ['a whole cluster, unless something else is said,', undefined, 'fairlead-system', {}],
  ['a whole cluster', 'fairlead-system', 'fairlead-system', {}],
  ['one namespace', 'team', 'team', { namespace: 'team' }],
])('%s has its objects in one namespace, and lists what it serves', (_, given, systemNamespace, served) => {
  expect(scopeOf(given)).toEqual({ systemNamespace, served })
})
