/** The expected answers of the multicluster DNS forms, row by row, as CoreDNS's own tests have them. Z = clusterset.local, C = east. */
import { describe, expect, test } from '@jest/globals'
import type { RecordType } from '../../../src/dns/dns-records.ts'
import { ServiceZone } from '../../../src/dns/service-zone.ts'
import { ask, CLUSTER, lines, rcodeName, tableSnapshot, ZONE, zoneConfig } from '../../support/dns-fixture.ts'

interface Row {
  readonly row: string
  readonly name: string
  readonly type: keyof typeof RecordType
  readonly rcode: 'NOERROR' | 'NODATA' | 'NXDOMAIN'
  readonly answer?: readonly string[]
  readonly extra?: readonly string[]
}

const srv = (weight: number, target: string) => `SRV 0 ${weight} 80 ${target}.testns.svc.${ZONE}`
const found = (
  row: number,
  name: string,
  type: Row['type'],
  answer: string[],
  extra: string[] = [],
): Row => ({
  row: String(row),
  name,
  type,
  rcode: 'NOERROR',
  answer,
  extra,
})
const none = (row: number, name: string, ...types: Row['type'][]): Row[] =>
  types.map((type) => ({ row: String(row), name, type, rcode: 'NODATA' }))
const missing = (row: number, name: string, ...types: Row['type'][]): Row[] =>
  types.map((type) => ({ row: String(row), name, type, rcode: 'NXDOMAIN' }))

const rows: readonly Row[] = [
  found(1, 'svc1.testns.svc.Z', 'A', ['A 10.0.0.1']),
  found(2, 'svcempty.testns.svc.Z', 'A', ['A 10.0.0.1']),
  found(3, 'svc1.testns.svc.Z', 'SRV', [srv(100, 'svc1')], ['A 10.0.0.1']),
  found(4, 'svcempty.testns.svc.Z', 'SRV', [srv(100, 'svcempty')], ['A 10.0.0.1']),
  found(5, 'svc6.testns.svc.Z', 'SRV', [srv(100, 'svc6')], ['AAAA 1234:abcd::1']),
  found(6, '_http._tcp.svc1.testns.svc.Z', 'SRV', [srv(100, 'svc1')], ['A 10.0.0.1']),
  found(7, '_http._tcp.svcempty.testns.svc.Z', 'SRV', [srv(100, 'svcempty')], ['A 10.0.0.1']),
  found(8, '_http._tcp.svc6.testns.svc.Z', 'SRV', [srv(100, 'svc6')], ['AAAA 1234:abcd::1']),
  found(9, 'hdls1.testns.svc.Z', 'A', ['A 172.0.0.2', 'A 172.0.0.3', 'A 172.0.0.4', 'A 172.0.0.5']),
  found(10, 'hdls1.testns.svc.Z', 'AAAA', ['AAAA 5678:abcd::1', 'AAAA 5678:abcd::2']),
  found(11, 'hdlsprtls.testns.svc.Z', 'A', ['A 172.0.0.20']),
  found(12, '172-0-0-20.C.hdlsprtls.testns.svc.Z', 'A', ['A 172.0.0.20']),
  found(13, '172-0-0-2.C.hdls1.testns.svc.Z', 'A', ['A 172.0.0.2']),
  found(14, '172-0-0-3.C.hdls1.testns.svc.Z', 'A', ['A 172.0.0.3']),
  found(15, 'dup-name.C.hdls1.testns.svc.Z', 'A', ['A 172.0.0.4', 'A 172.0.0.5']),
  ...missing(16, 'C.hdls1.testns.svc.Z', 'A'),
  found(
    17,
    '_http._tcp.hdls1.testns.svc.Z',
    'SRV',
    ['172-0-0-2', '172-0-0-3', '5678-abcd--1', '5678-abcd--2', 'dup-name'].map((endpoint) =>
      srv(16, `${endpoint}.${CLUSTER}.hdls1`),
    ),
    ['A 172.0.0.2', 'A 172.0.0.3', 'A 172.0.0.4', 'A 172.0.0.5', 'AAAA 5678:abcd::1', 'AAAA 5678:abcd::2'],
  ),
  found(18, '5678-abcd--2.C.hdls1.testns.svc.Z', 'AAAA', ['AAAA 5678:abcd::2']),
  found(19, '5678-abcd--1.C.hdls1.testns.svc.Z', 'AAAA', ['AAAA 5678:abcd::1']),
  ...none(20, 'svc1.testns.svc.Z', 'AAAA'),
  ...missing(21, 'svc0.testns.svc.Z', 'A', 'AAAA'),
  ...missing(22, 'svc0.svc-nons.svc.Z', 'A'),
  found(23, 'dns-version.Z', 'TXT', ['TXT "1.0.0"']),
  ...none(24, 'svc1.testns.svc.Z', 'TXT'),
  ...missing(25, 'svc0.svc-nons.svc.Z', 'TXT'),
  ...missing(26, 'bogusendpoint.C.hdls1.testns.svc.Z', 'A'),
  ...missing(27, 'bogusendpoint.C.svc0.testns.svc.Z', 'A'),
  found(28, 'svc6.testns.svc.Z', 'AAAA', ['AAAA 1234:abcd::1']),
  ...none(29, 'svc.Z', 'A'),
  ...none(29, 'pod.Z', 'A'),
  ...none(29, 'testns.svc.Z', 'A'),
  found(30, 'svc-dual-stack.testns.svc.Z', 'A', ['A 10.0.0.3']),
  found(31, 'svc-dual-stack.testns.svc.Z', 'AAAA', ['AAAA 10::3']),
  found(32, 'svc-dual-stack.testns.svc.Z', 'SRV', [srv(50, 'svc-dual-stack')], ['A 10.0.0.3', 'AAAA 10::3']),
  ...none(33, 'svc1.testns.svc.Z', 'SOA'),
  ...missing(34, 'svc1.nsnoexist.svc.Z', 'A'),
  found(36, 'ep1a.C.svc1.testns.svc.Z', 'A', ['A 172.0.0.1']),
  ...missing(37, 'bogusendpoint.hdls1.testns.svc.Z', 'A'),
  ...missing(38, '5678-abcd--1.hdls1.testns.svc.Z', 'AAAA'),
  ...none(39, 'svc.Z', 'NS'),
  ...none(39, 'testns.svc.Z', 'NS'),
  ...missing(40, 'foo.Z', 'NS'),
  ...missing(40, 'foo.svc.Z', 'NS'),
  ...missing(41, 'endpoint.external.testns.svc.Z', 'CNAME'),
  ...missing(41, 'subdomain.subdomain.external.testns.svc.Z', 'CNAME'),
]

