/** What a cluster does about its claim. */
import { describe, expect, test } from '@jest/globals'
import { formatCidr } from '../../../src/core/cidr.ts'
import { nextQuietBlocks, type QuietBlock } from '../../../src/globalnet/block-quiet.ts'
import { type Review, type ReviewInput, reviewClaim } from '../../../src/globalnet/block-review.ts'
import { cidr, claimOf } from '../../support/claims.ts'

const NOW = Date.parse('2026-06-01T12:00:00Z')
const RANGE = cidr('242.0.0.0/8')
const OWN = claimOf('east', '242.7.0.0/16', NOW - 1_000)

const review = (input: Partial<ReviewInput>) =>
  reviewClaim({
    cluster: 'east',
    own: OWN,
    others: [],
    quiet: [],
    settings: { range: RANGE, prefix: 16 },
    now: NOW,
    ...input,
  })

const quiet = (block: string, cluster: string, until = NOW + 60_000): QuietBlock => ({
  block: cidr(block),
  cluster,
  until,
})

/** All 256 blocks of the range, but those named. */
const allBut = (...numbers: number[]) =>
  Array.from({ length: 256 }, (_, number) => number)
    .filter((number) => !numbers.includes(number))
    .map((number) => claimOf(`c${number}`, `242.${number}.0.0/16`, NOW - 2_000))

function blockOf(found: Review): string | undefined {
  return 'claim' in found && found.claim !== undefined ? formatCidr(found.claim.block) : undefined
}

describe('a claim is kept', () => {
  test('when nobody else has any', () => {
    expect(review({})).toEqual({ kind: 'keep', claim: OWN })
  })

  test('when the others are elsewhere, or came later', () => {
    const others = [claimOf('west', '242.8.0.0/16', 1), claimOf('late', '242.0.0.0/9', NOW)]
    expect(review({ others })).toEqual({ kind: 'keep', claim: OWN })
  })

  test('when the earlier one that overlaps it was itself lost', () => {
    const others = [claimOf('first', '242.1.0.0/16', 1), claimOf('beaten', '242.0.0.0/9', 2)]
    expect(review({ others })).toEqual({ kind: 'keep', claim: OWN })
  })

  test('whatever others have heard of an older claim of ours', () => {
    expect(review({ others: [claimOf('east', '242.7.0.0/16', 1)] })).toEqual({ kind: 'keep', claim: OWN })
  })

  test('when blocks of another size are asked for and none is free', () => {
    const found = review({ settings: { range: RANGE, prefix: 15 }, others: allBut(7) })
    expect(found).toMatchObject({ kind: 'keep', claim: OWN })
    expect(found).toHaveProperty(
      'unmet',
      expect.stringContaining('none of the 128 blocks of 131072 addresses'),
    )
  })

  test('when the block that is asked for is not free, and the reason is told', () => {
    const settings = { range: RANGE, prefix: 16, wanted: cidr('242.9.0.0/16') }
    expect(review({ settings, others: [claimOf('west', '242.9.0.0/16', NOW)] })).toEqual({
      kind: 'keep',
      claim: OWN,
      unmet:
        'block 242.9.0.0/16 cannot be had: cluster west claimed 242.9.0.0/16 at 2026-06-01T12:00:00.000Z',
    })
    expect(review({ settings, quiet: [quiet('242.9.0.0/16', 'gone')] })).toHaveProperty(
      'unmet',
      'block 242.9.0.0/16 cannot be had: cluster gone gave up 242.9.0.0/16, which rests until 2026-06-01T12:01:00.000Z',
    )
  })

  test.each(['10.0.0.0/16', '242.9.0.0/17'])('when %s is asked for, which no cluster may have', (wanted) => {
    const found = review({ settings: { range: RANGE, prefix: 16, wanted: cidr(wanted) } })
    expect(found).toMatchObject({
      kind: 'keep',
      claim: OWN,
      unmet: expect.stringContaining('it is no /16 of'),
    })
  })
})

describe('a claim is given up for another', () => {
  test('when an earlier one overlaps it', () => {
    const west = claimOf('west', '242.7.0.0/16', NOW - 5_000)
    const found = review({ others: [west] })
    expect(found).toMatchObject({ kind: 'renumber', claim: { cluster: 'east', claimedAt: NOW } })
    expect(found).toHaveProperty('givenUp', {
      claim: OWN,
      reason: 'Lost',
      to: west,
      message:
        'block 242.7.0.0/16 was lost: cluster west claimed 242.7.0.0/16 at 2026-06-01T11:59:55.000Z, earlier',
    })
    expect(blockOf(found)).not.toBe('242.7.0.0/16')
  })

  test('with a later time than before, also when the clock went back', () => {
    const own = { ...OWN, claimedAt: NOW + 5_000 }
    expect(review({ own, others: [claimOf('west', '242.7.0.0/16', 1)] })).toMatchObject({
      claim: { claimedAt: NOW + 5_001 },
    })
  })

  test('when the range is another', () => {
    const found = review({ settings: { range: cidr('10.64.0.0/10'), prefix: 16 } })
    expect(found).toMatchObject({
      kind: 'renumber',
      givenUp: { reason: 'OutOfRange', message: 'block 242.7.0.0/16 is not in the range 10.64.0.0/10' },
    })
    expect(blockOf(found)).toMatch(/^10\./)
  })

  test('when its size is another, of which one is free', () => {
    const found = review({ settings: { range: RANGE, prefix: 20 }, others: allBut(7) })
    expect(found).toMatchObject({ kind: 'renumber', givenUp: { reason: 'SizeChanged' } })
    expect(blockOf(found)).toMatch(/^242\.7\.\d+\.0\/20$/)
  })

  test('when another block is asked for and free', () => {
    const settings = { range: RANGE, prefix: 16, wanted: cidr('242.9.0.0/16') }
    const found = review({ settings, quiet: [quiet('242.9.0.0/16', 'gone', NOW)] })
    expect(found).toMatchObject({ kind: 'renumber', givenUp: { reason: 'WantedBlock' } })
    expect(blockOf(found)).toBe('242.9.0.0/16')
  })
})

