/** Who has which addresses of the block, over the life of a cluster. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { RestingStatus } from '../../../src/api/globalnet.ts'
import { type Cidr, containsAddress, lastOf } from '../../../src/core/cidr.ts'
import { formatAddress } from '../../../src/core/ip.ts'
import type { RestingAddress } from '../../../src/globalnet/address-pool.ts'
import {
  type AllocationInput,
  type AllocationPlan,
  OwnerKey,
  planAllocation,
  type RecordedOwner,
  type WantedOwner,
} from '../../../src/globalnet/allocation.ts'
import { recordedResting, restAfter, restingStatus } from '../../../src/globalnet/rest-records.ts'
import { address, cidr } from '../../support/claims.ts'

const BLOCK = cidr('242.7.0.0/24')
const QUIET = 1_000

const plan = (input: Partial<AllocationInput>) =>
  planAllocation({ block: BLOCK, wanted: [], recorded: [], resting: [], quietMs: QUIET, now: 0, ...input })

const want = (key: string, count = 1, createdAt = 1): WantedOwner => ({ key, count, createdAt })
const has = (key: string, addresses: string[], createdAt = 1): RecordedOwner => ({
  key,
  addresses,
  createdAt,
})
const given = ({ assignments }: AllocationPlan, key: string) => [...(assignments.get(key) ?? [])]

/** What the statuses say after a plan was carried out. */
function recordedAfter({ assignments }: AllocationPlan, wanted: readonly WantedOwner[]): RecordedOwner[] {
  return wanted.map(({ key, createdAt }) => ({ key, createdAt, addresses: assignments.get(key) ?? [] }))
}

const rest = (owner: string, text: string, until: number): RestingAddress => ({
  owner,
  address: address(text),
  until,
})

