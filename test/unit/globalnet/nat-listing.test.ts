/** Listings of nft in the forms that versions and images differ in. */
import { describe, expect, test } from '@jest/globals'
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

describe('the same table as versions list it', () => {
  const chain = { chain: { name: 'to-db', handle: 9 } }
  const input = { chain: { name: 'input', type: 'nat', hook: 'input', prio: 95, policy: 'accept' } }
  const sources = (flags: unknown) => ({
    map: {
      name: 'sources',
      type: ['ipv4_addr', 'inet_service'],
      map: 'ipv4_addr',
      flags,
      elem: [[{ concat: ['10.0.0.5', { range: [32_768, 32_831] }] }, '242.1.0.9']],
    },
  })
  const pairs = (value: unknown) => map({ ...PORTS, map: value, elem: [['x', { concat: ['10.0.0.1', 80] }]] })
  const table = (...entries: object[]) => {
    const { sets, chains } = readListing(listing(...entries))
    return { sets: new Map([...sets].sort()), chains: new Map([...chains].sort()) }
  }
  const debian12 = table(pairs('ipv4_addr . inet_service'), sources(['interval']), input, chain)

  test('1.1: chains before sets, types in several words', () => {
    expect(table(input, chain, pairs(['ipv4_addr', 'inet_service']), sources(['interval']))).toEqual(debian12)
    expect(debian12.sets.get('sources')).toEqual({
      kind: 'map',
      header: 'type ipv4_addr . inet_service : ipv4_addr; flags interval;',
      elements: new Map([['10.0.0.5 . 32768-32831', '242.1.0.9']]),
    })
  })

  test('one flag as a word of its own', () => {
    expect(table(input, chain, pairs(['ipv4_addr', 'inet_service']), sources('interval'))).toEqual(debian12)
  })

  test.each(['ip', 'dormant', [['dormant']]])('a table that is dormant (%j) is not ours', (flags) => {
    const text = JSON.stringify({ nftables: [{ table: { family: 'ip', name: 'fairlead', flags } }] })
    expect([...readListing(text).sets.keys()]).toEqual(['table fairlead'])
  })
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
