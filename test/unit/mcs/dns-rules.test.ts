/**
 * The multicluster DNS specification (version 1.0.0), item by item numbered as "3.<item>", on the pure zone; what
 * only a message can show goes through the responder.
 */
import { describe, expect, test } from '@jest/globals'
import type { EndpointSlice } from '../../../src/api/objects.ts'
import { Rcode, RecordType } from '../../../src/dns/dns-records.ts'
import { MAX_NAME_LENGTH } from '../../../src/dns/limits.ts'
import { ServiceZone } from '../../../src/dns/service-zone.ts'
import {
  ask,
  host,
  lines,
  rcodeName,
  serviceImport,
  slice,
  snapshotOf,
  ZONE,
  zoneConfig,
} from '../../support/dns-fixture.ts'
import { testResponder } from '../../support/dns-responder.ts'
import { decode, query } from '../../support/dns-wire.ts'

const HTTPS = { name: 'https', protocol: 'TCP' as const, port: 443 }
const DNS = { name: 'dns', protocol: 'UDP' as const, port: 53 }
const UNNAMED = { protocol: 'TCP' as const, port: 9000 }
const LONG_HOST = 'h'.repeat(63)
const LONG_SERVICE = 'p'.repeat(60)
/** The longest cluster id with which DNS can hold the names of that host and service. */
const LONG_ID = `${'c'.repeat(63)}.${'d'.repeat(38)}`

const inTest = (cluster: string, ports: EndpointSlice['ports'] = [HTTPS]) => ({
  namespace: 'test',
  cluster,
  ports,
})
const UNREADY = { ready: false, serving: false }

const snapshot = snapshotOf(
  [
    serviceImport('myservice', { ips: ['10.42.42.42'], ports: [HTTPS, DNS, UNNAMED] }, 'test'),
    serviceImport('six', { ips: ['2001:db8::1'], ports: [HTTPS] }, 'test'),
    serviceImport('dual', { ips: ['10.42.42.43', '2001:db8::2'], ports: [HTTPS] }, 'test'),
    serviceImport('pets', { type: 'Headless', ports: [] }, 'test'),
    serviceImport('plain', { type: 'Headless', ports: [] }, 'test'),
    serviceImport('waiting', { type: 'Headless', ports: [] }, 'test'),
    serviceImport('alone', { type: 'Headless', ports: [] }, 'test'),
  ],
  [
    slice('myservice', 'IPv4', [host('web-0', '10.10.0.1')], inTest('cluster-a')),
    slice(
      'pets',
      'IPv4',
      [
        host('my-pet-1', '10.10.10.1'),
        host('my-pet-2', '10.10.10.2', '10.10.10.3'),
        { addresses: ['10.10.10.9'], hostname: 'my-pet-3', conditions: UNREADY },
      ],
      inTest('cluster-a', [HTTPS, DNS]),
    ),
    slice(
      'pets',
      'IPv6',
      [
        host('my-pet-1', '2001:db8::a1'),
        host('my-pet-2', '2001:db8::a2'),
        { addresses: ['2001:db8::a9'], hostname: 'my-pet-3', conditions: UNREADY },
      ],
      inTest('cluster-a', [HTTPS, DNS]),
    ),
    slice('pets', 'IPv4', [host('my-pet-1', '10.20.10.1')], inTest('cluster-b')),
    slice('pets', 'IPv6', [host('my-pet-1', '2001:db8::b1')], inTest('cluster-b')),
    slice('plain', 'IPv4', ['10.30.0.100'], inTest('cluster-a')),
    slice('plain', 'IPv6', ['2001:db8::100', '2001:db8:1::'], inTest('cluster-a')),
    slice('plain', 'IPv4', [host('pod-0', '10.40.0.1')], inTest('name.registry')),
    slice(
      'waiting',
      'IPv4',
      [{ addresses: ['10.50.0.1'], hostname: 'web-0', conditions: UNREADY }],
      inTest('cluster-a'),
    ),
  ],
  { namespaces: new Set(['test']) },
)

type Type = keyof typeof RecordType
type Row = readonly [item: string, name: string, type: Type, rcode: string, answers: readonly string[]]

const found = (item: string, name: string, type: Type, ...answers: string[]): Row => [
  item,
  name,
  type,
  'NOERROR',
  answers,
]
const none = (item: string, name: string, ...types: Type[]): Row[] =>
  types.map((type) => [item, name, type, 'NODATA', []])
const missing = (item: string, name: string, ...types: Type[]): Row[] =>
  types.map((type) => [item, name, type, 'NXDOMAIN', []])
const srv = (weight: number, port: number, target: string) =>
  `SRV 0 ${weight} ${port} ${target}.test.svc.${ZONE}`

