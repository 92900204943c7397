/** What users read about their policies. */
import { describe, expect, test } from '@jest/globals'
import type { Condition } from '../../../src/api/objects.ts'
import type { TrafficPolicy } from '../../../src/api/traffic-policy.ts'
import { DEFAULT_TRAFFIC } from '../../../src/api/traffic-settings.ts'
import { activeClusters, policyNotices, policyStatus } from '../../../src/exporter/policy-status.ts'
import { mergeService } from '../../../src/exporter/service-merge.ts'
import type { PolicyOutcome } from '../../../src/exporter/traffic-assignment.ts'
import { port, record } from '../../support/exporter-objects.ts'

const NOW = Date.UTC(2026, 5, 1)
const HOLDS: PolicyOutcome = { generation: 2, kind: 'valid', services: ['web'], lost: [], found: true }
const INVALID: PolicyOutcome = { generation: 2, kind: 'invalid', message: 'spec.retries is wrong' }
const LOST: PolicyOutcome = { ...HOLDS, lost: [{ service: 'db', to: 'old' }] }

function conditions(outcome: PolicyOutcome, previous: Condition[] = [], now = NOW): Condition[] {
  const policy: TrafficPolicy = { metadata: { name: 'p', generation: 3 }, status: { conditions: previous } }
  return policyStatus(policy, outcome, [], now).conditions ?? []
}

const summary = (found: readonly Condition[]) =>
  found.map(({ type, status, reason }) => `${type}=${status} ${reason}`)

describe('conditions of a policy', () => {
  test.each([
    ['that decides', HOLDS, 'Accepted=True Accepted', 'Conflicted=False NoConflicts'],
    ['that cannot be used', INVALID, 'Accepted=False Invalid', 'Conflicted=False NoConflicts'],
    ['that lost a service', LOST, 'Accepted=True Accepted', 'Conflicted=True Conflicted'],
    [
      'that finds nothing',
      { ...HOLDS, services: [], found: false },
      'Accepted=False NoTargets',
      'Conflicted=False NoConflicts',
    ],
  ] as const)('%s', (_what, outcome, ...expected) => {
    expect(summary(conditions(outcome))).toEqual(expected)
  })

  test('name the generation that was read, not the one that is there', () => {
    expect(conditions(HOLDS).map(({ observedGeneration }) => observedGeneration)).toEqual([2, 2])
  })

  test('keep their times while the status stays', () => {
    const later = conditions(LOST, conditions(HOLDS), NOW + 5_000)
    expect(later.map(({ lastTransitionTime }) => lastTransitionTime)).toEqual([
      '2026-06-01T00:00:00Z',
      '2026-06-01T00:00:05Z',
    ])
  })

  test('name some of the services that are lost, and count the others', () => {
    const lost = Array.from({ length: 10 }, (_, index) => ({ service: `s${index}`, to: 'old' }))
    const [, conflicted] = conditions({ ...HOLDS, lost })
    expect(conflicted?.message).toMatch(/^an older policy decides about s0 \(old\), .*s7 \(old\) and 2 more$/)
  })
})

test('events tell of what is wrong, once', () => {
  const reasons = (before: Condition[], after: Condition[]) =>
    policyNotices(before, after).map(({ type, reason }) => `${type} ${reason}`)
  expect(reasons([], conditions(INVALID))).toEqual(['Warning Invalid'])
  expect(reasons(conditions(INVALID), conditions(INVALID))).toEqual([])
  expect(reasons(conditions(INVALID), conditions(LOST))).toEqual(['Warning Conflicted'])
  expect(reasons(conditions(LOST), conditions(HOLDS))).toEqual([])
})

test('the active clusters are those that any port goes to', () => {
  const merged = mergeService([
    { cluster: 'east', record: record({ ports: [port(80, 'http', 0), port(81, 'admin', 1)] }) },
    { cluster: 'west', record: record({ ports: [port(80, 'http', 1)] }) },
  ])
  if (merged === undefined) throw new Error('nothing merged')
  expect(activeClusters(merged, { traffic: DEFAULT_TRAFFIC, cluster: 'west' })).toEqual(['east', 'west'])
  expect(
    activeClusters(merged, { traffic: { ...DEFAULT_TRAFFIC, locality: 'RequireLocal' }, cluster: 'west' }),
  ).toEqual(['west'])
  expect(
    activeClusters(merged, { traffic: { ...DEFAULT_TRAFFIC, locality: 'RequireLocal' }, cluster: 'north' }),
  ).toEqual([])
})
