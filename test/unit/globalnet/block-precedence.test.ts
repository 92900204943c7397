/** Whose a block is when several claim it. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type Cidr, containsAddress, overlaps } from '../../../src/core/cidr.ts'
import { byPrecedence, type Claim, StandingClaims, winner } from '../../../src/globalnet/block-precedence.ts'
import { address, cidr, claimOf } from '../../support/claims.ts'

const SIZE = 64
/** Blocks of 1 to 64 addresses, so that most sets of claims have several that overlap. */
const block = fc.tuple(fc.nat({ max: SIZE - 1 }), fc.nat({ max: 6 })).map(([at, bits]): Cidr => {
  const size = 2 ** bits
  return { family: 4, first: BigInt(0xf200_0000 + at - (at % size)), prefix: 32 - bits }
})
const claim = fc.record({
  cluster: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
  block,
  claimedAt: fc.integer({ min: 1, max: 6 }),
})
const claims = fc.array(claim, { maxLength: 12 })

const textOf = ({ cluster, block: { first, prefix }, claimedAt }: Claim) =>
  `${cluster} ${first}/${prefix} ${claimedAt}`

/** The definition, read literally: it stands when no claim that stands and wins over it overlaps it. */
function stands(one: Claim, all: readonly Claim[]): boolean {
  return !all.some(
    (other) => byPrecedence(other, one) < 0 && overlaps(other.block, one.block) && stands(other, all),
  )
}

/** The claims as a set: of two that are the same one counts. */
const distinct = (all: readonly Claim[]) => [...new Map(all.map((each) => [textOf(each), each])).values()]

test('the claims that stand are those of the definition', () => {
  fc.assert(
    fc.property(claims, (all) => {
      const expected = distinct(all).filter((each) => stands(each, all))
      const standing = new StandingClaims(all)
      expect(standing.claims.map(textOf).sort()).toEqual(expected.map(textOf).sort())
      expect(distinct(all).filter((each) => standing.has(each))).toEqual(expected)
    }),
    { numRuns: 2_000 },
  )
})

test('an address has one owner at most, and the one that a look at every claim finds', () => {
  fc.assert(
    fc.property(claims, (all) => {
      const standing = new StandingClaims(all)
      for (let value = 0xf200_0000n; value < 0xf200_0000n + BigInt(SIZE); value++) {
        const where = { family: 4, value } as const
        const owners = standing.claims.filter((each) => containsAddress(each.block, where))
        expect(owners.length).toBeLessThanOrEqual(1)
        expect(standing.ownerOf(where)).toBe(owners[0])
      }
    }),
  )
})

test('the order in which claims came plays no part', () => {
  const shuffled = claims.chain((all) =>
    fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
  )
  fc.assert(
    fc.property(shuffled, ([all, other]) => {
      expect(new StandingClaims(other).claims.map(textOf)).toEqual(new StandingClaims(all).claims.map(textOf))
    }),
  )
})

test('precedence is a total order', () => {
  fc.assert(
    fc.property(claim, claim, claim, (one, two, three) => {
      expect(Math.sign(byPrecedence(one, two)) + Math.sign(byPrecedence(two, one))).toBe(0)
      expect(byPrecedence(one, two) === 0).toBe(textOf(one) === textOf(two))
      if (byPrecedence(one, two) <= 0 && byPrecedence(two, three) <= 0) {
        expect(byPrecedence(one, three)).toBeLessThanOrEqual(0)
      }
    }),
  )
})

describe('of two that overlap', () => {
  test('the earlier wins, whatever its size', () => {
    const early = claimOf('west', '242.0.0.0/16', 1)
    const late = claimOf('east', '242.0.0.0/9', 2)
    expect(winner(early, late)).toBe(early)
    expect(winner(late, early)).toBe(early)
    expect(new StandingClaims([late, early]).claims).toEqual([early])
  })

  test('and of two of the same time the smaller cluster id', () => {
    const [east, west] = [claimOf('east', '242.0.0.0/16', 1), claimOf('west', '242.0.0.0/16', 1)]
    expect(winner(west, east)).toBe(east)
  })
})

test('a claim that is beaten beats nobody: the third of a chain stands', () => {
  const first = claimOf('a', '242.1.0.0/16', 1)
  const beaten = claimOf('b', '242.0.0.0/9', 2)
  const third = claimOf('c', '242.2.0.0/16', 3)
  const standing = new StandingClaims([third, beaten, first])
  expect(standing.claims).toEqual([first, third])
  expect(standing.ownerOf(address('242.1.255.255'))).toBe(first)
  expect(standing.ownerOf(address('242.2.0.0'))).toBe(third)
  expect(standing.ownerOf(address('242.3.0.0'))).toBeUndefined()
  expect(standing.ownerOf(address('::f201:1'))).toBeUndefined()
  expect(standing.overlapping(cidr('242.0.0.0/8'))).toEqual([first, third])
})