describe('an owner', () => {
  test('gets as many addresses as it wants, and keeps them', () => {
    const wanted = [want('service/demo/web'), want('egress', 8)]
    const first = plan({ wanted })
    expect([given(first, 'egress').length, given(first, 'service/demo/web').length]).toEqual([8, 1])
    expect(first.capacity).toEqual({ total: 254, allocated: 9 })
    expect(first.changes.map(({ reason }) => reason)).toEqual(Array(9).fill('New'))
    const again = plan({ wanted, recorded: recordedAfter(first, wanted) })
    expect([again.assignments, again.changes]).toEqual([first.assignments, []])
  })

  test('that wants more keeps what it has', () => {
    const grown = plan({ wanted: [want('egress', 3)], recorded: [has('egress', ['242.7.0.9', '242.7.0.5'])] })
    expect(given(grown, 'egress').slice(0, 2)).toEqual(['242.7.0.9', '242.7.0.5'])
    expect(grown.changes).toEqual([{ key: 'egress', to: given(grown, 'egress')[2], reason: 'Grown' }])
  })

  test('that wants less gives the last ones up, which rest', () => {
    const recorded = [has('egress', ['242.7.0.9', '242.7.0.5', '242.7.0.7'])]
    const shrunk = plan({ wanted: [want('egress', 1)], recorded, now: 50 })
    expect(given(shrunk, 'egress')).toEqual(['242.7.0.9'])
    expect(shrunk.changes).toEqual([
      { key: 'egress', from: '242.7.0.5', reason: 'Shrunk' },
      { key: 'egress', from: '242.7.0.7', reason: 'Shrunk' },
    ])
    expect(shrunk.resting).toEqual([
      rest('egress#1', '242.7.0.5', 1_050),
      rest('egress#2', '242.7.0.7', 1_050),
    ])
    const grown = plan({
      wanted: [want('egress', 3)],
      recorded: [has('egress', ['242.7.0.9'])],
      resting: shrunk.resting,
      now: 60,
    })
    expect(given(grown, 'egress')).toEqual(['242.7.0.9', '242.7.0.5', '242.7.0.7'])
  })

  test('that went and comes back inside the quiet time has its own address again, and nobody else got it', () => {
    const gone = plan({ recorded: [has('service/demo/web', ['242.7.0.9'])], now: 50 })
    expect(gone.changes).toEqual([{ key: 'service/demo/web', from: '242.7.0.9', reason: 'Removed' }])
    const block = cidr('242.7.0.8/30')
    const small = { block, resting: gone.resting, now: 1_049 }
    expect(given(plan({ ...small, wanted: [want('service/demo/web')] }), 'service/demo/web')).toEqual([
      '242.7.0.9',
    ])
    const others = plan({ ...small, wanted: [want('a'), want('b')] })
    expect([...others.assignments.values()].flat()).toEqual(['242.7.0.10'])
    expect(others.unmet).toMatchObject([{ key: 'b', missing: 1, retryAt: 1_050 }])
    expect(plan({ ...small, now: 1_050, wanted: [want('a'), want('b')] }).unmet).toEqual([])
  })

  test('whose object takes its time to go does not make its address rest for longer', () => {
    const recorded = [has('service/demo/web', ['242.7.0.9'])]
    const first = plan({ recorded, now: 50 })
    expect(plan({ recorded, resting: first.resting, now: 900 }).resting).toEqual(first.resting)
  })

  test.each([
    ['242.8.0.9', 'Renumbered'],
    ['242.7.0.0', 'Renumbered'],
    ['242.7.0.255', 'Renumbered'],
    ['242.7.0.5', 'Conflict'],
    ['242.7.0.6', 'Resting'],
    ['seven', 'Unreadable'],
  ])('with %s recorded gets another: %s', (text, reason) => {
    const found = plan({
      wanted: [want('old', 1, 0), want('young', 1, 5)],
      recorded: [has('young', [text], 5), has('old', ['242.7.0.5'], 0)],
      resting: [rest('gone#0', '242.7.0.6', 70)],
    })
    expect(given(found, 'old')).toEqual(['242.7.0.5'])
    expect(found.changes).toEqual([{ key: 'young', from: text, to: given(found, 'young')[0], reason }])
    expect(given(found, 'young')[0]).not.toBe(text)
  })

  test('that is older comes first when there are not enough, and the others are told', () => {
    const block = cidr('242.7.0.0/29')
    const found = plan({
      block,
      wanted: [want('young', 4, 2), want('old', 4, 1), want('timeless', 1, Number.NaN)],
    })
    expect([given(found, 'old').length, given(found, 'young').length]).toEqual([4, 2])
    expect(found.unmet).toEqual([
      {
        key: 'young',
        missing: 2,
        message: 'none of the 6 addresses of 242.7.0.0/29 is free for 2 that are wanted',
      },
      expect.objectContaining({ key: 'timeless', missing: 1 }),
    ])
  })
})

test('another block gives every owner another address, and says which', () => {
  const wanted = [want('egress', 3), want(OwnerKey.service('demo', 'web'))]
  const before = plan({ wanted })
  const block = cidr('242.9.0.0/24')
  const after = plan({
    block,
    wanted,
    recorded: recordedAfter(before, wanted),
    resting: [rest('x#0', '242.7.0.77', 99)],
  })
  const all = [...after.assignments.values()].flat()
  expect(all.every((text) => containsAddress(block, address(text)))).toBe(true)
  expect(after.changes.map(({ from, reason }) => [from, reason])).toEqual(
    [...before.assignments.values()].flat().map((from) => [from, 'Renumbered']),
  )
  expect(after.resting).toEqual([])
})

test('when all was forgotten, owners mostly have the addresses that they had', () => {
  const block = cidr('242.7.0.0/16')
  const wanted = Array.from({ length: 500 }, (_, index) =>
    want(OwnerKey.endpoint('demo', 'db', `db-${index}`), 1, 500 - index),
  )
  const [before, after] = [
    plan({ block, wanted }),
    plan({ block, wanted: wanted.map((each) => ({ ...each, createdAt: 1 })) }),
  ]
  const same = wanted.filter(({ key }) => given(before, key)[0] === given(after, key)[0])
  expect(same.length).toBeGreaterThan(490)
})

