/** Where global addresses are in the way of others. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { blockAround, formatCidr, overlaps } from '../../../src/core/cidr.ts'
import { findOverlaps, type OverlapInput } from '../../../src/globalnet/overlap.ts'
import { cidr, claimOf } from '../../support/claims.ts'

const OWN = claimOf('east', '242.7.0.0/16', 10)

const find = (input: Partial<OverlapInput>) =>
  findOverlaps({
    range: cidr('242.0.0.0/8'),
    own: OWN,
    podCidrs: [],
    serviceCidrs: [],
    nodeAddresses: [],
    claims: [],
    ...input,
  })

test('there is none in an ordinary cluster, of one family or two', () => {
  expect(
    find({
      podCidrs: ['10.244.0.0/16', 'fd00:244::/48'],
      serviceCidrs: ['10.96.0.0/16', 'fd00:96::/112'],
      nodeAddresses: ['192.168.1.7', 'fe80::1'],
      claims: [claimOf('west', '242.8.0.0/16', 1)],
    }),
  ).toEqual([])
})

test('with pods: the message says what, where and what to do', () => {
  expect(find({ podCidrs: ['242.7.0.0/17'] })).toEqual([
    {
      kind: 'PodCIDR',
      where: '242.7.0.0/17',
      inBlock: true,
      message:
        "the block 242.7.0.0/16 of this cluster overlaps 242.7.0.0/17, the pods' addresses; one of the two cannot be " +
        'reached from here: choose a range that nobody uses, the same in every cluster (GlobalNetwork, spec.range)',
    },
  ])
})

test('with Services outside of the block: only addresses of other clusters are in the way', () => {
  expect(find({ serviceCidrs: ['242.96.0.0/16'] })).toEqual([
    expect.objectContaining({
      kind: 'ServiceCIDR',
      inBlock: false,
      message: expect.stringMatching(
        /^the global range 242\.0\.0\.0\/8 overlaps 242\.96\.0\.0\/16, the Services' addresses; /,
      ),
    }),
  ])
})

test('what meets the own block comes first', () => {
  const kinds = find({ podCidrs: ['242.96.0.0/16'], nodeAddresses: ['242.7.0.9'] }).map(({ kind }) => kind)
  expect(kinds).toEqual(['Node', 'PodCIDR'])
})

test('nodes are told together, the first few by address', () => {
  const nodeAddresses = Array.from({ length: 100 }, (_, index) => `242.9.0.${index}`)
  const [found, ...others] = find({ nodeAddresses })
  expect(others).toEqual([])
  expect(found).toMatchObject({ kind: 'Node', inBlock: false })
  expect(found?.message).toContain('has addresses of nodes in it: 242.9.0.0, ')
  expect(found?.message).toContain('242.9.0.7 and 92 more; one of the two')
})

test.each([
  ['127.0.0.0/16', 'loopback addresses'],
  ['224.0.0.0/4', 'multicast addresses'],
  ['169.254.0.0/16', 'link-local addresses'],
  ['0.0.0.0/0', 'this network'],
  ['240.0.0.0/4', 'the broadcast address'],
  ['ff00::/16', 'multicast addresses'],
  ['fe80::/64', 'link-local addresses'],
  ['::/64', 'the loopback address'],
])('the range %s has %s in it, which nobody can use', (range, what) => {
  const found = find({ range: cidr(range), own: undefined })
  expect(found.map(({ kind }) => kind)).toContain('Special')
  expect(found.map(({ message }) => message).join()).toContain(what)
})

describe('with the block of another cluster', () => {
  test.each([
    ['this cluster keeps it, and west takes another', [claimOf('west', '242.7.0.0/24', 20)]],
    ['west claimed it earlier, and this cluster takes another block', [claimOf('west', '242.7.0.0/24', 5)]],
    [
      'both lose it to another cluster',
      [claimOf('west', '242.7.1.0/24', 20), claimOf('first', '242.7.2.0/24', 5)],
    ],
    [
      'west claimed it earlier, and loses it to another cluster itself',
      [claimOf('west', '242.0.0.0/9', 5), claimOf('first', '242.7.0.0/16', 1)],
    ],
  ])('the message says who has to move: %s', (message, claims) => {
    const found = find({ claims }).find((each) => each.message.includes('cluster west claims'))
    expect(found).toMatchObject({ kind: 'Claim', inBlock: true })
    expect(found?.message).toContain(message)
  })

  test('ours in the eyes of others is no other', () => {
    expect(find({ claims: [claimOf('east', '242.7.0.0/16', 1)] })).toEqual([])
  })
})

test.each([
  [{ podCidrs: ['10.244.0.0'] }, `"10.244.0.0", given as the pods' addresses, is not a block such as`],
  [{ serviceCidrs: ['10.96.0.1/16'] }, `"10.96.0.1/16", given as the Services' addresses, is not a block`],
  [{ nodeAddresses: ['node-1', 'node-2'] }, '"node-1", given as the address of a node, is not an address'],
])('what cannot be read is said, once: %j', (input, message) => {
  const found = find(input)
  expect(found).toHaveLength(1)
  expect(found[0]).toMatchObject({ kind: 'Unreadable', message: expect.stringContaining(message) })
})

test('a block is told exactly when it overlaps the range', () => {
  const block = fc
    .tuple(fc.integer({ min: 0, max: 0xffff_ffff }), fc.integer({ min: 0, max: 32 }))
    .map(([value, prefix]) => blockAround({ family: 4, value: BigInt(value) }, prefix))
  fc.assert(
    fc.property(block, block, (range, pods) => {
      const found = find({ range, own: undefined, podCidrs: [formatCidr(pods)] })
      expect(found.some(({ kind }) => kind === 'PodCIDR')).toBe(overlaps(range, pods))
    }),
  )
})
