/** Which block a cluster takes. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type Cidr, containsBlock, formatCidr, overlaps } from '../../../src/core/cidr.ts'
import { bitsOf, type IpFamily } from '../../../src/core/ip.ts'
import { chooseBlock, countBlocks } from '../../../src/globalnet/block-choice.ts'
import { cidr } from '../../support/claims.ts'

const clusters = fc.stringMatching(/^[a-z]{1,6}$/)

/** A range of 256 addresses, at either end of the family too, and blocks around it, mostly in it. */
const world = fc
  .tuple(fc.constantFrom<IpFamily>(4, 6), fc.constantFrom('first', 'middle', 'last'))
  .chain(([family, place]) => {
    const end = 1n << BigInt(bitsOf(family))
    const first = place === 'first' ? 0n : place === 'last' ? end - 256n : end / 2n
    const range: Cidr = { family, first, prefix: bitsOf(family) - 8 }
    const block = fc
      .tuple(fc.integer({ min: -100, max: 355 }), fc.nat({ max: 7 }))
      .map(([at, bits]): Cidr => {
        const size = 1n << BigInt(bits)
        const value = BigInt.asUintN(bitsOf(family), first + BigInt(at))
        return { family, first: value - (value % size), prefix: bitsOf(family) - bits }
      })
    return fc.record({
      range: fc.constant(range),
      taken: fc.array(block, { maxLength: 40 }),
      prefix: fc.integer({ min: bitsOf(family) - 8, max: bitsOf(family) }),
      cluster: clusters,
    })
  })

/** Every aligned block of the range that overlaps nothing. */
function freeBlocks(range: Cidr, prefix: number, taken: readonly Cidr[]): string[] {
  const size = 1n << BigInt(bitsOf(range.family) - prefix)
  const all = Array.from({ length: Number(countBlocks(range, prefix)) }, (_, number) => ({
    family: range.family,
    first: range.first + BigInt(number) * size,
    prefix,
  }))
  return all.filter((each) => !taken.some((other) => overlaps(each, other))).map(formatCidr)
}

test('a free block is found exactly when there is one', () => {
  fc.assert(
    fc.property(world, ({ range, prefix, cluster, taken }) => {
      const free = freeBlocks(range, prefix, taken)
      const found = chooseBlock({ range, prefix, cluster, taken })
      if (found === undefined) expect(free).toEqual([])
      else expect(free).toContain(formatCidr(found))
    }),
    { numRuns: 2_000 },
  )
})

test('the last free block is found, whichever it is', () => {
  const range = cidr('242.0.0.0/8')
  fc.assert(
    fc.property(fc.nat({ max: 255 }), clusters, (free, cluster) => {
      const taken = Array.from({ length: 256 }, (_, number) => cidr(`242.${number}.0.0/16`)).filter(
        (_, number) => number !== free,
      )
      const found = chooseBlock({ range, prefix: 16, cluster, taken })
      expect(found && formatCidr(found)).toBe(`242.${free}.0.0/16`)
      expect(chooseBlock({ range, prefix: 15, cluster, taken })).toBeUndefined()
      expect(chooseBlock({ range, prefix: 17, cluster, taken })).toBeDefined()
    }),
  )
})

test('a cluster asks for the same block again, whatever others have meanwhile', () => {
  const range = cidr('242.0.0.0/8')
  fc.assert(
    fc.property(clusters, fc.array(fc.nat({ max: 255 }), { maxLength: 100 }), (cluster, others) => {
      const first = chooseBlock({ range, prefix: 16, cluster, taken: [] })
      if (first === undefined) throw new Error('none')
      const taken = others
        .map((number) => cidr(`242.${number}.0.0/16`))
        .filter((block) => !overlaps(block, first))
      expect(chooseBlock({ range, prefix: 16, cluster, taken })).toEqual(first)
    }),
  )
})

test('clusters that know nothing of each other seldom ask for the same block', () => {
  const range = cidr('242.0.0.0/8')
  const asked = Array.from({ length: 20 }, (_, index) =>
    chooseBlock({ range, prefix: 16, cluster: `cluster-${index}`, taken: [] }),
  )
  // 20 balls in 256 boxes: 0.7 that meet are to be expected, and first fit would have 19.
  expect(new Set(asked.map((block) => block && formatCidr(block))).size).toBeGreaterThanOrEqual(17)
})

test('four million blocks and thousands of claims take no search of the blocks', () => {
  const range = cidr('242.0.0.0/8')
  // Claims on all but the last /20, in pieces of two sizes, so that only 1,024 of 4,194,304 blocks are free.
  const taken = Array.from({ length: 4_095 }, (_, number) => ({
    family: 4 as const,
    first: range.first + BigInt(number) * 4_096n,
    prefix: 20,
  }))
  for (const cluster of ['east', 'west', 'north', 'south']) {
    const found = chooseBlock({ range, prefix: 30, cluster, taken })
    expect(found && containsBlock(cidr('242.255.240.0/20'), found)).toBe(true)
  }
  expect(
    chooseBlock({ range, prefix: 30, cluster: 'east', taken: [...taken, cidr('242.255.240.0/20')] }),
  ).toBeUndefined()
})

test('blocks are drawn from all of a range that has more than any number can count', () => {
  const range = cidr('fd00::/8')
  const found = ['a', 'b', 'c'].map((cluster) => chooseBlock({ range, prefix: 112, cluster, taken: [] }))
  expect(new Set(found.map((block) => block && block.first >> 96n)).size).toBe(3)
  expect(found.every((block) => block && containsBlock(range, block))).toBe(true)
})

test('there is no block that is larger than the range', () => {
  expect(countBlocks(cidr('242.0.0.0/8'), 7)).toBe(0n)
  expect(chooseBlock({ range: cidr('242.0.0.0/8'), prefix: 7, cluster: 'east', taken: [] })).toBeUndefined()
  expect(chooseBlock({ range: cidr('242.0.0.0/8'), prefix: 33, cluster: 'east', taken: [] })).toBeUndefined()
})