describe('a first claim', () => {
  test('is for a free block', () => {
    const found = review({ own: undefined, others: allBut(12) })
    expect(found).toMatchObject({ kind: 'claim', claim: { cluster: 'east', claimedAt: NOW } })
    expect(blockOf(found)).toBe('242.12.0.0/16')
  })

  test('is for the block that is asked for, or for another while that is not free', () => {
    const settings = { range: RANGE, prefix: 16, wanted: cidr('242.9.0.0/16') }
    expect(blockOf(review({ own: undefined, settings }))).toBe('242.9.0.0/16')
    const found = review({ own: undefined, settings, others: [claimOf('west', '242.9.0.0/16', 1)] })
    expect(found).toMatchObject({ kind: 'claim', unmet: expect.stringContaining('cluster west claimed') })
  })

  test('does not take what rests, but for what was ours', () => {
    const others = allBut(12, 13)
    expect(blockOf(review({ own: undefined, others, quiet: [quiet('242.12.0.0/16', 'gone')] }))).toBe(
      '242.13.0.0/16',
    )
    const resting = [quiet('242.12.0.0/16', 'east'), quiet('242.13.0.0/16', 'gone')]
    expect(blockOf(review({ own: undefined, others, quiet: resting }))).toBe('242.12.0.0/16')
  })

  test('spares blocks that others are about to give up while there are others, and takes one when there are none', () => {
    const lost = claimOf('beaten', '242.12.0.0/15', NOW - 1_500)
    expect(blockOf(review({ own: undefined, others: [...allBut(13, 14), lost] }))).toBe('242.14.0.0/16')
    expect(blockOf(review({ own: undefined, others: [...allBut(13), lost] }))).toBe('242.13.0.0/16')
  })
})

describe('there is no claim', () => {
  test('without settings, and the one that there was is named', () => {
    expect(review({ settings: undefined })).toEqual({ kind: 'none', released: OWN })
    expect(review({ settings: undefined, own: undefined })).toEqual({ kind: 'none' })
  })

  test('when nothing is free: the message says how much there is and who has it', () => {
    const others = [claimOf('north', '242.0.0.0/9', 1), claimOf('south', '242.192.0.0/10', 2)]
    const found = review({ own: undefined, others, quiet: [quiet('242.128.0.0/10', 'gone')] })
    expect(found).toEqual({
      kind: 'exhausted',
      shortage: {
        blocks: 256n,
        holders: others,
        quiet: [quiet('242.128.0.0/10', 'gone')],
        retryAt: NOW + 60_000,
        message:
          'none of the 256 blocks of 65536 addresses in 242.0.0.0/8 is free: ' +
          'held: 242.0.0.0/9 (north), 242.192.0.0/10 (south); resting after: 242.128.0.0/10 (gone); ' +
          'the first is free at 2026-06-01T12:01:00.000Z; make the range larger or the blocks smaller, in every cluster',
      },
    })
  })

  test('when it was lost and nothing is free; the message stays short', () => {
    const found = review({ others: allBut() })
    expect(found).toMatchObject({ kind: 'exhausted', givenUp: { reason: 'Lost', to: { cluster: 'c7' } } })
    expect(found).toHaveProperty('shortage.message', expect.stringContaining('(c104) and 248 more; make'))
  })

  test('when no block of that size fits the range', () => {
    expect(review({ own: undefined, settings: { range: cidr('242.0.0.0/20'), prefix: 16 } })).toMatchObject({
      kind: 'exhausted',
      shortage: {
        message: expect.stringContaining('there are no blocks of 65536 addresses in 242.0.0.0/20'),
      },
    })
  })
})

describe('blocks rest', () => {
  const change = { quietMs: 60_000, now: NOW, quiet: [] }
  const west = claimOf('west', '242.8.0.0/16', 5)

  test('after they were given up, for the quiet time', () => {
    expect(nextQuietBlocks({ ...change, before: [OWN, west], after: [OWN] })).toEqual([
      quiet('242.8.0.0/16', 'west'),
    ])
  })

  test('no longer when it is over, or when their owner has them again', () => {
    const resting = [quiet('242.8.0.0/16', 'west'), quiet('242.9.0.0/16', 'gone', NOW)]
    expect(nextQuietBlocks({ ...change, quiet: resting, before: [], after: [] })).toEqual([resting[0]])
    const again = claimOf('west', '242.8.0.0/16', 9)
    expect(nextQuietBlocks({ ...change, quiet: resting, before: [], after: [again] })).toEqual([])
  })

  test('not when only the time of the claim changed', () => {
    const again = claimOf('west', '242.8.0.0/16', 9)
    expect(nextQuietBlocks({ ...change, before: [west], after: [again] })).toEqual([])
  })
})
