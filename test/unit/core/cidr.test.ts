/** Blocks of addresses: laws of containment and offsets, and what is refused. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  addressAt,
  blockAround,
  type Cidr,
  containsAddress,
  containsBlock,
  formatCidr,
  lastOf,
  offsetOf,
  overlaps,
  parseCidr,
  sizeOf,
} from '../../../src/core/cidr.ts'
import { bitsOf, type IpFamily } from '../../../src/core/ip.ts'

/** Blocks close to each other, so that they often meet. */
const block = fc
  .tuple(fc.constantFrom<IpFamily>(4, 6), fc.nat({ max: 64 }), fc.nat({ max: 8 }), fc.boolean())
  .map(([family, near, hostBits, top]): Cidr => {
    const end = 1n << BigInt(bitsOf(family))
    const value = top ? end - 1n - BigInt(near) : BigInt(near)
    return blockAround({ family, value }, bitsOf(family) - hostBits)
  })

/** Every address, as text: the model of what a block is. Only for small ones. */
function members(cidr: Cidr): Set<string> {
  const offsets = Array.from({ length: Number(sizeOf(cidr)) }, (_, index) => BigInt(index))
  return new Set(offsets.map((offset) => `${cidr.family}/${addressAt(cidr, offset)?.value}`))
}

test('what is printed is read back as it was', () => {
  fc.assert(fc.property(block, (cidr) => expect(parseCidr(formatCidr(cidr))).toEqual(cidr)))
})

test('a block contains another, or overlaps it, exactly when their addresses do', () => {
  fc.assert(
    fc.property(block, block, (left, right) => {
      const [ours, theirs] = [members(left), members(right)]
      expect(containsBlock(left, right)).toBe([...theirs].every((each) => ours.has(each)))
      expect(overlaps(left, right)).toBe([...theirs].some((each) => ours.has(each)))
      expect(overlaps(right, left)).toBe(overlaps(left, right))
    }),
  )
})

test('an address is in a block exactly when it has an offset there, which leads back to it', () => {
  fc.assert(
    fc.property(
      block,
      fc.constantFrom<IpFamily>(4, 6),
      fc.integer({ min: -2, max: 300 }),
      (cidr, family, far) => {
        const value = cidr.first + BigInt(far)
        fc.pre(value >= 0n && value < 1n << BigInt(bitsOf(family)))
        const address = { family, value }
        const offset = offsetOf(cidr, address)
        expect(containsAddress(cidr, address)).toBe(offset !== undefined)
        if (offset !== undefined) expect(addressAt(cidr, offset)).toEqual(address)
      },
    ),
  )
})

test('the block around an address has it, and begins where it should', () => {
  const prefix = fc.nat({ max: 32 })
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), prefix, (value, bits) => {
      const address = { family: 4, value: BigInt(value) } as const
      const around = blockAround(address, bits)
      expect(containsAddress(around, address)).toBe(true)
      expect(around.first % sizeOf(around)).toBe(0n)
      expect(lastOf(around) - around.first + 1n).toBe(sizeOf(around))
    }),
  )
})

test.each([
  ['242.0.0.0/8', 16_777_216n],
  ['0.0.0.0/0', 4_294_967_296n],
  ['10.1.2.3/32', 1n],
  ['fd00::/8', 1n << 120n],
  ['::/0', 1n << 128n],
  ['::1/128', 1n],
])('%s has %d addresses, and none outside', (text, size) => {
  const cidr = parseCidr(text)
  expect(cidr && sizeOf(cidr)).toBe(size)
  expect(cidr && addressAt(cidr, size)).toBeUndefined()
  expect(cidr && addressAt(cidr, -1n)).toBeUndefined()
})

test.each([
  ...[
    '',
    '/',
    '/8',
    '242.0.0.0',
    '242.0.0.0/',
    '242.0.0.0/08',
    '242.0.0.0/33',
    '242.0.0.0/-1',
    '242.0.0.0/8/8',
  ],
  ...[
    '242.0.0.1/8',
    '242.0.0.0 /8',
    '242.0.0.0/8 ',
    '242.0.0.0/+8',
    '242.0.0.0/8.0',
    '242.0.0.00/8',
    '242/8',
  ],
  ...['fd00::1/8', 'fd00::/129', 'fd00::', '::ffff:1.2.3.4/24'],
])('%j is no block', (text) => {
  expect(parseCidr(text)).toBeUndefined()
})
