/** Service rules as text: the exact transactions, kept as files beside this one. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { nftTransaction } from '../../../../src/lab/service-proxy/nft-rules.ts'
import type { VirtualPort } from '../../../../src/lab/service-proxy/service-table.ts'

const CONFIG = { family: 'IPv4', serviceNetwork: '10.96.0.0/16', dnsAddress: '10.96.0.10' } as const
const CONFIG6 = { family: 'IPv6', serviceNetwork: 'fd00:96::/112' } as const

const target = (text: string) => {
  const [, address = '', port] = /^\[?(.*?)\]?:(\d+)$/.exec(text) ?? []
  return { address, port: Number(port) }
}

function port(id: string, frontends: string[], endpoints: string[], affinitySeconds?: number): VirtualPort {
  const protocol = id.includes('/udp/') ? 'udp' : 'tcp'
  const family = id.endsWith('/6') ? 'IPv6' : 'IPv4'
  const ends = { frontends: frontends.map(target), endpoints: endpoints.map(target) }
  return { id, family, protocol, ...ends, affinitySeconds }
}

const single = port('demo/one/tcp/80', ['10.96.1.1:80'], ['10.244.0.2:8080'])
const several = port(
  'demo/many/tcp/80',
  ['10.96.1.2:80', '172.31.0.10:30080'],
  ['10.244.0.2:80', '10.244.0.3:80', '10.244.0.4:80'],
)
const sticky = port('demo/sticky/udp/53', ['10.96.1.3:53'], ['10.244.0.2:53', '10.244.0.3:53'], 100)
const empty = port('demo/empty/tcp/80', ['10.96.1.4:80'], [])

test('the first transaction makes everything of ours anew', () => {
  expect(nftTransaction([empty, several, single, sticky], CONFIG, undefined).text).toMatchSnapshot()
})

test('IPv6 has a table of its own, with the ports of its family', () => {
  const six = port(
    'demo/six/tcp/80/6',
    ['[fd00:96::5]:80'],
    ['[fd00:244::2]:8080', '[fd00:244::3]:8080'],
    100,
  )
  const one = port('demo/one/tcp/80/6', ['[fd00:31::a]:80'], ['[fd00:244::2]:8080'])
  const { text, objects } = nftTransaction([several, six, one], CONFIG6, undefined)
  expect(text).toMatchSnapshot()
  // What nft takes as a name: no colon.
  for (const name of [...objects.chains, ...objects.sets]) expect(name).toMatch(/^[a-z][\w/.-]*$/)
})

test('a later one replaces rules and elements, and removes chains and sets that are no longer used', () => {
  const before = nftTransaction([several, sticky], CONFIG, undefined)
  const fewer = { ...sticky, endpoints: sticky.endpoints.slice(0, 1) }
  expect(nftTransaction([single, fewer], CONFIG, before.objects).text).toMatchSnapshot()
})

test('sets that remember clients stay while their endpoint does', () => {
  const before = nftTransaction([sticky], CONFIG, undefined)
  const more = { ...sticky, endpoints: [...sticky.endpoints, target('10.244.0.9:53')] }
  expect(nftTransaction([more], CONFIG, before.objects).text).not.toMatch(/^delete /m)
})

test('no name is longer than a kernel takes, and different ports never share one', () => {
  const label = fc.stringMatching(/^[a-z][a-z0-9-]{0,61}[a-z0-9]$/)
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(label, label), { maxLength: 5, selector: String }), (names) => {
      const table = names.map(([namespace, name]) =>
        port(`${namespace}/${name}/tcp/80`, ['10.96.1.1:80'], ['10.244.0.2:80', '10.244.0.3:80'], 60),
      )
      const { chains, sets } = nftTransaction(table, CONFIG, undefined).objects
      expect(new Set([...chains, ...sets]).size).toBe(table.length * 3)
      for (const name of [...chains, ...sets]) expect(name.length).toBeLessThanOrEqual(120)
    }),
  )
})
