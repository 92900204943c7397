import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { RecordType } from '../../../src/dns/dns-records.ts'
import { ServiceZone } from '../../../src/dns/service-zone.ts'
import {
  ask,
  host,
  lines,
  rcodeName,
  serviceImport,
  slice,
  snapshotOf,
  tableSnapshot,
  ZONE,
  zoneConfig,
} from '../../support/dns-fixture.ts'

const headless = (name: string) => serviceImport(name, { type: 'Headless', ports: [] })
const answersOf = (zone: ServiceZone, name: string, type: keyof typeof RecordType) =>
  lines(ask(zone, `${name}.${ZONE}`, type).answers)
const rcodeOf = (zone: ServiceZone, name: string, type: keyof typeof RecordType = 'A') =>
  rcodeName(ask(zone, `${name}.${ZONE}`, type))

describe('the apex', () => {
  const zone = new ServiceZone(zoneConfig, tableSnapshot)

  test('has a SOA, a name server and nothing else', () => {
    expect(lines(ask(zone, ZONE, 'SOA').answers)).toEqual([`SOA ns.dns.${ZONE} hostmaster.${ZONE} 7`])
    expect(lines(ask(zone, ZONE, 'NS').answers)).toEqual([`NS ns.dns.${ZONE}`])
    expect(rcodeName(ask(zone, ZONE, 'A'))).toBe('NODATA')
  })

  test('has a name server with our address', () => {
    expect(answersOf(zone, 'ns.dns', 'A')).toEqual(['A 10.244.0.9'])
    expect(answersOf(zone, 'ns.dns', 'AAAA')).toEqual(['AAAA fd00::9'])
    expect(rcodeOf(zone, 'dns')).toBe('NODATA')
  })
})

describe('ports', () => {
  const ports = [
    { name: 'http', protocol: 'TCP' as const, port: 80 },
    { name: 'dns', protocol: 'UDP' as const, port: 53 },
    { protocol: 'TCP' as const, port: 9000 },
  ]
  const zone = new ServiceZone(zoneConfig, snapshotOf([serviceImport('web', { ips: ['10.0.0.1'], ports })]))

  test('a named port has one record, under its own protocol only', () => {
    expect(answersOf(zone, '_dns._udp.web.testns.svc', 'SRV')).toEqual([
      `SRV 0 100 53 web.testns.svc.${ZONE}`,
    ])
    expect(rcodeOf(zone, '_dns._tcp.web.testns.svc', 'SRV')).toBe('NXDOMAIN')
    expect(rcodeOf(zone, '_nosuch._tcp.web.testns.svc', 'SRV')).toBe('NXDOMAIN')
    expect(rcodeOf(zone, '_._tcp.web.testns.svc', 'SRV')).toBe('NXDOMAIN')
  })

  test('the name of the Service lists every port, and the weights share 100', () => {
    expect(answersOf(zone, 'web.testns.svc', 'SRV')).toEqual([
      `SRV 0 33 53 web.testns.svc.${ZONE}`,
      `SRV 0 33 80 web.testns.svc.${ZONE}`,
      `SRV 0 33 9000 web.testns.svc.${ZONE}`,
    ])
  })

  test('a number that is two ports, of TCP and UDP, is one record', () => {
    const both = [
      { name: 'dns', protocol: 'UDP' as const, port: 53 },
      { name: 'dns-tcp', protocol: 'TCP' as const, port: 53 },
    ]
    const double = new ServiceZone(
      zoneConfig,
      snapshotOf([serviceImport('dns', { ips: ['10.0.0.1'], ports: both })]),
    )
    expect(answersOf(double, 'dns.testns.svc', 'SRV')).toEqual([`SRV 0 50 53 dns.testns.svc.${ZONE}`])
  })

  test('the protocol alone exists and is empty, so that query minimisation finds what is below it', () => {
    expect(rcodeOf(zone, '_tcp.web.testns.svc')).toBe('NODATA')
    expect(rcodeOf(zone, '_sctp.web.testns.svc')).toBe('NXDOMAIN')
    expect(rcodeOf(zone, '_http._tcp.web.testns.svc', 'A')).toBe('NODATA')
  })
})

