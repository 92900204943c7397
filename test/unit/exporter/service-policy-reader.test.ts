/** What a ServicePolicy says, and that one that cannot be used lets nobody. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { parse } from 'yaml'
import type { ServicePolicy } from '../../../src/api/service-policy.ts'
import { ACCESS_BOUNDS, ACCESS_MAX_ENTRIES, ACCESS_MAX_RULES } from '../../../src/exporter/limits.ts'
import { readServicePolicy } from '../../../src/exporter/service-policy-reader.ts'
import { ROOT } from '../../support/source-tree.ts'

const TARGETS = [{ name: 'web' }]
const NAMED = [{ kind: 'name', name: 'web' }]
const EVERY = [{ kind: 'labels', labels: new Map() }]

const read = (spec: unknown) =>
  readServicePolicy({ metadata: { namespace: 'demo', name: 'p' }, spec } as ServicePolicy)
const access = (spec: object) => read({ targets: TARGETS, ...spec }).access

describe('a policy', () => {
  test('says who may call, and how much', () => {
    const rule = { clusters: ['west'], namespaces: ['shop'], serviceAccounts: ['web', 'ops/probe.v2'] }
    const limits = { connections: 10, connectionsPerSecond: 5, bytesPerSecond: 1_000_000 }
    expect(read({ targets: TARGETS, allow: [rule], limits })).toEqual({
      targets: NAMED,
      access: { policy: 'demo/p', rules: [rule], limits },
    })
  })

  test('without a list says nothing of who may call, with an empty one that nobody may', () => {
    expect(access({})).toEqual({ policy: 'demo/p', limits: {} })
    expect(access({ allow: [] })).toEqual({ policy: 'demo/p', rules: [], limits: {} })
  })

  test('with * among its clusters means any', () => {
    expect(access({ allow: [{ clusters: ['west', '*'], namespaces: ['shop'] }] }).rules).toEqual([
      { namespaces: ['shop'] },
    ])
  })

  test('keeps the namespaces of a rule out of account names that have one', () => {
    expect(access({ allow: [{ serviceAccounts: ['shop/web'] }] }).rules).toEqual([
      { serviceAccounts: ['shop/web'] },
    ])
  })
})

describe('a policy that cannot be used lets nobody call its targets, and says why', () => {
  test.each<[string, object]>([
    ['spec.allow', { allow: 'west' }],
    ['spec.allow[0] needs', { allow: [{}] }],
    ['spec.allow[0].clusters', { allow: [{ clusters: [] }] }],
    ['spec.allow[0].clusters[0]', { allow: [{ clusters: ['West'] }] }],
    ['spec.allow[1].clusters[0]', { allow: [{ clusters: ['a'] }, { clusters: ['**'] }] }],
    ['spec.allow[0].namespaces', { allow: [{ namespaces: 'shop' }] }],
    ['spec.allow[0].namespaces[0]', { allow: [{ namespaces: ['*'] }] }],
    ['spec.allow[0].serviceAccounts needs', { allow: [{ serviceAccounts: ['web'] }] }],
    ['spec.allow[0].serviceAccounts[0]', { allow: [{ serviceAccounts: ['a/b/c'] }] }],
    ['spec.allow[0].serviceAccounts[0]', { allow: [{ serviceAccounts: ['shop/'] }] }],
    ['spec.allow', { allow: Array(ACCESS_MAX_RULES + 1).fill({ clusters: ['a'] }) }],
    ['spec.allow[0].clusters', { allow: [{ clusters: Array(ACCESS_MAX_ENTRIES + 1).fill('a') }] }],
    ['spec.limits', { limits: 5 }],
    ['spec.limits.connections', { limits: { connections: 0 } }],
    ['spec.limits.connectionsPerSecond', { limits: { connectionsPerSecond: 1.5 } }],
    ['spec.limits.bytesPerSecond', { limits: { bytesPerSecond: '1M' } }],
  ])('%s', (what, spec) => {
    const found = read({ targets: TARGETS, ...spec })
    expect(found).toEqual({
      targets: NAMED,
      access: { policy: 'demo/p', rules: [], limits: {} },
      invalid: expect.stringContaining(what),
    })
  })

  test.each([
    [undefined],
    [null],
    [{}],
    [{ targets: [] }],
    [{ targets: 'web', allow: [{ clusters: ['*'] }] }],
    [{ targets: [{ name: 'web' }, { name: 'Web' }] }],
    [{ targets: [{ name: 'web', selector: { matchLabels: {} } }] }],
  ])('and where its targets cannot be read, every export of its namespace: %j', (spec) => {
    expect(read(spec)).toMatchObject({
      targets: EVERY,
      access: { rules: [] },
      invalid: expect.any(String),
    })
  })

  test('whatever was written, nothing is thrown, and what is refused is closed', () => {
    const anything = fc.anything({ maxDepth: 4, withNullPrototype: true })
    const spec = fc.oneof(
      anything,
      fc.record({ targets: fc.constant(TARGETS), allow: anything, limits: anything }),
    )
    fc.assert(
      fc.property(spec, (value) => {
        const found = read(value)
        if (found.invalid !== undefined) expect(found.access.rules).toEqual([])
        expect(found.targets.length).toBeGreaterThan(0)
      }),
      { numRuns: 500 },
    )
  })
})

test('the definition states the same bounds', () => {
  const crd = parse(readFileSync(join(ROOT, 'manifests/base/crds/servicepolicies.yaml'), 'utf8'))
  const { allow, limits } = crd.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties
  expect(allow.maxItems).toBe(ACCESS_MAX_RULES)
  for (const entries of Object.values<{ maxItems: number; minItems: number }>(allow.items.properties))
    expect([entries.minItems, entries.maxItems]).toEqual([1, ACCESS_MAX_ENTRIES])
  for (const [field, { min, max }] of Object.entries(ACCESS_BOUNDS))
    expect([limits.properties[field].minimum, limits.properties[field].maximum]).toEqual([min, max])
})
