/** The addresses of one block against a plain table of them. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { lastOf } from '../../../src/core/cidr.ts'
import { formatAddress, type IpAddress } from '../../../src/core/ip.ts'
import { AddressPool } from '../../../src/globalnet/address-pool.ts'
import { type RecordedAddress, restoreAddresses } from '../../../src/globalnet/address-records.ts'
import { address, cidr } from '../../support/claims.ts'

const QUIET = 100

function textOf(pool: AddressPool, owner: string, now = 0): string {
  const found = pool.allocate(owner, now)
  return found.kind === 'allocated' ? formatAddress(found.address) : found.kind
}

const owner = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h')
/** Of a block of eight: two of them are not used, and two are outside. */
const offset = fc.nat({ max: 9 })
const command = fc.oneof(
  fc.record({ do: fc.constant('allocate' as const), owner }),
  fc.record({ do: fc.constant('reserve' as const), owner, offset }),
  fc.record({ do: fc.constant('release' as const), owner }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 30, 99, 100) }),
)

/** A pool beside the rules as a plain table has them, by looking at all of the block. */
class Checked {
  readonly pool: AddressPool
  readonly #all: readonly string[]
  readonly #owned = new Map<string, string>()
  readonly #rests = new Map<string, { owner: string; until: number }>()
  #now = 0

  constructor(block: string, all: readonly string[]) {
    this.pool = new AddressPool(cidr(block), QUIET)
    this.#all = all
  }

  wait(ms: number): void {
    this.#now += ms
  }

