/** What users read about global addresses, and what their objects want and have. */
import { describe, expect, test } from '@jest/globals'
import { type NewCondition, setCondition } from '../../../src/api/conditions.ts'
import type { GlobalEgressIP, GlobalIngressIP, GlobalNetwork } from '../../../src/api/globalnet.ts'
import type { Condition } from '../../../src/api/objects.ts'
import { type Review, reviewClaim } from '../../../src/globalnet/block-review.ts'
import {
  egressConflict,
  invalidNetwork,
  networkConditions,
  ownerCondition,
} from '../../../src/globalnet/conditions.ts'
import { findOverlaps } from '../../../src/globalnet/overlap.ts'
import { ownersOf } from '../../../src/globalnet/owned-objects.ts'
import { cidr, claimOf } from '../../support/claims.ts'

const RANGE = cidr('242.0.0.0/8')
const OWN = claimOf('east', '242.7.0.0/16', 10)
const KEEP: Review = { kind: 'keep', claim: OWN }

const conditions = (
  review: Review,
  more: { overlaps?: ReturnType<typeof findOverlaps>; previous?: Condition[] } = {},
) => networkConditions({ generation: 3, review, overlaps: [], previous: undefined, ...more })

const texts = (review: Review, more?: Parameters<typeof conditions>[1]) =>
  conditions(review, more).map(({ type, status, reason }) => `${type}=${status} ${reason}`)

describe('a GlobalNetwork', () => {
  test('with a block and nothing in its way says so, of the generation that was looked at', () => {
    const found = conditions(KEEP)
    expect(found.map(({ type, status, reason, message }) => [type, status, reason, message])).toEqual([
      ['Allocated', 'True', 'Allocated', 'block 242.7.0.0/16'],
      ['Conflict', 'False', 'NoConflict', ''],
      ['Overlap', 'False', 'NoOverlap', ''],
    ])
    expect(found.map(({ observedGeneration }) => observedGeneration)).toEqual([3, 3, 3])
  })

  test('tells what its addresses are in the way of, and apart from that who claims its block', () => {
    const overlaps = findOverlaps({
      range: RANGE,
      own: OWN,
      podCidrs: ['242.9.0.0/16'],
      serviceCidrs: ['242.7.0.0/16'],
      nodeAddresses: [],
      claims: [claimOf('west', '242.7.0.0/16', 20)],
    })
    const [, conflict, overlap] = conditions(KEEP, { overlaps })
    expect(conflict).toMatchObject({ status: 'True', reason: 'BlockClaimed' })
    expect(conflict?.message).toMatch(/^cluster west claims .* this cluster keeps it/)
    expect(overlap).toMatchObject({ status: 'True', reason: 'Overlaps' })
    expect(overlap?.message).toMatch(
      /^the block .* overlaps 242\.7\.0\.0\/16, the Services'.*; also: the global range/,
    )
  })

  test('that lost its block tells so for as long as nothing else is to be told', () => {
    const input = { cluster: 'east', quiet: [], settings: { range: RANGE, prefix: 16 }, now: 50 }
    const moved = reviewClaim({ ...input, own: OWN, others: [claimOf('west', '242.7.0.0/16', 1)] })
    expect(texts(moved)).toEqual([
      'Allocated=True Allocated',
      'Conflict=False Renumbered',
      'Overlap=False NoOverlap',
    ])
    const previous = conditions(moved).reduce<Condition[]>((list, next) => setCondition(list, next, 0), [])
    const later = conditions(KEEP, { previous })[1]
    expect(later).toMatchObject({
      reason: 'Renumbered',
      message: expect.stringContaining('was lost: cluster west'),
    })
    expect(texts({ ...KEEP, unmet: 'no' }, { previous })[1]).toBe('Conflict=True WantedBlockTaken')
  })

  test('without a block says why', () => {
    const full = reviewClaim({
      cluster: 'east',
      own: OWN,
      others: [claimOf('west', '242.0.0.0/9', 1), claimOf('north', '242.128.0.0/9', 1)],
      quiet: [],
      settings: { range: RANGE, prefix: 16 },
      now: 50,
    })
    expect(texts(full)).toEqual([
      'Allocated=False Exhausted',
      'Conflict=True BlockClaimed',
      'Overlap=False NoOverlap',
    ])
    expect(conditions(full)[0]?.message).toContain('none of the 256 blocks')
    expect(invalidNetwork('spec.range is odd', 4)).toEqual({
      type: 'Allocated',
      status: 'False',
      reason: 'Invalid',
      message: 'spec.range is odd',
      observedGeneration: 4,
    })
  })
})

