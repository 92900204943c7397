/** Who may call a service under its policies, and who sees it. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  type AccessClient,
  type AccessPolicy,
  type AccessRule,
  covers,
  importersOf,
  isVisibleTo,
  mayCall,
  ruleMatches,
} from '../../../src/api/access-policy.ts'
import { MAX_IMPORTERS } from '../../../src/api/limits.ts'
import { echoRecord } from '../../support/routes.ts'

const WEB: AccessClient = { cluster: 'west', namespace: 'shop', serviceAccount: 'web' }
const UNKNOWN: AccessClient = { cluster: 'west' }
const HALF_KNOWN: AccessClient = { cluster: 'west', namespace: 'shop' }

const policy = (name: string, rules?: AccessRule[]): AccessPolicy => ({
  policy: `demo/${name}`,
  limits: {},
  ...(rules === undefined ? {} : { rules }),
})

describe('a rule', () => {
  test.each<[string, AccessRule, AccessClient, boolean]>([
    ['with the cluster', { clusters: ['west'] }, WEB, true],
    ['with the cluster, of a client that is not known', { clusters: ['west'] }, UNKNOWN, true],
    ['with another cluster', { clusters: ['north'] }, WEB, false],
    ['with the namespace', { namespaces: ['other', 'shop'] }, WEB, true],
    ['with another namespace', { namespaces: ['other'] }, WEB, false],
    ['with a namespace, of a client that is not known', { namespaces: ['shop'] }, UNKNOWN, false],
    ['with the service account', { namespaces: ['shop'], serviceAccounts: ['web'] }, WEB, true],
    ['with the service account and its namespace', { serviceAccounts: ['shop/web'] }, WEB, true],
    ['with that account of another namespace', { serviceAccounts: ['other/web'] }, WEB, false],
    ['with an account, of a client without one', { serviceAccounts: ['shop/web'] }, HALF_KNOWN, false],
    ['with an account, of a client that is not known', { serviceAccounts: ['web'] }, UNKNOWN, false],
    ['of which one list does not match', { clusters: ['west'], namespaces: ['other'] }, WEB, false],
    ['of which all lists match', { clusters: ['west'], namespaces: ['shop'] }, WEB, true],
    ['without lists', {}, UNKNOWN, true],
  ])('%s', (_, rule, client, expected) => {
    expect(ruleMatches(rule, client)).toBe(expected)
  })
})

describe('a service', () => {
  test.each<[string, AccessPolicy[], AccessClient, boolean]>([
    ['without policies is open to all', [], UNKNOWN, true],
    ['with a policy that only has limits is open to all', [policy('a')], UNKNOWN, true],
    ['with an empty list of rules is open to nobody', [policy('a', [])], WEB, false],
    ['is not opened by limits when another policy closes it', [policy('a'), policy('b', [])], WEB, false],
    [
      'is open to whom any of its policies lets',
      [policy('a', []), policy('b', [{ clusters: ['west'] }])],
      WEB,
      true,
    ],
    [
      'is open to whom any rule lets',
      [policy('a', [{ clusters: ['north'] }, { namespaces: ['shop'] }])],
      WEB,
      true,
    ],
  ])('%s', (_, access, client, expected) => {
    expect(mayCall(access, client)).toBe(expected)
  })

  test('has limits of a policy count for those that one of its rules lets, or for all where it has none', () => {
    expect(covers(policy('a'), UNKNOWN)).toBe(true)
    expect(covers(policy('a', [{ clusters: ['west'] }]), WEB)).toBe(true)
    expect(covers(policy('a', [{ clusters: ['north'] }]), WEB)).toBe(false)
  })
})

describe('importers', () => {
  test.each<[string, AccessPolicy[], string[] | undefined]>([
    ['are all without policies', [], undefined],
    ['are all when policies say nothing of who', [policy('a')], undefined],
    ['are nobody when nobody is let', [policy('a', [])], []],
    [
      'are the clusters of all rules, each once, sorted',
      [policy('a', [{ clusters: ['west'] }]), policy('b', [{ clusters: ['north', 'west'] }])],
      ['north', 'west'],
    ],
    [
      'are all when a rule names no cluster',
      [policy('a', [{ clusters: ['west'] }, { namespaces: ['shop'] }])],
      undefined,
    ],
  ])('%s', (_, access, expected) => {
    expect(importersOf(access)).toEqual(expected)
  })

  test('are all when they are more than a record names', () => {
    const clusters = Array.from({ length: MAX_IMPORTERS + 1 }, (_, index) => `c${index}`)
    const rules = (count: number) => [policy('a', [{ clusters: clusters.slice(0, count) }])]
    expect(importersOf(rules(MAX_IMPORTERS))).toHaveLength(MAX_IMPORTERS)
    expect(importersOf(rules(MAX_IMPORTERS + 1))).toBeUndefined()
  })
})

describe('an export', () => {
  const record = echoRecord(1)

  test.each([
    ['without a list is visible to all', undefined, true],
    ['is visible to those it names', ['north', 'west'], true],
    ['is hidden from those it does not name', ['north'], false],
    ['of an empty list is hidden', [], false],
  ])('%s', (_, importers, expected) => {
    const told = importers === undefined ? record : { ...record, importers }
    expect(isVisibleTo('west', { cluster: 'east', record: told })).toBe(expected)
  })

  test('is always visible to its own cluster', () => {
    expect(isVisibleTo('east', { cluster: 'east', record: { ...record, importers: [] } })).toBe(true)
  })
})

const NAMES = ['a', 'b', 'c']
const name = fc.constantFrom(...NAMES)
const names = fc.uniqueArray(name, { minLength: 1 })
const rules = fc.array(
  fc.record(
    {
      clusters: names,
      namespaces: names,
      serviceAccounts: fc.uniqueArray(
        fc.oneof(
          name,
          fc.tuple(name, name).map((two) => two.join('/')),
        ),
        {
          minLength: 1,
        },
      ),
    },
    { requiredKeys: [] },
  ),
  { maxLength: 4 },
)
const policies = fc.array(
  fc.option(rules, { nil: undefined }).map((each) => policy('p', each)),
  { maxLength: 4 },
)
const clients = fc.record(
  { cluster: name, namespace: name, serviceAccount: name },
  { requiredKeys: ['cluster'] },
)

describe('whatever the policies', () => {
  test('their order says nothing', () => {
    fc.assert(
      fc.property(policies, clients, (access, client) => {
        expect(mayCall(access.toReversed(), client)).toBe(mayCall(access, client))
        expect(importersOf(access.toReversed())).toEqual(importersOf(access))
      }),
    )
  })

  test('one more that says who may call takes nothing from whom another lets', () => {
    fc.assert(
      fc.property(policies, rules, clients, (access, more, client) => {
        const isGuarded = access.some((each) => each.rules !== undefined)
        if (!isGuarded) return
        const after = mayCall([...access, policy('more', more)], client)
        expect(after).toBe(mayCall(access, client) || more.some((rule) => ruleMatches(rule, client)))
      }),
    )
  })

  test('who knows less of a client lets no more', () => {
    fc.assert(
      fc.property(policies, clients, (access, client) => {
        if (mayCall(access, { cluster: client.cluster })) expect(mayCall(access, client)).toBe(true)
      }),
    )
  })

  test('who may call sees the import, and of who sees it some client may call', () => {
    fc.assert(
      fc.property(policies, clients, (access, client) => {
        const importers = importersOf(access)
        if (mayCall(access, client)) expect(importers?.includes(client.cluster) ?? true).toBe(true)
        for (const cluster of importers ?? []) {
          const all = NAMES.flatMap((namespace) =>
            NAMES.map((serviceAccount) => ({ cluster, namespace, serviceAccount })),
          )
          expect(all.some((each) => mayCall(access, each))).toBe(isPossible(access, cluster))
        }
      }),
    )
  })
})

/** A rule may ask for an account of a namespace that it does not list: then nobody matches it. */
function isPossible(access: readonly AccessPolicy[], cluster: string): boolean {
  return access
    .flatMap((each) => each.rules ?? [])
    .filter(({ clusters }) => clusters === undefined || clusters.includes(cluster))
    .some(
      ({ namespaces = NAMES, serviceAccounts }) =>
        serviceAccounts === undefined ||
        serviceAccounts.some((account) => {
          const [namespace = '', plain] = account.split('/')
          return plain === undefined || namespaces.includes(namespace)
        }),
    )
}
