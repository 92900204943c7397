/** The in-cluster zone, after the Kubernetes DNS specification and what CoreDNS answers. */

import { isIPv6 } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { EndpointSlice, Service } from '../../../../src/api/objects.ts'
import type { RecordType } from '../../../../src/dns/dns-records.ts'
import { ServiceZone } from '../../../../src/dns/service-zone.ts'
import type { ZoneService, ZoneSnapshot } from '../../../../src/dns/zone-snapshot.ts'
import { clusterService } from '../../../../src/lab/cluster-dns/cluster-services.ts'
import { ReverseZone, reverseName } from '../../../../src/lab/cluster-dns/reverse-zone.ts'
import { ask, host, lines, rcodeName } from '../../../support/dns-fixture.ts'

const ZONE = 'cluster.local'
const service = (name: string, spec: NonNullable<Service['spec']>): Service => ({
  metadata: { name, namespace: 'demo' },
  spec,
})
const slice = (
  name: string,
  endpoints: EndpointSlice['endpoints'],
  ports: EndpointSlice['ports'],
): EndpointSlice => ({
  metadata: { name: `${name}-abcde`, namespace: 'demo', labels: { 'kubernetes.io/service-name': name } },
  addressType: 'IPv4',
  endpoints,
  ports: ports ?? [],
})
const web = [{ name: 'http', port: 80, protocol: 'TCP' as const }]

const services: [Service, EndpointSlice[]][] = [
  [service('web', { clusterIP: '10.96.0.20', clusterIPs: ['10.96.0.20', 'fd00::20'], ports: web }), []],
  [
    service('db', { clusterIP: 'None', ports: [{ name: 'pg', port: 5432 }] }),
    [
      slice('db', [host('db-0', '10.244.0.5'), host('db-1', '10.244.0.6')], [{ name: 'pg', port: 5432 }]),
      slice(
        'db',
        [{ addresses: ['10.244.0.7'] }, { addresses: ['10.244.0.8'], conditions: { ready: false } }],
        [],
      ),
    ],
  ],
  [service('empty', { clusterIP: 'None' }), []],
  [service('outside', { type: 'ExternalName', externalName: 'example.com.' }), []],
  [service('alias', { type: 'ExternalName', externalName: 'Web.demo.svc.cluster.local' }), []],
  [service('loop', { type: 'ExternalName', externalName: 'loop.demo.svc.cluster.local' }), []],
]

const snapshot: ZoneSnapshot = {
  serial: 3,
  synced: true,
  namespaces: new Set(['demo', 'default']),
  services: new Map(
    services.flatMap(([object, slices]): [string, ZoneService][] => {
      const built = clusterService(ZONE, object, slices)
      return built === undefined ? [] : [[`demo/${object.metadata.name}`, built]]
    }),
  ),
}
const config = { zone: ZONE, version: '1.1.0', nameServer: ['10.96.0.10'], pods: true }
const zone = new ServiceZone(config, snapshot)
const found = (name: string, type: keyof typeof RecordType) =>
  lines(ask(zone, `${name}.${ZONE}`, type).answers)
const rcode = (name: string, type: keyof typeof RecordType = 'A') =>
  rcodeName(ask(zone, `${name}.${ZONE}`, type))

