/** Listings of nft in the forms that versions and images differ in. */
import { expect, test } from '@jest/globals'
import { readListing } from '../../../src/globalnet/nat-listing.ts'

const listing = (...entries: object[]) =>
  JSON.stringify({
    nftables: [{ metainfo: { version: '1.0.6' } }, { table: { family: 'ip', name: 'fairlead' } }, ...entries],
  })

const map = (data: object) => ({ map: { family: 'ip', name: 'ports', table: 'fairlead', ...data } })
const PORTS = { type: ['inet_proto', 'ipv4_addr', 'inet_service'], map: 'inet_service' }

test('protocols are names, also where the image has no names for them', () => {
  const numbers = map({
    ...PORTS,
    elem: [
      [{ concat: [6, '242.1.0.1', 80] }, 20_001],
      [{ concat: [17, '242.1.0.1', 53] }, 20_002],
    ],
  })
  expect([...(readListing(listing(numbers)).sets.get('ports')?.elements ?? [])]).toEqual([
    ['tcp . 242.1.0.1 . 80', '20001'],
    ['udp . 242.1.0.1 . 53', '20002'],
  ])
})

test('types are the same whether nft tells them in one word or in several', () => {
  const header = (value: unknown) =>
    readListing(listing(map({ ...PORTS, map: value }))).sets.get('ports')?.header
  expect(header(['ipv4_addr', 'inet_service'])).toBe(header('ipv4_addr . inet_service'))
})

test('a set with other properties than ours is another set', () => {
  const table = readListing(listing(map({ ...PORTS, timeout: 5, flags: ['timeout'] })))
  expect(table.sets.get('ports')?.header).toBe(
    'type inet_proto . ipv4_addr . inet_service : inet_service; flags timeout; [["timeout",5]]',
  )
})

test('a table that cannot be read is told as one that is not ours', () => {
  for (const text of ['', '{"nftables": [{"table": {"flags": ', '[]', '{"nftables": 7}']) {
    expect([...readListing(text).sets.keys()]).toEqual(['unreadable fairlead'])
  }
})

test('a rule is never told in words that we use', () => {
  const rule = { rule: { chain: 'refuse', expr: [{ drop: null }], handle: 4 } }
  const table = readListing(listing({ chain: { name: 'refuse' } }, rule))
  expect(table.chains.get('refuse')?.rules).toEqual(['{"expr":[{"drop":null}],"comment":null}'])
})
