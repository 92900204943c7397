/** What users read about their ServicePolicies, and what routers add to it. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { PolicyDenial } from '../../../src/api/policy-denials.ts'
import type { ServicePolicy } from '../../../src/api/service-policy.ts'
import type { AccessOutcome } from '../../../src/exporter/access-assignment.ts'
import { accessNotices, accessStatus } from '../../../src/exporter/access-status.ts'
import { countedStatus, denialKey, unreported } from '../../../src/exporter/denial-status.ts'
import { ACCESS_STATUS_CLUSTERS, ACCESS_STATUS_EXPORTS } from '../../../src/exporter/limits.ts'

const NOW = Date.UTC(2026, 5, 1)
const HOLDS: AccessOutcome = { generation: 2, exports: ['web'], crowded: [] }

const statusOf = (outcome: AccessOutcome, policy: ServicePolicy = { metadata: { name: 'p' } }) =>
  accessStatus(policy, outcome, NOW)

describe('the condition of a policy', () => {
  test.each<[string, AccessOutcome, string]>([
    ['that holds', HOLDS, 'True Accepted '],
    [
      'that cannot be used',
      { ...HOLDS, invalid: 'spec.allow is no list' },
      'False Invalid spec.allow is no list. Until this is mended it lets nobody call its targets',
    ],
    [
      'that targets nothing',
      { ...HOLDS, exports: [] },
      'False NoTargets no ServiceExport of this namespace has such a name or such labels',
    ],
    [
      'that is one too many',
      { ...HOLDS, crowded: ['web'] },
      'False TooManyPolicies passed over for web: 32 older policies hold there, and no more can',
    ],
  ])('%s', (_, outcome, expected) => {
    const [condition] = statusOf(outcome).conditions ?? []
    expect(`${condition?.status} ${condition?.reason} ${condition?.message}`).toBe(expected)
    expect(condition?.observedGeneration).toBe(2)
  })

  test('is worth an Event when it turns to something that the author has to mend', () => {
    const wrong = statusOf({ ...HOLDS, invalid: 'spec.allow is no list' }).conditions ?? []
    expect(accessNotices(undefined, wrong).map(({ reason }) => reason)).toEqual(['Invalid'])
    expect(accessNotices(wrong, wrong)).toEqual([])
    expect(accessNotices(wrong, statusOf(HOLDS).conditions ?? [])).toEqual([])
  })
})

test('exports are listed up to a bound', () => {
  const exports = Array.from({ length: ACCESS_STATUS_EXPORTS + 1 }, (_, index) => `e${index}`)
  expect(statusOf({ ...HOLDS, exports }).exports).toHaveLength(ACCESS_STATUS_EXPORTS)
  expect(statusOf({ ...HOLDS, exports: [] }).exports).toBeUndefined()
})

const timeOf = (ms: number) => new Date(ms).toISOString()
const denial = (cluster: string, count: number, lastAt = 0): PolicyDenial => ({
  policy: 'demo/p',
  cluster,
  reason: 'NotAllowed',
  count,
  lastAt,
})

describe('refusals', () => {
  test('are added to what is there, by cluster, with the last reason', () => {
    const first = countedStatus(undefined, [denial('west', 2, 1_000), denial('north', 1, 2_000)], timeOf)
    const later = { ...denial('west', 3, 5_000), reason: 'Connections' as const }
    expect(countedStatus(first, [later], timeOf)).toEqual({
      denied: 6,
      refusals: [
        { cluster: 'north', count: 1, reason: 'NotAllowed', lastTime: timeOf(2_000) },
        { cluster: 'west', count: 5, reason: 'Connections', lastTime: timeOf(5_000) },
      ],
    })
  })

  test('of more clusters than are listed are those of the last, and all are counted', () => {
    const many = Array.from({ length: ACCESS_STATUS_CLUSTERS + 5 }, (_, index) =>
      denial(`c${index}`, 1, index * 1_000),
    )
    const { denied, refusals } = countedStatus(undefined, many, timeOf)
    expect([denied, refusals.length]).toEqual([many.length, ACCESS_STATUS_CLUSTERS])
    expect(refusals.some(({ cluster }) => cluster === 'c0')).toBe(false)
  })

  test('are written once each, in whatever portions', () => {
    const portions = fc.array(fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 5 }), { maxLength: 10 })
    fc.assert(
      fc.property(portions, (all) => {
        const { status, counts } = written(all)
        expect(status?.denied ?? 0).toBe(all.flat().length)
        for (const { cluster, count } of status?.refusals ?? []) expect(count).toBe(counts.get(cluster))
      }),
    )
  })
})

/** The status after all portions, each written by itself, and how many refusals there were of each cluster. */
function written(portions: readonly (readonly string[])[]) {
  const counts = new Map<string, number>()
  const reported = new Map<string, number>()
  let status: ReturnType<typeof countedStatus> | undefined
  for (const portion of portions) {
    for (const cluster of portion) counts.set(cluster, (counts.get(cluster) ?? 0) + 1)
    const denials = [...counts].map(([cluster, count]) => denial(cluster, count))
    const added = unreported(denials, reported).get('demo/p') ?? []
    if (added.length > 0) status = countedStatus(status, added, timeOf)
    for (const each of denials) reported.set(denialKey(each), each.count)
  }
  return { status, counts }
}