describe('answers from the fixture', () => {
  const zone = new ServiceZone(zoneConfig, tableSnapshot)
  const nameOf = (row: Row) => row.name.replace(/\bC\b/, CLUSTER).replace(/\bZ$/, ZONE)

  test.each(rows)('row $row: $name $type is $rcode', (row) => {
    const answer = ask(zone, nameOf(row), row.type)
    expect(rcodeName(answer)).toBe(row.rcode)
    expect(lines(answer.answers)).toEqual([...(row.answer ?? [])].sort())
    expect(lines(answer.additional)).toEqual([...(row.extra ?? [])].sort())
    expect(lines(answer.authority)).toEqual(
      row.rcode === 'NOERROR' ? [] : [`SOA ns.dns.${ZONE} hostmaster.${ZONE} 7`],
    )
  })

  test('every record that is not the version may be kept for 5 seconds', () => {
    const answers = rows.map((row) => ask(zone, nameOf(row), row.type))
    const records = answers.flatMap(({ answers, authority, additional }) => [
      ...answers,
      ...authority,
      ...additional,
    ])
    const others = records.filter((record) => record.type !== 'TXT')
    expect(new Set(others.map((record) => record.ttl))).toEqual(new Set([5]))
  })
})

test('row 35: before the first complete list every answer is SERVFAIL with the SOA', () => {
  const zone = new ServiceZone(zoneConfig, { ...tableSnapshot, synced: false })
  for (const name of ['svc0.testns.svc', 'svc1.testns.svc']) {
    const answer = ask(zone, `${name}.${ZONE}`, 'A')
    expect([rcodeName(answer), answer.authority.length]).toEqual(['SERVFAIL', 1])
  }
})
