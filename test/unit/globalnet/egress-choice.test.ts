/** Whose source addresses a client has, and which of them. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { PodSelector } from '../../../src/api/globalnet.ts'
import {
  type EgressClient,
  type EgressPool,
  EgressRules,
  egressAddress,
  egressPool,
} from '../../../src/globalnet/egress-choice.ts'

const CLUSTER = ['242.7.0.1', '242.7.0.2']

function pool(name: string, day: number, podSelector?: PodSelector, namespace = 'demo'): EgressPool {
  return {
    namespace,
    name,
    createdAt: `2026-01-0${day}T00:00:00Z`,
    ...(podSelector && { podSelector }),
    addresses: [`of-${name}`],
  }
}

const pod = (
  labels: Record<string, string> = {},
  more: { ingressAddress?: string; namespace?: string } = {},
) => ({
  kind: 'pod' as const,
  namespace: 'demo',
  name: 'web-0',
  labels,
  ...more,
})
const app = (value: string): PodSelector => ({ matchLabels: { app: value } })

const sourceOf = (pools: readonly EgressPool[], client: EgressClient) =>
  new EgressRules(CLUSTER, pools).sourceOf(client)

describe('the source of a pod', () => {
  const everything = [pool('wide', 1), pool('web', 3, app('web')), pool('other', 2, app('web'), 'other')]

  test('is that of a selector in its namespace, before all else', () => {
    expect(sourceOf(everything, pod({ app: 'web' }, { ingressAddress: '242.7.9.9' }))).toEqual({
      level: 'Pod',
      name: 'web',
      addresses: ['of-web'],
    })
  })

  test('is the address at which others reach it, when no selector selects it', () => {
    expect(sourceOf(everything, pod({ app: 'db' }, { ingressAddress: '242.7.9.9' }))).toEqual({
      level: 'Endpoint',
      addresses: ['242.7.9.9'],
    })
  })

  test('is that of its namespace, when it has none of its own', () => {
    expect(sourceOf(everything, pod({ app: 'db' }))).toEqual({
      level: 'Namespace',
      name: 'wide',
      addresses: ['of-wide'],
    })
  })

  test('is that of the cluster, when its namespace has none', () => {
    expect(sourceOf(everything, pod({ app: 'web' }, { namespace: 'third' }))).toEqual({
      level: 'Cluster',
      addresses: CLUSTER,
    })
  })

  test('is none, and not that of a wider level, while its own has no address yet', () => {
    expect(
      sourceOf([{ ...pool('web', 1, app('web')), addresses: [] }, pool('wide', 1)], pod({ app: 'web' })),
    ).toEqual({
      level: 'Pod',
      name: 'web',
      addresses: [],
    })
  })
})

test('what is not a pod of its own network has the source of the cluster', () => {
  expect(sourceOf([pool('wide', 1), pool('all', 1, {})], { kind: 'outside' })).toMatchObject({
    level: 'Cluster',
  })
})

test.each<[PodSelector, Record<string, string>, boolean]>([
  [{}, {}, true],
  [{ matchLabels: { app: 'web' } }, { app: 'web', tier: 'x' }, true],
  [{ matchLabels: { app: 'web', tier: 'y' } }, { app: 'web', tier: 'x' }, false],
  [{ matchExpressions: [{ key: 'app', operator: 'In', values: ['a', 'web'] }] }, { app: 'web' }, true],
  [{ matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['web'] }] }, { app: 'web' }, false],
  [{ matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['web'] }] }, {}, true],
  [{ matchExpressions: [{ key: 'app', operator: 'Exists' }] }, {}, false],
  [{ matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] }, {}, true],
  [{ matchExpressions: [{ key: 'constructor', operator: 'Exists' }] }, {}, false],
  [{ matchExpressions: [{ key: 'app', operator: 'Like' as 'In', values: ['web'] }] }, { app: 'web' }, false],
  [
    { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'x', operator: 'Exists' }] },
    { app: 'web' },
    false,
  ],
])('selector %j selects %j: %s', (selector, labels, selected) => {
  expect(sourceOf([pool('p', 1, selector)], pod(labels)).level).toBe(selected ? 'Pod' : 'Cluster')
})

describe('where two say something about one pod', () => {
  const older = pool('z-older', 1, app('web'))
  const younger = pool('a-younger', 2, {})

  test('the older holds, and the younger is told which pods it does not have', () => {
    const rules = new EgressRules(CLUSTER, [younger, older])
    expect(rules.sourceOf(pod({ app: 'web' }))).toMatchObject({ name: 'z-older' })
    expect(rules.sourceOf(pod({ app: 'db' }))).toMatchObject({ name: 'a-younger' })
    const pods = ['web-1', 'web-0'].map((name) => ({ ...pod({ app: 'web' }), name }))
    expect(rules.conflicts([...pods, { ...pod({ app: 'db' }), name: 'db-0' }])).toEqual([
      { namespace: 'demo', name: 'a-younger', to: 'z-older', pods: ['web-0', 'web-1'] },
    ])
    expect(rules.conflicts([])).toEqual([])
  })

  test('of two of one age the first by name holds; one without a readable time is the youngest', () => {
    const twin = { ...pool('b', 1, {}), createdAt: older.createdAt }
    expect(sourceOf([older, twin], pod({ app: 'web' }))).toMatchObject({ name: 'b' })
    expect(sourceOf([{ ...twin, createdAt: '' }, older], pod({ app: 'web' }))).toMatchObject({
      name: 'z-older',
    })
  })

  test('of two for the whole namespace too', () => {
    const rules = new EgressRules(CLUSTER, [
      pool('second', 2),
      pool('first', 1),
      pool('elsewhere', 3, undefined, 'x'),
    ])
    expect(rules.sourceOf(pod())).toMatchObject({ name: 'first' })
    expect(rules.conflicts([])).toEqual([{ namespace: 'demo', name: 'second', to: 'first', pods: [] }])
  })
})

test('a resource is read with what it lacks', () => {
  const metadata = { namespace: 'demo', name: 'p', creationTimestamp: '2026-01-01T00:00:00Z' }
  expect(egressPool({ metadata })).toEqual({
    namespace: 'demo',
    name: 'p',
    createdAt: metadata.creationTimestamp,
    addresses: [],
  })
  expect(
    egressPool({
      metadata,
      spec: { count: 2, podSelector: app('web') },
      status: { allocatedIPs: ['242.7.0.9'] },
    }),
  ).toMatchObject({ podSelector: app('web'), addresses: ['242.7.0.9'] })
})

const label = fc.dictionary(fc.constantFrom('app', 'tier'), fc.constantFrom('a', 'b'), { maxKeys: 2 })
const anyPool = fc.record({
  namespace: fc.constantFrom('demo', 'other'),
  name: fc.constantFrom('p', 'q', 'r', 's'),
  day: fc.integer({ min: 1, max: 3 }),
  labels: fc.option(label, { nil: undefined }),
})
const anyPools = fc
  .uniqueArray(anyPool, { selector: ({ namespace, name }) => `${namespace}/${name}`, maxLength: 8 })
  .map((list) =>
    list.map(({ namespace, name, day, labels }) =>
      pool(name, day, labels && { matchLabels: labels }, namespace),
    ),
  )
const anyPods = fc.array(
  fc.record({
    namespace: fc.constantFrom('demo', 'other', 'third'),
    name: fc.constantFrom('a', 'b', 'c'),
    labels: label,
  }),
  { maxLength: 6 },
)

test('the order of what is given plays no part, and whoever selects a pod has it or is told that it has not', () => {
  fc.assert(
    fc.property(
      anyPools.chain((list) =>
        fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
      ),
      anyPods,
      ([pools, shuffled], pods) => {
        const [rules, other] = [new EgressRules(CLUSTER, pools), new EgressRules(CLUSTER, shuffled)]
        const conflicts = rules.conflicts(pods)
        const sorted = (list: typeof conflicts) => list.map((each) => JSON.stringify(each)).sort()
        expect(sorted(other.conflicts(pods))).toEqual(sorted(conflicts))
        for (const each of pods) {
          const source = rules.sourceOf({ kind: 'pod', ...each })
          expect(other.sourceOf({ kind: 'pod', ...each })).toEqual(source)
          for (const one of pools.filter(({ podSelector }) => podSelector !== undefined)) {
            const alone = new EgressRules([], [one]).sourceOf({ kind: 'pod', ...each }).level === 'Pod'
            const told = conflicts.some(
              ({ namespace, name, pods: lost }) =>
                namespace === one.namespace && name === one.name && lost.includes(each.name),
            )
            if (alone) expect(source.name === one.name || told).toBe(true)
          }
        }
      },
    ),
  )
})

describe('the address of a client', () => {
  const addresses = fc.uniqueArray(
    fc.nat({ max: 250 }).map((number) => `242.7.0.${number}`),
    { minLength: 1, maxLength: 64 },
  )
  const clients = fc.array(fc.ipV4(), { minLength: 1, maxLength: 50 })

  test('is one of the pool, whatever the order of the pool', () => {
    fc.assert(
      fc.property(addresses, clients, (list, all) => {
        for (const client of all) {
          const found = egressAddress(client, list)
          expect(list).toContain(found)
          expect(egressAddress(client, list.toReversed())).toBe(found)
        }
      }),
    )
    expect(egressAddress('10.0.0.1', [])).toBeUndefined()
  })

  test('changes only to an address that was added, or from one that went', () => {
    fc.assert(
      fc.property(addresses, clients, (list, all) => {
        const [added, ...others] = list
        for (const client of all) {
          const [before, after] = [egressAddress(client, others), egressAddress(client, list)]
          if (after !== before) expect(after).toBe(added)
        }
      }),
    )
  })

  test('is spread: of 8,000 clients each of eight addresses has about a thousand', () => {
    const list = Array.from({ length: 8 }, (_, index) => `242.7.0.${index + 1}`)
    const clients = Array.from({ length: 8_000 }, (_, index) => `10.244.${index >> 8}.${index & 255}`)
    const shares = Map.groupBy(clients, (client) => egressAddress(client, list))
    for (const share of shares.values()) {
      expect(share.length).toBeGreaterThan(850)
      expect(share.length).toBeLessThan(1_150)
    }
    expect(shares.size).toBe(8)
  })
})
