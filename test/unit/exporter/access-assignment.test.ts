/** Which ServicePolicies hold for which export. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { assignAccess, type NamespaceAccess } from '../../../src/exporter/access-assignment.ts'
import { ACCESS_MAX_POLICIES } from '../../../src/exporter/limits.ts'
import type { Candidate, KnownService, ReadTarget } from '../../../src/exporter/policy-targets.ts'
import type { ReadAccess } from '../../../src/exporter/service-policy-reader.ts'

const named = (name: string): ReadTarget => ({ kind: 'name', name })
const labelled = (labels: Record<string, string>): ReadTarget => ({
  kind: 'labels',
  labels: new Map(Object.entries(labels)),
})

function policy(name: string, targets: ReadTarget[], second = 0, invalid?: string): Candidate<ReadAccess> {
  const access = { policy: `demo/${name}` as const, rules: [], limits: {} }
  const read = { targets, access, ...(invalid === undefined ? {} : { invalid }) }
  return { name, generation: 3, createdAt: new Date(second * 1_000).toISOString(), read }
}

const known = (name: string, labels: Record<string, string> = {}): KnownService => ({
  name,
  labels: [labels],
})

/** Names of the policies by service. */
const held = ({ access }: NamespaceAccess) =>
  Object.fromEntries([...access].map(([name, policies]) => [name, policies.map((each) => each.policy)]))

test('all policies that target an export hold for it, the oldest first, also before it is there', () => {
  const found = assignAccess(
    [policy('young', [labelled({ team: 'a' })], 2), policy('old', [named('web'), named('later')], 1)],
    [known('web', { team: 'a' }), known('db')],
  )
  expect(held(found)).toEqual({ web: ['demo/old', 'demo/young'], later: ['demo/old'] })
  expect(found.outcomes.get('old')).toEqual({ generation: 3, exports: ['web'], crowded: [] })
})

test('a policy that cannot be used holds for its targets like any other', () => {
  const found = assignAccess([policy('wrong', [named('web')], 0, 'spec.allow is no list')], [known('web')])
  expect(held(found)).toEqual({ web: ['demo/wrong'] })
  expect(found.outcomes.get('wrong')).toMatchObject({ invalid: 'spec.allow is no list', exports: ['web'] })
})

test('more policies than an export can have are passed over, the youngest, and say so', () => {
  const policies = Array.from({ length: ACCESS_MAX_POLICIES + 1 }, (_, index) =>
    policy(`p${index}`, [named('web')], index),
  )
  const found = assignAccess(policies.toReversed(), [known('web')])
  expect(found.access.get('web')).toHaveLength(ACCESS_MAX_POLICIES)
  expect([...found.outcomes].filter(([, { crowded }]) => crowded.length > 0).map(([name]) => name)).toEqual([
    `p${ACCESS_MAX_POLICIES}`,
  ])
})

test('the order they come in says nothing', () => {
  const targets = fc.array(fc.oneof(fc.constantFrom('a', 'b').map(named), fc.constant(labelled({}))), {
    minLength: 1,
    maxLength: 3,
  })
  const policies = fc
    .array(fc.tuple(targets, fc.integer({ min: 0, max: 3 })), { maxLength: 5 })
    .map((all) => all.map(([each, second], index) => policy(`p${index}`, each, second)))
  fc.assert(
    fc.property(policies, (all) => {
      const services = [known('a'), known('b')]
      expect(held(assignAccess(all.toReversed(), services))).toEqual(held(assignAccess(all, services)))
    }),
  )
})