describe('Services', () => {
  test.each([
    ['web.demo.svc', 'A', ['A 10.96.0.20']],
    ['web.demo.svc', 'AAAA', ['AAAA fd00::20']],
    ['_http._tcp.web.demo.svc', 'SRV', [`SRV 0 50 80 web.demo.svc.${ZONE}`]],
    ['db.demo.svc', 'A', ['A 10.244.0.5', 'A 10.244.0.6', 'A 10.244.0.7']],
    ['db-0.db.demo.svc', 'A', ['A 10.244.0.5']],
    ['10-244-0-7.db.demo.svc', 'A', ['A 10.244.0.7']],
    [
      '_pg._tcp.db.demo.svc',
      'SRV',
      [`SRV 0 50 5432 db-0.db.demo.svc.${ZONE}`, `SRV 0 50 5432 db-1.db.demo.svc.${ZONE}`],
    ],
    ['outside.demo.svc', 'A', ['CNAME example.com']],
    ['alias.demo.svc', 'A', ['A 10.96.0.20', 'CNAME web.demo.svc.cluster.local']],
    ['alias.demo.svc', 'CNAME', ['CNAME web.demo.svc.cluster.local']],
    ['dns-version', 'TXT', ['TXT "1.1.0"']],
    ['ns.dns', 'A', ['A 10.96.0.10']],
    ['10-244-0-5.demo.pod', 'A', ['A 10.244.0.5']],
    ['fd00--5.demo.pod', 'AAAA', ['AAAA fd00::5']],
  ] as const)('%s %s', (name, type, answers) => {
    expect(found(name, type)).toEqual([...answers].sort())
  })
})

describe('names without an answer', () => {
  test.each([
    ['web.demo.svc', 'TXT', 'NODATA'],
    ['demo.svc', 'A', 'NODATA'],
    ['svc', 'A', 'NODATA'],
    ['pod', 'A', 'NODATA'],
    ['demo.pod', 'A', 'NODATA'],
    ['10-244-0-5.demo.pod', 'AAAA', 'NODATA'],
    ['_tcp.web.demo.svc', 'A', 'NODATA'],
    ['nosuch.demo.svc', 'A', 'NXDOMAIN'],
    ['web.nosuch.svc', 'A', 'NXDOMAIN'],
    ['empty.demo.svc', 'A', 'NXDOMAIN'],
    ['web.demo.svc.demo.svc', 'A', 'NXDOMAIN'],
    ['hello.demo.svc.clusterset.local', 'A', 'NXDOMAIN'],
    ['1-2-3.demo.pod', 'A', 'NXDOMAIN'],
    ['10-244-0-5.nosuch.pod', 'A', 'NXDOMAIN'],
    ['x.outside.demo.svc', 'A', 'NXDOMAIN'],
  ] as const)('%s %s is %s', (name, type, expected) => {
    expect(rcode(name, type)).toBe(expected)
  })

  test('an alias of itself ends', () => {
    expect(new Set(found('loop.demo.svc', 'A'))).toEqual(new Set(['CNAME loop.demo.svc.cluster.local']))
  })
})

describe('reverse names', () => {
  const reverse = new ReverseZone('in-addr.arpa', ZONE, snapshot)
  const reverse6 = new ReverseZone('ip6.arpa', ZONE, snapshot)

  test('Service addresses and headless endpoints have theirs', () => {
    expect(lines(ask(reverse, reverseName('10.96.0.20'), 'PTR').answers)).toEqual([
      'PTR web.demo.svc.cluster.local',
    ])
    expect(lines(ask(reverse, reverseName('10.244.0.5'), 'PTR').answers)).toEqual([
      'PTR db-0.db.demo.svc.cluster.local',
    ])
    expect(lines(ask(reverse6, reverseName('fd00::20'), 'PTR').answers)).toEqual([
      'PTR web.demo.svc.cluster.local',
    ])
  })

  test('other addresses are denied at once', () => {
    expect(rcodeName(ask(reverse, reverseName('192.0.2.1'), 'PTR'))).toBe('NXDOMAIN')
  })

  test('every IPv6 address has 32 digits', () => {
    expect(reverseName('2001:db8::567:89ab')).toBe(
      'b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa',
    )
    const addresses = fc.ipV6().filter((address) => isIPv6(address) && !address.includes('.'))
    fc.assert(
      fc.property(addresses, (address) =>
        expect(reverseName(address)).toMatch(/^([0-9a-f]\.){32}ip6\.arpa$/i),
      ),
    )
  })
})