describe('headless imports', () => {
  const zone = new ServiceZone(
    zoneConfig,
    snapshotOf(
      [headless('web'), headless('none'), headless('quiet')],
      [
        slice('web', 'IPv4', [host('web-0', '10.1.0.1')], { cluster: 'east' }),
        slice('web', 'IPv4', [host('Web-0', '10.2.0.1')], { cluster: 'West' }),
        slice('web', 'IPv4', [host('pod-0', '10.3.0.1')], { cluster: 'name.registry' }),
        slice('quiet', 'IPv4', [
          { addresses: ['10.1.0.9'], conditions: { ready: false, terminating: true } },
        ]),
      ],
    ),
  )

  test('the name of an endpoint lists its ports', () => {
    expect(answersOf(zone, 'web-0.east.web.testns.svc', 'SRV')).toEqual([
      `SRV 0 100 80 web-0.east.web.testns.svc.${ZONE}`,
    ])
  })

  test('the same host name in two clusters is two names', () => {
    expect(answersOf(zone, 'web-0.east.web.testns.svc', 'A')).toEqual(['A 10.1.0.1'])
    expect(answersOf(zone, 'web-0.west.web.testns.svc', 'A')).toEqual(['A 10.2.0.1'])
  })

  test('a cluster id may have two labels', () => {
    expect(answersOf(zone, 'pod-0.name.registry.web.testns.svc', 'A')).toEqual(['A 10.3.0.1'])
  })

  test('no name selects one cluster', () => {
    for (const id of ['east', 'west', 'registry', 'name.registry'])
      expect(rcodeOf(zone, `${id}.web.testns.svc`)).toBe('NXDOMAIN')
  })

  test('an import without ready endpoints does not exist', () => {
    expect(rcodeOf(zone, 'none.testns.svc')).toBe('NXDOMAIN')
    expect(rcodeOf(zone, 'quiet.testns.svc', 'SRV')).toBe('NXDOMAIN')
    expect(rcodeOf(zone, '10-1-0-9.east.quiet.testns.svc')).toBe('NXDOMAIN')
  })

  test('endpoints whose names DNS cannot hold are left out', () => {
    const long = 'x'.repeat(64)
    const clusters = [slice('web', 'IPv4', [host(long, '10.1.0.1'), host('fine', '10.1.0.2')])]
    const small = new ServiceZone(zoneConfig, snapshotOf([headless('web')], clusters))
    expect(answersOf(small, 'web.testns.svc', 'A')).toEqual(['A 10.1.0.2'])
  })
})

test('an import that has no address yet is a failure for now, not an absence', () => {
  const zone = new ServiceZone(zoneConfig, snapshotOf([serviceImport('new')]))
  expect(rcodeOf(zone, 'new.testns.svc', 'A')).toBe('SERVFAIL')
  expect(rcodeOf(zone, '_http._tcp.new.testns.svc', 'SRV')).toBe('SERVFAIL')
  expect(rcodeOf(zone, '_nosuch._tcp.new.testns.svc', 'SRV')).toBe('NXDOMAIN')
})

test('an import whose namespace is gone does not resolve', () => {
  const zone = new ServiceZone(zoneConfig, { ...tableSnapshot, namespaces: new Set(['default']) })
  expect(rcodeOf(zone, 'svc1.testns.svc')).toBe('NXDOMAIN')
  expect(rcodeOf(zone, 'testns.svc')).toBe('NXDOMAIN')
})

test('a label with a dot in it is not two labels', () => {
  const zone = new ServiceZone(zoneConfig, tableSnapshot)
  const answer = zone.answer({ labels: ['svc1.testns', 'svc', 'clusterset', 'local'], type: RecordType.A })
  expect(rcodeName(answer)).toBe('NXDOMAIN')
})

test('invalid addresses and ports of an import are left out', () => {
  const ports = [
    { name: 'bad', port: 70_000 },
    { name: 'ok', port: 80 },
  ]
  const ips = ['10.0.0.1', 'fe80::1%eth0', 'no address']
  const zone = new ServiceZone(zoneConfig, snapshotOf([serviceImport('web', { ips, ports })]))
  expect(answersOf(zone, 'web.testns.svc', 'ANY')).toEqual(['A 10.0.0.1'])
  expect(rcodeOf(zone, '_bad._tcp.web.testns.svc', 'SRV')).toBe('NXDOMAIN')
})

test('whatever is asked, there is an answer, and what exists does not deny its parents', () => {
  const zone = new ServiceZone(zoneConfig, tableSnapshot)
  const label = fc.constantFrom(
    'svc1',
    'hdls1',
    'testns',
    'svc',
    'east',
    '_tcp',
    '_http',
    'ns',
    'dns',
    'pod',
    '',
    '.',
    'x',
  )
  const types = Object.values(RecordType)
  fc.assert(
    fc.property(fc.array(label, { maxLength: 8 }), fc.constantFrom(...types), (path, type) => {
      const labels = [...path, ...zone.origin]
      const answer = zone.answer({ labels, type })
      expect(answer.answers.length > 0 || answer.authority.length === 1).toBe(true)
      for (const record of answer.answers) expect(record.name).toBe(labels.join('.'))
    }),
  )
})