test('an owner tells its addresses, or why it lacks some', () => {
  const addresses = Array.from({ length: 10 }, (_, index) => `242.7.0.${index}`)
  expect(ownerCondition({ generation: 1, addresses })).toMatchObject({
    status: 'True',
    message: expect.stringMatching(/^242\.7\.0\.0, .* and 2 more$/),
  })
  const unmet = { key: 'egress', missing: 1, message: 'none is free' }
  expect(ownerCondition({ generation: 1, addresses: [], unmet })).toMatchObject({
    status: 'False',
    reason: 'Exhausted',
    message: 'none is free',
  })
})

test.each([
  [undefined, 'False', 'NoConflict', ''],
  [[], 'True', 'OlderSelects', 'GlobalEgressIP old is older and has the whole namespace'],
  [['a', 'b'], 'True', 'OlderSelects', 'GlobalEgressIP old or another older one has these pods: a, b'],
])('a GlobalEgressIP that loses %j: Conflict=%s', (pods, status, reason, message) => {
  const finding = pods === undefined ? 'none' : { namespace: 'demo', name: 'young', to: 'old', pods }
  expect(egressConflict(finding, 2, undefined)).toEqual([
    { type: 'Conflict', status, reason, message, observedGeneration: 2 },
  ])
})

test('until it is known what a GlobalEgressIP loses its condition stays as it was, and there is none before', () => {
  const known = egressConflict({ namespace: 'demo', name: 'young', to: 'old', pods: ['a'] }, 2, undefined)
  const before = setCondition([], known[0] as NewCondition, 5)
  expect(egressConflict('unknown', 3, before)).toEqual(before)
  expect(egressConflict('unknown', 3, undefined)).toEqual([])
})

describe('objects', () => {
  const creationTimestamp = '1970-01-01T00:00:01Z'
  const metadata = (name: string) => ({ namespace: 'demo', name, creationTimestamp })
  const network: GlobalNetwork = {
    metadata: { name: 'cluster', creationTimestamp },
    status: { egressIPs: ['242.7.0.1'] },
  }
  const ingress = (
    name: string,
    target: NonNullable<GlobalIngressIP['spec']>['target'],
  ): GlobalIngressIP => ({
    metadata: metadata(name),
    spec: { target },
    status: { allocatedIP: `of ${name}` },
  })

  test('want addresses, and record those they have', () => {
    const egress: GlobalEgressIP = {
      metadata: metadata('p'),
      spec: { count: 3 },
      status: { allocatedIPs: ['x', 'y'] },
    }
    const targets = [
      ingress('web', { kind: 'Service', service: 'web' }),
      ingress('web-0', { kind: 'Endpoint', service: 'db', endpoint: 'db-0' }),
    ]
    const { wanted, recorded } = ownersOf({ network, egress: [egress], ingress: targets })
    expect(wanted.map(({ key, count, createdAt }) => [key, count, createdAt])).toEqual([
      ['egress', 8, 1_000],
      ['egress/demo/p', 3, 1_000],
      ['service/demo/web', 1, 1_000],
      ['endpoint/demo/db/db-0', 1, 1_000],
    ])
    expect(recorded.map(({ key, addresses }) => [key, addresses])).toEqual([
      ['egress', ['242.7.0.1']],
      ['egress/demo/p', ['x', 'y']],
      ['service/demo/web', ['of web']],
      ['endpoint/demo/db/db-0', ['of web-0']],
    ])
  })

  test('of what is exported no more want nothing, and what they have is still recorded', () => {
    const doomed = [ingress('web', { kind: 'Service', service: 'web' })]
    const { wanted, recorded } = ownersOf({ network, egress: [], ingress: [], doomed })
    expect(wanted.map(({ key }) => key)).toEqual(['egress'])
    expect(recorded.map(({ key, addresses }) => [key, addresses])).toEqual([
      ['egress', ['242.7.0.1']],
      ['service/demo/web', ['of web']],
    ])
  })

  test('that are being deleted want nothing, and what they have is still recorded', () => {
    const leaving = { ...ingress('web', { kind: 'Service', service: 'web' }) }
    leaving.metadata = { ...leaving.metadata, deletionTimestamp: creationTimestamp }
    const { wanted, recorded } = ownersOf({
      network: { metadata: {}, spec: { egressAddresses: 0 } },
      egress: [{ metadata: metadata('p') }],
      ingress: [leaving, { metadata: metadata('bare') }],
    })
    expect(wanted.map(({ key, count }) => [key, count])).toEqual([
      ['egress', 0],
      ['egress/demo/p', 1],
    ])
    expect(recorded.map(({ key }) => key)).toEqual(['service/demo/web'])
  })
})
