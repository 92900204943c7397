/** Addresses, against Node's own readers and against what RFC 4291 and RFC 5952 say. */
import { isIPv4, isIPv6 } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { formatAddress, type IpAddress, parseAddress } from '../../../src/core/ip.ts'

const v4 = fc
  .integer({ min: 0, max: 0xffff_ffff })
  .map((value): IpAddress => ({ family: 4, value: BigInt(value) }))
const group = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 0xffff }))
const groups = fc.array(group, { minLength: 8, maxLength: 8 })
const v6 = groups.map(
  (words): IpAddress => ({
    family: 6,
    value: words.reduce((value, word) => (value << 16n) | BigInt(word), 0n),
  }),
)
const anyAddress = fc.oneof(v4, v6)

/** Texts that look like addresses, most of them wrong in one place. */
const almost = fc
  .tuple(
    fc.oneof(anyAddress.map(formatAddress), fc.ipV4(), fc.ipV6()),
    fc.nat({ max: 50 }),
    fc.constantFrom('', '0', '1', 'f', 'g', ':', '::', '.', ' ', '/', '256', '-', '\n'),
    fc.nat({ max: 2 }),
  )
  .map(([text, at, inserted, dropped]) => text.slice(0, at) + inserted + text.slice(at + dropped))

test('what is printed is read back as it was', () => {
  fc.assert(
    fc.property(anyAddress, (address) => {
      expect(parseAddress(formatAddress(address))).toEqual(address)
    }),
  )
})

test('exactly the texts that Node takes are read', () => {
  fc.assert(
    fc.property(almost, (text) => {
      const family = parseAddress(text)?.family
      expect([text, family]).toEqual([text, isIPv4(text) ? 4 : isIPv6(text) ? 6 : undefined])
    }),
    { numRuns: 3_000 },
  )
})

test('IPv6 is printed as a URL has it', () => {
  fc.assert(
    fc.property(v6, (address) => {
      fc.pre(address.value >> 32n !== 0xffffn)
      expect(`[${formatAddress(address)}]`).toBe(new URL(`http://[${formatAddress(address)}]`).hostname)
    }),
  )
})

describe('reading', () => {
  test.each([
    ['0.0.0.0', 0n],
    ['242.0.0.1', 0xf200_0001n],
    ['255.255.255.255', 0xffff_ffffn],
    ['::', 0n],
    ['::1', 1n],
    ['1::', 1n << 112n],
    ['2001:DB8::00a', 0x2001_0db8_0000_0000_0000_0000_0000_000an],
    ['1:2:3:4:5:6:7::', 0x0001_0002_0003_0004_0005_0006_0007_0000n],
    ['::ffff:1.2.3.4', 0xffff_0102_0304n],
  ])('%s', (text, value) => {
    expect(parseAddress(text)?.value).toBe(value)
  })

  test.each([
    ...['', '1.2.3', '1.2.3.4.5', '01.2.3.4', '1.2.3.04', '1.2.3.256', '1.2.3.-4', ' 1.2.3.4', '1.2.3.4 '],
    ...['1.2.3.4\n', '0x1.2.3.4', '1e1.2.3.4', '١.2.3.4', ':', ':::', '1::2::3', '1:2:3:4:5:6:7', '12345::'],
    ...[
      '1:2:3:4:5:6:7:8:9',
      '1:2:3:4:5:6:7:8::',
      '::1:2:3:4:5:6:7:8',
      'fe80::1%eth0',
      '1.2.3.4::',
      '::1.2.3',
    ],
    ...['::1.2.3.4:5', '::g', ':1:2:3:4:5:6:7', '1:2:3:4:5:6:7:', `::${'0'.repeat(44)}`],
  ])('%j is none', (text) => {
    expect(parseAddress(text)).toBeUndefined()
  })
})

test.each([
  ['2001:0db8:0000:0000:0001:0000:0000:0001', '2001:db8::1:0:0:1'],
  ['2001:db8:0:0:0:0:2:1', '2001:db8::2:1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['2001:DB8:AAAA::', '2001:db8:aaaa::'],
  ['0:0:0:0:0:0:0:0', '::'],
  ['::ffff:102:304', '::ffff:1.2.3.4'],
])('%s is written %s (RFC 5952)', (text, printed) => {
  const address = parseAddress(text)
  expect(address && formatAddress(address)).toBe(printed)
})