test('keys of different kinds differ', () => {
  const keys = [
    OwnerKey.service('a', 'b'),
    OwnerKey.endpoint('a', 'b', 'c'),
    OwnerKey.egress('a', 'b'),
    OwnerKey.clusterEgress,
  ]
  expect(new Set(keys).size).toBe(4)
})

const BLOCKS = ['242.7.0.0/28', '242.7.0.0/29', '242.8.0.0/28', 'fd00::/124']
const owners = fc.uniqueArray(
  fc.record({
    key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    count: fc.integer({ min: 1, max: 5 }),
    createdAt: fc.nat({ max: 3 }),
  }),
  { selector: ({ key }) => key, maxLength: 5 },
)
const lives = fc.array(
  fc.record({
    wanted: owners,
    wait: fc.constantFrom(0, 10, 400, QUIET - 1, QUIET),
    block: fc.oneof({ weight: 8, arbitrary: fc.constant('242.7.0.0/28') }, fc.constantFrom(...BLOCKS)),
    /** Which of the statuses are written when the controller is killed: those of owners whose bit is set. */
    killed: fc.option(fc.nat({ max: 31 }), { freq: 3 }),
  }),
  { minLength: 1, maxLength: 12 },
)

/** How many addresses owners may have. */
function usable(block: Cidr): number {
  return Number(lastOf(block) - block.first) + (block.family === 4 ? -1 : 1)
}

function isUsable(block: Cidr, text: string): boolean {
  const where = address(text)
  const isEdge = block.family === 4 && (where.value === block.first || where.value === lastOf(block))
  return containsAddress(block, where) && !isEdge
}

function expectSound(found: AllocationPlan, wanted: readonly WantedOwner[], block: Cidr): void {
  const all = [...found.assignments.values()].flat()
  const resting = found.resting.map((each) => formatAddress(each.address))
  expect(new Set([...all, ...resting]).size).toBe(all.length + resting.length)
  expect([...all, ...resting].every((text) => isUsable(block, text))).toBe(true)
  const missing = found.unmet.reduce((sum, each) => sum + each.missing, 0)
  expect(all.length + missing).toBe(wanted.reduce((sum, { count }) => sum + count, 0))
  expect(found.capacity).toEqual({ total: usable(block), allocated: all.length })
  if (missing > 0) expect(all.length + resting.length).toBe(usable(block))
}

/** A cluster whose statuses always say what the last plan said, and who had each address when. */
class Life {
  now = 0
  #recorded: RecordedOwner[] = []
  #resting: readonly RestingAddress[] = []
  /** As the status of the GlobalNetwork has it. */
  #status: readonly RestingStatus[] = []
  #block = BLOCK
  /** Who had an address, until when. Of the present block: a block that was left rests as a whole. */
  #history = new Map<string, { readonly key: string; readonly at: number }>()