  allocate(name: string): void {
    const had = this.#owned.get(name)
    const open = had === undefined ? this.#all.filter((text) => this.#isOpenTo(name, text)) : [had]
    const found = this.pool.allocate(name, this.#now)
    if (found.kind === 'exhausted') {
      const times = this.#resting.map(([, { until }]) => until)
      expect(open).toEqual([])
      expect(found.retryAt).toBe(times.length === 0 ? undefined : Math.min(...times))
    } else {
      expect(open).toContain(formatAddress(found.address))
      this.#own(name, formatAddress(found.address))
    }
  }

  reserve(name: string, where: IpAddress): void {
    const text = formatAddress(where)
    const had = this.#owned.get(name)
    const may = had === undefined ? this.#isOpenTo(name, text) : had === text
    expect(this.pool.reserve(name, where, this.#now).kind === 'reserved').toBe(may)
    if (may) this.#own(name, text)
  }

  release(name: string): void {
    const had = this.#owned.get(name)
    const found = this.pool.release(name, this.#now)
    expect(found && formatAddress(found.address)).toBe(had)
    if (had === undefined) return
    this.#owned.delete(name)
    this.#rests.set(had, { owner: name, until: this.#now + QUIET })
  }

  compare(): void {
    expect(this.pool.allocated).toBe(this.#owned.size)
    for (const text of this.#all) expect(this.pool.ownerOf(address(text))).toBe(this.#ownerOf(text))
  }

  compareResting(): void {
    const found = this.pool.resting(this.#now).map((rest) => formatAddress(rest.address))
    expect(found.sort()).toEqual(this.#resting.map(([text]) => text).sort())
  }

  get #resting() {
    return [...this.#rests].filter(([, { until }]) => until > this.#now)
  }

  #ownerOf(text: string): string | undefined {
    return [...this.#owned].find(([, each]) => each === text)?.[0]
  }

  /** Whether the owner may have it now. */
  #isOpenTo(name: string, text: string): boolean {
    const isResting = this.#resting.some(([each, rest]) => each === text && rest.owner !== name)
    return this.#all.includes(text) && this.#ownerOf(text) === undefined && !isResting
  }

  #own(name: string, text: string): void {
    this.#owned.set(name, text)
    this.#rests.delete(text)
  }
}

test.each([
  ['242.7.0.8/29', ['242.7.0.9', '242.7.0.10', '242.7.0.11', '242.7.0.12', '242.7.0.13', '242.7.0.14']],
  ['fd00::8/125', ['fd00::8', 'fd00::9', 'fd00::a', 'fd00::b', 'fd00::c', 'fd00::d', 'fd00::e', 'fd00::f']],
])(
  'in %s no address ever has two owners or comes back too soon, and none is refused that could be had',
  (block, all) => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 80, size: 'max' }), (commands) => {
        const checked = new Checked(block, all)
        const { family, first } = checked.pool.block
        for (const step of commands) {
          if (step.do === 'wait') checked.wait(step.ms)
          else if (step.do === 'reserve') {
            checked.reserve(step.owner, { family, value: first + BigInt(step.offset) })
          } else checked[step.do](step.owner)
          checked.compare()
        }
        checked.compareResting()
      }),
      { numRuns: 300 },
    )
  },
)

describe('a pool', () => {
  test('gives out every address but the first and the last of IPv4, and then says that there are no more', () => {
    const pool = new AddressPool(cidr('242.7.0.0/24'))
    const given = new Set(Array.from({ length: 254 }, (_, index) => textOf(pool, `owner-${index}`)))
    expect([given.size, given.has('242.7.0.0'), given.has('242.7.0.255')]).toEqual([254, false, false])
    expect(pool.allocate('one-more', 0)).toEqual({ kind: 'exhausted' })
    pool.release('owner-3', 5)
    expect(pool.allocate('one-more', 5)).toEqual({ kind: 'exhausted', retryAt: 600_005 })
    expect(pool.allocate('one-more', 600_005).kind).toBe('allocated')
  })

  test('gives the same owners mostly the same addresses when all was forgotten, in whatever order they come', () => {
    const owners = Array.from({ length: 1_000 }, (_, index) => `service/demo/web-${index}`)
    const [before, after] = [new AddressPool(cidr('242.7.0.0/16')), new AddressPool(cidr('242.7.0.0/16'))]
    const first = owners.map((name) => textOf(before, name))
    const again = owners
      .toReversed()
      .map((name) => textOf(after, name))
      .reverse()
    expect(first.filter((text, index) => text === again[index]).length).toBeGreaterThan(970)
  })

  test('gives an owner the address back that it gave up and that rests, and to others only later', () => {
    const pool = new AddressPool(cidr('242.7.0.0/30'), QUIET)
    const [a, b] = [textOf(pool, 'a'), textOf(pool, 'b')]
    pool.release('a', 10)
    pool.release('b', 20)
    expect(textOf(pool, 'c', 109)).toBe('exhausted')
    expect([textOf(pool, 'b', 109), textOf(pool, 'c', 110)]).toEqual([b, a])
    expect(pool.addressOf('a')).toBeUndefined()
  })

  test('takes up what rested before a restart, the longer time of two', () => {
    const [pool, where] = [new AddressPool(cidr('242.7.0.0/30'), QUIET), address('242.7.0.1')]
    expect(pool.rest({ owner: 'a', address: where, until: 50 })).toBe(true)
    expect(pool.rest({ owner: 'b', address: where, until: 70 })).toBe(true)
    expect(pool.rest({ owner: 'c', address: where, until: 60 })).toBe(true)
    expect(pool.resting(0)).toEqual([{ owner: 'b', address: where, until: 70 }])
    expect(pool.reserve('a', where, 69)).toEqual({ kind: 'resting', by: 'b', until: 70 })
    expect(pool.reserve('a', where, 70)).toEqual({ kind: 'reserved' })
    expect(pool.rest({ owner: 'b', address: where, until: 900 })).toBe(false)
    expect(pool.rest({ owner: 'b', address: address('242.7.0.0'), until: 900 })).toBe(false)
  })

  test('has none in a block that is too small for any', () => {
    expect(new AddressPool(cidr('242.7.0.0/31')).allocate('a', 0)).toEqual({ kind: 'exhausted' })
    expect(new AddressPool(cidr('242.7.0.1/32')).total).toBe(0)
  })

  test('of eight million addresses holds only what is allocated', () => {
    const pool = new AddressPool(cidr('242.0.0.0/9'))
    expect(pool.total).toBe(8_388_606)
    for (let index = 0; index < 20_000; index++) pool.allocate(`owner-${index}`, 0)
    expect(pool.allocated).toBe(20_000)
    expect(pool.ownerOf({ family: 4, value: lastOf(pool.block) })).toBeUndefined()
  })
})

const record = (name: string, text: string, createdAt: number): RecordedAddress => ({
  owner: name,
  address: text,
  createdAt,
})

describe('recorded addresses', () => {
  test('are reserved; of two owners of one the older keeps it, and of two of one age the first by name', () => {
    const pool = new AddressPool(cidr('242.7.0.0/24'))
    const lost = restoreAddresses(
      pool,
      [
        record('young', '242.7.0.1', 2),
        record('old', '242.7.0.1', 1),
        record('b', '242.7.0.2', 1),
        record('a', '242.7.0.2', 1),
        record('timeless', '242.7.0.2', Number.NaN),
      ],
      0,
    )
    expect(lost.map(({ record: { owner: name }, why }) => [name, why])).toEqual([
      ['b', { kind: 'taken', by: 'a' }],
      ['young', { kind: 'taken', by: 'old' }],
      ['timeless', { kind: 'taken', by: 'a' }],
    ])
    expect(pool.ownerOf(address('242.7.0.1'))).toBe('old')
  })

  test.each([
    ['242.7.0.0', { kind: 'outside' }],
    ['242.7.0.255', { kind: 'outside' }],
    ['242.8.0.1', { kind: 'outside' }],
    ['fd00::1', { kind: 'outside' }],
    ['242.7.0.01', { kind: 'unreadable' }],
    ['242.7.0.8', { kind: 'taken', by: 'a' }],
    ['242.7.0.7', { kind: 'resting', by: 'gone', until: 50 }],
  ])('%s is not taken up', (text, why) => {
    const pool = new AddressPool(cidr('242.7.0.0/24'))
    pool.rest({ owner: 'gone', address: address('242.7.0.7'), until: 50 })
    pool.reserve('a', address('242.7.0.8'), 0)
    const wrong = record('b', text, 1)
    expect(restoreAddresses(pool, [wrong], 0)).toEqual([{ record: wrong, why }])
  })

  test('of one owner are one: the first of those that it records', () => {
    const pool = new AddressPool(cidr('242.7.0.0/24'))
    const [one, two] = [record('a', '242.7.0.8', 1), record('a', '242.7.0.9', 1)]
    const lost = restoreAddresses(pool, [two, one], 0)
    expect(lost).toEqual([{ record: two, why: { kind: 'second', has: address('242.7.0.8') } }])
  })

  test('may be taken up again, in any order, and it comes to the same', () => {
    const records = fc.array(
      fc.record({
        owner,
        address: offset.map((number) => `242.7.0.${number}`),
        createdAt: fc.nat({ max: 3 }),
      }),
    )
    fc.assert(
      fc.property(
        records.chain((list) =>
          fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
        ),
        ([list, shuffled]) => {
          const [one, two] = [new AddressPool(cidr('242.7.0.0/29')), new AddressPool(cidr('242.7.0.0/29'))]
          const lost = restoreAddresses(one, list, 0)
          expect(restoreAddresses(two, shuffled, 0)).toEqual(lost)
          const again = restoreAddresses(one, shuffled, 0)
          expect(again.map((each) => each.record)).toEqual(lost.map((each) => each.record))
          for (const { owner: name } of list) expect(one.addressOf(name)).toEqual(two.addressOf(name))
        },
      ),
    )
  })
})