const PETS = ['my-pet-1.cluster-a.pets', 'my-pet-1.cluster-b.pets', 'my-pet-2.cluster-a.pets']

/** Names are relative to clusterset.local. */
const rows: readonly Row[] = [
  found('3.1 the schema version', 'dns-version', 'TXT', 'TXT "1.0.0"'),
  ...none('3.1 the schema version', 'dns-version', 'A', 'SRV'),
  found('3.2 IPv4 address of a ClusterSetIP', 'myservice.test.svc', 'A', 'A 10.42.42.42'),
  found('3.3 IPv6 address of a ClusterSetIP', 'six.test.svc', 'AAAA', 'AAAA 2001:db8::1'),
  found('3.4 both families', 'dual.test.svc', 'A', 'A 10.42.42.43'),
  found('3.4 both families', 'dual.test.svc', 'AAAA', 'AAAA 2001:db8::2'),
  ...none('3.4 one family: the other is empty', 'myservice.test.svc', 'AAAA'),
  ...none('3.4 one family: the other is empty', 'six.test.svc', 'A'),
  found('3.5 SRV of a named port', '_https._tcp.myservice.test.svc', 'SRV', srv(100, 443, 'myservice')),
  found('3.5 SRV of a named port', '_dns._udp.myservice.test.svc', 'SRV', srv(100, 53, 'myservice')),
  ...missing('3.5 SRV under another protocol', '_https._udp.myservice.test.svc', 'SRV'),
  ...missing('3.6 a port without a name has no SRV', '_x._tcp.myservice.test.svc', 'SRV'),
  ...missing('3.6 a port without a name has no SRV', '_._tcp.myservice.test.svc', 'SRV'),
  ...missing('3.6 a port without a name has no SRV', '_9000._tcp.myservice.test.svc', 'SRV'),
  ...missing('3.10 no name for one cluster', 'cluster-a.myservice.test.svc', 'A', 'AAAA', 'SRV', 'ANY'),
  found(
    '3.11 A of ready endpoints of all clusters',
    'pets.test.svc',
    'A',
    'A 10.10.10.1',
    'A 10.10.10.2',
    'A 10.10.10.3',
    'A 10.20.10.1',
  ),
  found(
    '3.12 AAAA of ready endpoints of all clusters',
    'pets.test.svc',
    'AAAA',
    'AAAA 2001:db8::a1',
    'AAAA 2001:db8::a2',
    'AAAA 2001:db8::b1',
  ),
  ...missing('3.14 headless without ready endpoints', 'waiting.test.svc', 'A', 'AAAA', 'SRV', 'TXT'),
  ...missing('3.14 headless without ready endpoints', 'web-0.cluster-a.waiting.test.svc', 'A'),
  ...missing('3.14 headless without slices', 'alone.test.svc', 'A', 'AAAA'),
  ...missing('3.14 headless without slices', '_https._tcp.alone.test.svc', 'SRV'),
  found('3.15 A of one endpoint', 'my-pet-1.cluster-a.pets.test.svc', 'A', 'A 10.10.10.1'),
  found(
    '3.15 every address of one host name',
    'my-pet-2.cluster-a.pets.test.svc',
    'A',
    'A 10.10.10.2',
    'A 10.10.10.3',
  ),
  found(
    '3.15 no host name: the dashed address',
    '10-30-0-100.cluster-a.plain.test.svc',
    'A',
    'A 10.30.0.100',
  ),
  ...missing('3.15 an endpoint that is not ready', 'my-pet-3.cluster-a.pets.test.svc', 'A', 'AAAA'),
  ...missing('3.15 a host name without its cluster', 'my-pet-1.pets.test.svc', 'A'),
  found('3.16 AAAA of one endpoint', 'my-pet-1.cluster-a.pets.test.svc', 'AAAA', 'AAAA 2001:db8::a1'),
  found(
    '3.16 no host name: the dashed address',
    '2001-db8--100.cluster-a.plain.test.svc',
    'AAAA',
    'AAAA 2001:db8::100',
  ),
  found(
    '3.16 a dashed address never ends in a dash',
    '2001-db8-1--0.cluster-a.plain.test.svc',
    'AAAA',
    'AAAA 2001:db8:1::',
  ),
  found(
    '3.17 SRV for each ready endpoint and named port',
    '_https._tcp.pets.test.svc',
    'SRV',
    ...PETS.map((pet) => srv(14, 443, pet)),
  ),
  found(
    '3.17 SRV for each ready endpoint that has the port',
    '_dns._udp.pets.test.svc',
    'SRV',
    srv(20, 53, 'my-pet-1.cluster-a.pets'),
    srv(20, 53, 'my-pet-2.cluster-a.pets'),
  ),
  ...missing('3.18 no name for one cluster', 'cluster-a.pets.test.svc', 'A', 'AAAA', 'SRV', 'ANY'),
  ...missing('3.18 no name for one cluster', 'name.registry.plain.test.svc', 'A', 'AAAA'),
  ...missing('3.18 no name for one cluster', 'registry.plain.test.svc', 'A'),
  found('3.19 a cluster id of two labels', 'pod-0.name.registry.plain.test.svc', 'A', 'A 10.40.0.1'),
  found('3.20 one host name in two clusters', 'my-pet-1.cluster-a.pets.test.svc', 'A', 'A 10.10.10.1'),
  found('3.20 one host name in two clusters', 'my-pet-1.cluster-b.pets.test.svc', 'A', 'A 10.20.10.1'),
  ...missing('3.22 an unknown service', 'nosuch.test.svc', 'A', 'AAAA', 'SRV', 'TXT'),
  ...missing('3.22 an unknown namespace', 'myservice.nosuch.svc', 'A'),
  ...missing('3.22 an unknown namespace', 'nosuch.svc', 'A'),
  ...missing('3.22 an unknown port', '_nosuch._tcp.myservice.test.svc', 'SRV'),
  ...none('3.23 names that only have others below them', 'test.svc', 'A', 'AAAA', 'SRV', 'TXT', 'ANY'),
  ...none('3.23 names that only have others below them', 'svc', 'A', 'AAAA', 'SRV', 'TXT', 'ANY'),
  ...none('3.23 names that only have others below them', '', 'A', 'AAAA', 'SRV', 'TXT'),
  ...none('3.23 names that only have others below them', '_tcp.myservice.test.svc', 'A', 'SRV'),
  ...none('3.23 names that only have others below them', '_tcp.pets.test.svc', 'A', 'SRV'),
  ...none('3.24 other types of a name that exists', 'myservice.test.svc', 'TXT', 'PTR', 'CNAME', 'NS', 'SOA'),
  ...none('3.24 other types of a name that exists', 'pets.test.svc', 'TXT', 'PTR', 'CNAME', 'NS', 'SOA'),
  ...none('3.24 other types of a name that exists', '_https._tcp.myservice.test.svc', 'A', 'TXT'),
  ...none('3.24 other types of a name that exists', 'my-pet-1.cluster-a.pets.test.svc', 'TXT', 'PTR'),
  found(
    'beyond: SRV on the bare name lists every port',
    'myservice.test.svc',
    'SRV',
    srv(33, 443, 'myservice'),
    srv(33, 53, 'myservice'),
    srv(33, 9000, 'myservice'),
  ),
  found(
    'beyond: SRV on the bare headless name lists every endpoint and port',
    'pets.test.svc',
    'SRV',
    ...PETS.map((pet) => srv(8, 443, pet)),
    srv(8, 53, 'my-pet-1.cluster-a.pets'),
    srv(8, 53, 'my-pet-2.cluster-a.pets'),
  ),
]

