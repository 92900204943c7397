/** What rests, into the status of a GlobalNetwork and out of it. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { GlobalNetwork } from '../../../src/api/globalnet.ts'
import type { RestingAddress } from '../../../src/globalnet/address-pool.ts'
import { planAllocation, type RecordedOwner } from '../../../src/globalnet/allocation.ts'
import {
  ADDRESS_QUIET_MS,
  BLOCK_QUIET_MS,
  RECORDED_QUIET_BLOCKS_MAX,
  RECORDED_RESTING_MAX,
} from '../../../src/globalnet/limits.ts'
import {
  quietStatus,
  recordedQuiet,
  recordedResting,
  restAfter,
  restingStatus,
} from '../../../src/globalnet/rest-records.ts'
import { address, cidr } from '../../support/claims.ts'

const NOW = 1_800_000_000_000
const NOBODY: RecordedOwner[] = []

const network = (status: GlobalNetwork['status']): GlobalNetwork => ({
  metadata: { name: 'cluster' },
  ...(status && { status }),
})
const rest = (owner: string, text: string, until = NOW + 60_000): RestingAddress => ({
  owner,
  address: address(text),
  until,
})

describe('addresses', () => {
  const resting = fc.uniqueArray(
    fc.record({
      owner: fc.constantFrom('service/demo/web#0', 'egress#3'),
      number: fc.nat({ max: 255 }),
      until: fc.integer({ min: NOW + 1, max: NOW + ADDRESS_QUIET_MS }),
    }),
    { selector: ({ number }) => number, maxLength: 20 },
  )

  test('are read as they were written', () => {
    fc.assert(
      fc.property(resting, (list) => {
        const before = list.map(({ owner, number, until }) => rest(owner, `242.7.0.${number}`, until))
        const status = JSON.parse(JSON.stringify({ resting: restingStatus(before) }))
        expect(recordedResting(network(status), NOBODY, NOW)).toEqual(before)
      }),
    )
  })

  test('are recorded up to a bound, those that are free soonest not', () => {
    const all = Array.from({ length: RECORDED_RESTING_MAX + 5 }, (_, at) =>
      rest(`o${at}`, `242.7.${at >> 8}.${at & 255}`, NOW + at),
    )
    const recorded = restingStatus(all)
    expect(recorded).toHaveLength(RECORDED_RESTING_MAX)
    expect(recorded[0]?.owner).toBe('o5')
  })

  test('whose time is over, or cannot be read, rest no more', () => {
    const until = new Date(NOW + 1_000).toISOString()
    const told = [
      { address: '242.7.0.1', owner: 'a', until: new Date(NOW).toISOString() },
      { address: '242.7.0.2', owner: 'a', until: 'soon' },
      { address: 'seven', owner: 'a', until },
      { address: '242.7.0.4', owner: '', until },
      { address: '242.7.0.5', owner: 'a', until },
    ]
    expect(recordedResting(network({ resting: told }), NOBODY, NOW)).toEqual([
      rest('a', '242.7.0.5', NOW + 1_000),
    ])
    expect(recordedResting(network(undefined), NOBODY, NOW)).toEqual([])
  })

  test('never rest for longer than the quiet time, whoever wrote the time', () => {
    const status = { resting: restingStatus([rest('a', '242.7.0.1', NOW + 86_400_000)]) }
    expect(recordedResting(network(status), NOBODY, NOW)).toEqual([
      rest('a', '242.7.0.1', NOW + ADDRESS_QUIET_MS),
    ])
  })

  test('that a status says somebody has do not rest: it took them back, got them later, or has yet to give them up', () => {
    const status = { resting: restingStatus([rest('a#0', '242.7.0.1'), rest('b#0', '242.7.0.2')]) }
    const recorded = [{ key: 'c', addresses: ['242.7.0.1'], createdAt: 1 }]
    expect(recordedResting(network(status), recorded, NOW)).toEqual([rest('b#0', '242.7.0.2')])
  })

  test('that an owner has back are kept for it until its status says so', () => {
    const before = [rest('a#0', '242.7.0.9')]
    const wanted = [{ key: 'a', count: 1, createdAt: 1 }]
    const input = { block: cidr('242.7.0.0/24'), wanted, recorded: [], resting: before, now: NOW }
    const plan = planAllocation(input)
    expect(plan.assignments.get('a')).toEqual(['242.7.0.9'])
    expect(restAfter({ ...input, plan })).toEqual(before)
    const recorded = [{ key: 'a', addresses: ['242.7.0.9'], createdAt: 1 }]
    expect(restAfter({ ...input, plan, recorded })).toEqual([])
  })

  test('go on resting while nobody can have addresses', () => {
    const resting = [rest('a#0', '242.7.0.9', NOW), rest('b#0', '242.7.0.8')]
    expect(restAfter({ plan: undefined, resting, recorded: [], now: NOW })).toEqual([resting[1]])
  })
})

describe('blocks', () => {
  test('are read as they were written, the soonest free first, up to a bound', () => {
    const blocks = Array.from({ length: RECORDED_QUIET_BLOCKS_MAX + 3 }, (_, at) => ({
      block: cidr(`242.${at >> 8}.${at & 255}.0/24`),
      cluster: 'west',
      until: NOW + 1_000 + at,
    }))
    const status = { restingBlocks: quietStatus(blocks.toReversed()) }
    expect(recordedQuiet(network(status), NOW)).toEqual(blocks.slice(3))
  })

  test('of one time are in one order, however they come', () => {
    const blocks = ['242.1.0.0/16', '242.2.0.0/16'].map((text) => ({
      block: cidr(text),
      cluster: 'west',
      until: NOW + 1,
    }))
    expect(quietStatus(blocks)).toEqual(quietStatus(blocks.toReversed()))
  })

  test.each([
    [{ block: '242.7.0.0/16', cluster: 'west', until: new Date(NOW).toISOString() }],
    [{ block: '242.7.0.0/16', cluster: 'west', until: '' }],
    [{ block: '242.7.0.0', cluster: 'west', until: new Date(NOW + 1).toISOString() }],
    [{ block: '242.0.0.0/8', cluster: 'west', until: new Date(NOW + 1).toISOString() }],
    [{ block: '242.7.0.0/16', cluster: 'We st', until: new Date(NOW + 1).toISOString() }],
  ])('%j is none', (told) => {
    expect(recordedQuiet(network({ restingBlocks: [told] }), NOW)).toEqual([])
  })

  test('never rest for longer than the quiet time', () => {
    const block = { block: cidr('242.7.0.0/16'), cluster: 'west', until: NOW + 86_400_000 }
    const found = recordedQuiet(network({ restingBlocks: quietStatus([block]) }), NOW)
    expect(found).toEqual([{ ...block, until: NOW + BLOCK_QUIET_MS }])
  })
})
