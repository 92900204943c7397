/** What other clusters claim is read or refused, and when our next claim is made. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { BlockClaim } from '../../../src/api/global-claim.ts'
import { formatCidr, overlaps } from '../../../src/core/cidr.ts'
import { nextClaimTime, readClaims } from '../../../src/globalnet/block-claims.ts'
import { byPrecedence } from '../../../src/globalnet/block-precedence.ts'
import { CLAIM_AHEAD_MS, CLAIMS_MAX } from '../../../src/globalnet/limits.ts'
import { cidr, claimOf } from '../../support/claims.ts'

const RANGE = cidr('242.0.0.0/8')
const told = (claim: unknown) => readClaims([claim as BlockClaim], RANGE)

test.each([
  [{ cluster: 'west', block: '242.7.0.0/16', claimedAt: 1 }],
  [{ cluster: 'west', block: '242.0.0.0/9', claimedAt: Number.MAX_SAFE_INTEGER }],
  [{ cluster: 'west', block: '242.0.0.4/30', claimedAt: 5 }],
])('%j is read', (claim) => {
  const { claims, refused } = told(claim)
  expect(claims.map((each) => ({ ...each, block: formatCidr(each.block) }))).toEqual([claim])
  expect(refused).toEqual([])
})

test.each([
  ['has no cluster id', { cluster: 'West!', block: '242.7.0.0/16', claimedAt: 1 }],
  ['has no cluster id', { cluster: 7, block: '242.7.0.0/16', claimedAt: 1 }],
  ['has no time', { cluster: 'west', block: '242.7.0.0/16', claimedAt: 0 }],
  ['has no time', { cluster: 'west', block: '242.7.0.0/16', claimedAt: -1 }],
  ['has no time', { cluster: 'west', block: '242.7.0.0/16', claimedAt: 1.5 }],
  ['has no time', { cluster: 'west', block: '242.7.0.0/16', claimedAt: Number.NaN }],
  ['has no time', { cluster: 'west', block: '242.7.0.0/16', claimedAt: '1' }],
  ['has no block such as 242.7.0.0/16', { cluster: 'west', block: '242.7.0.1/16', claimedAt: 1 }],
  ['has no block such as 242.7.0.0/16', { cluster: 'west', claimedAt: 1 }],
  [
    'is for 242.0.0.0/8, and a block has from 4 to 8388608',
    { cluster: 'west', block: '242.0.0.0/8', claimedAt: 1 },
  ],
  ['is for 242.0.0.0/31, and a block has', { cluster: 'west', block: '242.0.0.0/31', claimedAt: 1 }],
  ['is for 0.0.0.0/0, and a block has', { cluster: 'west', block: '0.0.0.0/0', claimedAt: 1 }],
  ['is for 10.0.0.0/16, outside of 242.0.0.0/8', { cluster: 'west', block: '10.0.0.0/16', claimedAt: 1 }],
  ['is for fd00::/112, outside of', { cluster: 'west', block: 'fd00::/112', claimedAt: 1 }],
])('%s: %j', (reason, claim) => {
  const { claims, refused } = told(claim)
  expect(claims).toEqual([])
  expect(refused).toEqual([{ cluster: expect.any(String), reason: expect.stringContaining(reason) }])
})

test('a claim that reaches out of a small range counts, for it is in the way', () => {
  const { claims } = readClaims(
    [{ cluster: 'west', block: '242.0.0.0/9', claimedAt: 1 }],
    cidr('242.1.0.0/16'),
  )
  expect(claims).toHaveLength(1)
})

test('of two claims of one cluster the newer is the one it has', () => {
  const [old, young] = [
    { cluster: 'west', block: '242.7.0.0/16', claimedAt: 1 },
    { cluster: 'west', block: '242.8.0.0/16', claimedAt: 2 },
  ]
  for (const order of [
    [old, young],
    [young, old],
  ] as BlockClaim[][]) {
    expect(readClaims(order, RANGE).claims).toEqual([claimOf('west', '242.8.0.0/16', 2)])
  }
})

test('when there are too many, the earliest are kept and the others named', () => {
  const many = Array.from({ length: CLAIMS_MAX + 2 }, (_, index) => ({
    cluster: `c${index}`,
    block: '242.7.0.0/16',
    claimedAt: CLAIMS_MAX + 2 - index,
  }))
  const { claims, refused } = readClaims(many, RANGE)
  expect([claims.length, claims[0]?.claimedAt]).toEqual([CLAIMS_MAX, 1])
  expect(refused.map(({ cluster }) => cluster)).toEqual(['c1', 'c0'])
})

test('whatever is told, what is read can be used, and all else is refused with a short reason', () => {
  const anything = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom('242.7.0.0/16', '242.0.0.0/9', 'west', 1, 2, 2 ** 60),
  )
  const claim = fc.record({ cluster: anything, block: anything, claimedAt: anything })
  fc.assert(
    fc.property(fc.array(claim, { maxLength: 10 }), (list) => {
      const { claims, refused } = readClaims(list as unknown as BlockClaim[], RANGE)
      for (const each of claims) expect(overlaps(RANGE, each.block)).toBe(true)
      for (const { cluster, reason } of refused) expect(cluster.length + reason.length).toBeLessThan(200)
      expect(claims).toEqual(claims.toSorted(byPrecedence))
    }),
  )
})

describe('the next claim', () => {
  const NOW = 1_000_000_000_000

  test('is made now', () => {
    expect(nextClaimTime(NOW, [])).toBe(NOW)
    expect(nextClaimTime(NOW, [claimOf('a', '242.7.0.0/16', NOW - 5)])).toBe(NOW)
  })

  test('is later than all that are known, also when our clock is slow', () => {
    const ahead = claimOf('a', '242.7.0.0/16', NOW + CLAIM_AHEAD_MS)
    expect(nextClaimTime(NOW, [ahead, claimOf('b', '242.8.0.0/16', 3)])).toBe(ahead.claimedAt + 1)
  })

  test('does not follow a time that is absurdly far ahead', () => {
    expect(nextClaimTime(NOW, [claimOf('a', '242.7.0.0/16', NOW + CLAIM_AHEAD_MS + 1)])).toBe(NOW)
    expect(nextClaimTime(NOW, [claimOf('a', '242.7.0.0/16', Number.MAX_SAFE_INTEGER)])).toBe(NOW)
  })

  test.each([-5, 0, 0.5, 7.9])('has a time that others take when the clock says %d', (now) => {
    const claimedAt = nextClaimTime(now, [])
    expect(readClaims([{ cluster: 'a', block: '242.7.0.0/16', claimedAt }], RANGE).claims).toHaveLength(1)
  })
})