describe('every item of the specification', () => {
  const zone = new ServiceZone(zoneConfig, snapshot)

  test.each(rows)('%s: %j %s is %s', (_item, name, type, rcode, answers) => {
    const answer = ask(zone, name === '' ? ZONE : `${name}.${ZONE}`, type)
    expect(rcodeName(answer)).toBe(rcode)
    expect(lines(answer.answers)).toEqual([...answers].sort())
    const soa = rcode === 'NOERROR' ? [] : [`SOA ns.dns.${ZONE} hostmaster.${ZONE} 7`]
    expect(lines(answer.authority)).toEqual(soa)
  })

  test('3.7 SRV answers carry the addresses of their targets', () => {
    const extra = (name: string) => lines(ask(zone, `${name}.${ZONE}`, 'SRV').additional)
    expect(extra('_https._tcp.dual.test.svc')).toEqual(['A 10.42.42.43', 'AAAA 2001:db8::2'])
    expect(extra('_dns._udp.pets.test.svc')).toEqual([
      'A 10.10.10.1',
      'A 10.10.10.2',
      'A 10.10.10.3',
      'AAAA 2001:db8::a1',
      'AAAA 2001:db8::a2',
    ])
  })

  test('3.8 priorities are equal, and weights are at least 1', () => {
    const addresses = Array.from({ length: 300 }, (_, at) => `10.9.${at >> 8}.${at & 255}`)
    const crowd = snapshotOf(
      [serviceImport('crowd', { type: 'Headless', ports: [] })],
      [slice('crowd', 'IPv4', addresses)],
    )
    const { answers } = ask(new ServiceZone(zoneConfig, crowd), `_http._tcp.crowd.testns.svc.${ZONE}`, 'SRV')
    expect(answers).toHaveLength(300)
    for (const record of answers) expect(record).toMatchObject({ type: 'SRV', priority: 0, weight: 1 })
  })

  test('3.13 A and AAAA of a headless import tell of the same endpoints', () => {
    const owners = (type: 'A' | 'AAAA') =>
      PETS.filter((pet) => {
        const own = lines(ask(zone, `${pet}.test.svc.${ZONE}`, type).answers)
        const all = lines(ask(zone, `pets.test.svc.${ZONE}`, type).answers)
        return own.length > 0 && own.every((line) => all.includes(line))
      })
    expect([owners('A'), owners('AAAA')]).toEqual([PETS, PETS])
  })
})