  /** `written` says of which owners the statuses are written before the controller is killed; what rests is written first. */
  killedAfter(wanted: readonly WantedOwner[], written: (at: number) => boolean): void {
    const found = this.#planned(wanted, this.#block)
    const resting = restAfter({ ...this.#state(), plan: found })
    this.#status = restingStatus(resting)
    const next = new Map(recordedAfter(found, wanted).map((each) => [each.key, each]))
    const keys = [...new Set([...next.keys(), ...this.#recorded.map(({ key }) => key)])]
    const before = new Map(this.#recorded.map((each) => [each.key, each]))
    this.#noteUse()
    this.#recorded = keys.flatMap((key, at) => {
      const kept = written(at) ? next.get(key) : before.get(key)
      return kept === undefined || kept.addresses.length === 0 ? [] : [kept]
    })
    const network = { metadata: {}, status: { resting: [...this.#status] } }
    this.#resting = recordedResting(network, this.#recorded, this.now)
  }

  step(wanted: readonly WantedOwner[], block: Cidr): void {
    if (block !== this.#block) this.#history.clear()
    this.#block = block
    const found = this.#planned(wanted, block)
    expectSound(found, wanted, block)
    this.#expectKept(found, wanted)
    this.#expectQuiet(found)
    this.#recorded = recordedAfter(found, wanted)
    this.#resting = restAfter({ ...this.#state(), plan: found })
    expect(this.#resting).toEqual(found.resting)
    const again = this.#planned(wanted, block)
    expect([again.assignments, again.changes, again.resting]).toEqual([found.assignments, [], found.resting])
  }

  #planned(wanted: readonly WantedOwner[], block: Cidr): AllocationPlan {
    return plan({ block, wanted, recorded: this.#recorded, resting: this.#resting, now: this.now })
  }

  #state() {
    return { resting: this.#resting, recorded: this.#recorded, now: this.now }
  }

  #expectKept(found: AllocationPlan, wanted: readonly WantedOwner[]): void {
    const before = new Map(this.#recorded.map(({ key, addresses }) => [key, addresses]))
    for (const { key, count } of wanted) {
      const had = (before.get(key) ?? []).slice(0, count)
      const kept = had.every((text) => isUsable(this.#block, text))
      if (kept) expect(given(found, key).slice(0, had.length)).toEqual(had)
    }
  }

  /** What is recorded was in use until now. */
  #noteUse(): void {
    for (const { key, addresses } of this.#recorded) {
      for (const text of addresses) this.#history.set(text, { key, at: this.now })
    }
  }

  #expectQuiet(found: AllocationPlan): void {
    this.#noteUse()
    for (const [key, texts] of found.assignments) {
      for (const text of texts) {
        const last = this.#history.get(text)
        if (last !== undefined && last.key !== key) expect(this.now - last.at).toBeGreaterThanOrEqual(QUIET)
        this.#history.set(text, { key, at: this.now })
      }
    }
  }
}

test('over a life no address has two owners, comes back too soon, or changes without need', () => {
  const blocks = new Map(BLOCKS.map((text) => [text, cidr(text)]))
  fc.assert(
    fc.property(lives, (steps) => {
      const life = new Life()
      for (const { wanted, wait, block, killed } of steps) {
        life.now += wait
        life.step(wanted, blocks.get(block) ?? BLOCK)
        if (killed !== null)
          life.killedAfter(steps[killed % steps.length]?.wanted ?? [], (at) => (killed >> at) % 2 === 1)
      }
    }),
    { numRuns: 500 },
  )
})

test('the order of what is given plays no part', () => {
  const addresses = fc.array(
    fc.nat({ max: 17 }).map((number) => `242.7.0.${number}`),
    { maxLength: 4 },
  )
  const records = owners.chain((list) =>
    fc.tuple(
      ...list.map(({ key, createdAt }) => addresses.map((each) => ({ key, createdAt, addresses: each }))),
    ),
  )
  const rests = fc.uniqueArray(
    fc.record({
      owner: fc.constantFrom('a#0', 'b#1', 'z#0'),
      number: fc.nat({ max: 17 }),
      until: fc.nat({ max: 5 }),
    }),
    { selector: ({ number }) => number, maxLength: 5 },
  )
  const restingOf = (list: { owner: string; number: number; until: number }[]) =>
    list.map(({ owner, number, until }) => rest(owner, `242.7.0.${number}`, until))
  fc.assert(
    fc.property(owners, records, rests, (wanted, recorded, resting) => {
      const block = cidr('242.7.0.0/28')
      const one = plan({ block, wanted, recorded, resting: restingOf(resting), now: 2 })
      const other = plan({
        block,
        wanted: wanted.toReversed(),
        recorded: recorded.toReversed(),
        resting: restingOf(resting.toReversed()),
        now: 2,
      })
      expect([...other.assignments].sort()).toEqual([...one.assignments].sort())
      expect([other.unmet, other.resting, other.capacity]).toEqual([one.unmet, one.resting, one.capacity])
      expectSound(one, wanted, block)
    }),
    { numRuns: 500 },
  )
})
