/** The slices in which DNS finds remote endpoints. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { EndpointSlice } from '../../../src/api/objects.ts'
import { type Host, hostSlices, packAddresses } from '../../../src/exporter/host-slices.ts'
import { HOSTS_PER_SLICE } from '../../../src/exporter/limits.ts'
import { mergeService } from '../../../src/exporter/service-merge.ts'
import { OWNER, record } from '../../support/exporter-objects.ts'

const merged = mergeService([{ cluster: 'east', record: record({ type: 'Headless' }) }])
if (merged === undefined) throw new Error('nothing merged')
const { ports } = merged

function host(index: number, change: Partial<Host> = {}): Host {
  const address = `10.96.${index >> 8}.${index & 255}`
  return { cluster: 'east', hostname: `web-${index}`, address, offered: true, ready: true, ports, ...change }
}

const hosts = (count: number) => Array.from({ length: count }, (_, index) => host(index))
const slices = (wanted: readonly Host[], existing: readonly EndpointSlice[] = []) =>
  hostSlices({ merged, hosts: wanted, existing, owner: OWNER })
const changed = (before: readonly EndpointSlice[], after: readonly EndpointSlice[]) =>
  after.filter((slice) => !before.some((each) => JSON.stringify(each) === JSON.stringify(slice)))

describe('the slices of remote hosts', () => {
  test('hold each at its address, with the ports of the import, for DNS and not for kube-proxy', () => {
    expect(slices([host(1, { offered: false })])).toEqual([
      {
        metadata: {
          name: expect.stringMatching(/^derived-[0-9a-v]{10}-hosts-[0-9a-v]{10}-0-east$/),
          namespace: 'demo',
          labels: {
            'multicluster.kubernetes.io/service-name': 'web',
            'multicluster.kubernetes.io/source-cluster': 'east',
            'endpointslice.kubernetes.io/managed-by': 'fairlead.dev',
          },
          ownerReferences: [OWNER],
        },
        addressType: 'IPv4',
        endpoints: [
          {
            addresses: ['10.96.0.1'],
            conditions: { ready: false, serving: true, terminating: false },
            hostname: 'web-1',
          },
        ],
        ports: [{ name: 'http', protocol: 'TCP', port: 80 }],
      },
    ])
  })

  test('are apart for clusters, families and lists of ports', () => {
    const found = slices([
      host(1),
      host(2, { cluster: 'north' }),
      host(3, { address: 'fd00::3' }),
      host(4, { ports: [] }),
    ])
    expect(found.map(({ addressType, endpoints }) => `${addressType} ${endpoints[0]?.hostname}`)).toEqual([
      'IPv4 web-1',
      'IPv4 web-2',
      'IPv6 web-3',
      'IPv4 web-4',
    ])
    expect(new Set(found.map(({ metadata }) => metadata.name)).size).toBe(4)
  })

  test('two hosts of one name are both there', () => {
    const [found] = slices([host(1, { hostname: 'db' }), host(2, { hostname: 'db' })])
    expect(found?.endpoints.map(({ addresses }) => addresses[0])).toEqual(['10.96.0.1', '10.96.0.2'])
  })

  test('one host more, less or not ready changes one slice of three', () => {
    const before = slices(hosts(250))
    expect(before.map(({ endpoints }) => endpoints.length)).toEqual([100, 100, 50])
    expect(changed(before, slices(hosts(251), before))).toHaveLength(1)
    expect(changed(before, slices(hosts(250).slice(1), before))).toHaveLength(1)
    const unready = hosts(250).map((each, index) => (index === 7 ? { ...each, offered: false } : each))
    expect(changed(before, slices(unready, before))).toHaveLength(1)
    expect(slices(hosts(250), before)).toEqual(before)
  })

  test('names of clusters that end alike are not mixed up', () => {
    const before = slices([host(1, { cluster: '1-east' })])
    expect(slices([host(1)], before)[0]?.metadata.name).toMatch(/-0-east$/)
  })
})

describe('addresses in numbered slices', () => {
  const address = fc.integer({ min: 0, max: 400 }).map((index) => `a${index}`)
  const wanted = fc.uniqueArray(address, { maxLength: 350 })
  const before = fc
    .uniqueArray(fc.tuple(fc.nat({ max: 12 }), fc.array(address, { maxLength: 150 })), {
      selector: ([number]) => number,
      maxLength: 6,
    })
    .map((entries) => new Map(entries))

  test('are each in one, none holds too many, and none is empty', () => {
    fc.assert(
      fc.property(wanted, before, (addresses, present) => {
        const packed = [...packAddresses(addresses, present).values()]
        expect(packed.flat().sort()).toEqual(addresses.toSorted())
        expect(packed.every((slice) => slice.length > 0 && slice.length <= HOSTS_PER_SLICE)).toBe(true)
      }),
    )
  })

  test('stay where they are', () => {
    fc.assert(
      fc.property(wanted, wanted, (first, second) => {
        const earlier = packAddresses(first, new Map())
        const later = packAddresses(second, earlier)
        for (const [number, addresses] of earlier) {
          const staying = addresses.filter((each) => second.includes(each))
          expect(later.get(number) ?? []).toEqual(expect.arrayContaining(staying))
        }
      }),
    )
  })
})