describe('names at the edge of what DNS can hold', () => {
  /** A headless import with one endpoint in each cluster. */
  const clusters = (...ids: string[]) =>
    snapshotOf(
      [serviceImport(LONG_SERVICE, { type: 'Headless', ports: [] }, 'test')],
      ids.map((id, at) => slice(LONG_SERVICE, 'IPv4', [host(LONG_HOST, `10.1.0.${at}`)], inTest(id))),
      { namespaces: new Set(['test']) },
    )

  test('3.15 an endpoint name of 253 characters is served', () => {
    const name = `${LONG_HOST}.${LONG_ID}.${LONG_SERVICE}.test.svc.${ZONE}`
    expect(name).toHaveLength(MAX_NAME_LENGTH)
    expect(decode(testResponder(clusters(LONG_ID)).handle(query(name)))).toMatchObject({
      question: name,
      answers: [{ name, address: '10.1.0.0' }],
    })
  })

  test('3.15 an endpoint whose name would have 254 is left out, and the others stay', () => {
    const zone = new ServiceZone(zoneConfig, clusters(`${LONG_ID}d`, 'cluster-b'))
    expect(lines(ask(zone, `${LONG_SERVICE}.test.svc.${ZONE}`, 'A').answers)).toEqual(['A 10.1.0.1'])
  })

  test('3.15 an endpoint whose host name has 64 characters is left out, and the others stay', () => {
    const zone = new ServiceZone(
      zoneConfig,
      snapshotOf(
        [serviceImport('pets', { type: 'Headless', ports: [] })],
        [slice('pets', 'IPv4', [host('h'.repeat(64), '10.1.0.1'), host(LONG_HOST, '10.1.0.2')])],
      ),
    )
    expect(lines(ask(zone, `pets.testns.svc.${ZONE}`, 'A').answers)).toEqual(['A 10.1.0.2'])
  })
})

describe('through the responder', () => {
  const responder = testResponder(snapshot)
  const answer = (name: string, type: Type = 'A') =>
    decode(responder.handle(query(name, { type: RecordType[type] })))

  test.each([
    ['3.2', 'MyService.TEST.Svc.ClusterSet.LOCAL', 'A', ['10.42.42.42']],
    ['3.15', 'MY-PET-1.Cluster-A.Pets.test.svc.clusterset.local', 'A', ['10.10.10.1']],
    ['3.19', 'Pod-0.Name.Registry.plain.test.svc.clusterset.local', 'A', ['10.40.0.1']],
  ] as const)('%s matches in any case: %s', (_item, name, type, addresses) => {
    const response = answer(name, type)
    expect(response.question).toBe(name)
    expect(response.answers.map((record) => record.address)).toEqual(addresses)
  })

  test('3.5 matches in any case: SRV', () => {
    const response = answer('_HTTPS._Tcp.MYSERVICE.test.svc.clusterset.LOCAL', 'SRV')
    expect(response.answers).toMatchObject([{ port: 443, target: `myservice.test.svc.${ZONE}` }])
  })

  test('3.9 reverse names are not ours', () => {
    expect(answer('42.42.42.10.in-addr.arpa', 'PTR')).toMatchObject({ rcode: Rcode.refused, answers: [] })
  })

  test('3.21 cluster.local is left to the cluster: we refuse it and say nothing of it', () => {
    for (const name of ['myservice.test.svc.cluster.local', 'nosuch.test.svc.cluster.local', 'cluster.local'])
      expect(answer(name)).toMatchObject({ rcode: Rcode.refused, aa: false, answers: [], authority: [] })
  })

  test('3.24 a type that nobody knows is empty where the name exists, and denied where it does not', () => {
    const unknown = (name: string) =>
      decode(responder.handle(query(`${name}.test.svc.${ZONE}`, { type: 65_280 })))
    expect(unknown('myservice')).toMatchObject({ rcode: Rcode.noError, answers: [] })
    expect(unknown('nosuch')).toMatchObject({ rcode: Rcode.nxDomain, answers: [] })
    expect(unknown('myservice').authority).toMatchObject([{ type: RecordType.SOA }])
  })
})
