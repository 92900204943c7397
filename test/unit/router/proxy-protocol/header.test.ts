import { BlockList } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { ProxyProtocol } from '../../../../src/api/traffic-settings.ts'
import { type ProxiedClient, proxyHeader, TlvType } from '../../../../src/router/proxy-protocol/header.ts'
import { readProxyHeader } from '../../../support/proxy-header.ts'

const { v1, v2, none } = ProxyProtocol

const client: ProxiedClient = {
  protocol: 'TCP',
  source: { address: '10.1.2.3', port: 40_000 },
  destination: { address: '10.96.0.7', port: 80 },
  cluster: 'west',
  flow: 'f1',
}

function between(source: string, destination: string): ProxiedClient {
  return {
    ...client,
    source: { ...client.source, address: source },
    destination: { ...client.destination, address: destination },
  }
}

describe('bytes', () => {
  test('version 1, IPv4', () => {
    expect(proxyHeader(v1, client).toString('latin1')).toBe('PROXY TCP4 10.1.2.3 10.96.0.7 40000 80\r\n')
  })

  test('version 1, IPv6', () => {
    expect(proxyHeader(v1, between('2001:db8::1', 'fd00::a:0:b')).toString('latin1')).toBe(
      'PROXY TCP6 2001:db8:0:0:0:0:0:1 fd00:0:0:0:0:a:0:b 40000 80\r\n',
    )
  })

  test('version 2, IPv4, with a value of each kind', () => {
    const named = { ...client, namespace: 'demo', pod: 'web-0', serviceAccount: 'web' }
    const expected = [
      '0d0a0d0a000d0a515549540a', // signature
      '21', // version 2, PROXY
      '11', // TCP over IPv4
      '002d', // 45 bytes follow
      '0a010203',
      '0a600007',
      '9c40',
      '0050',
      '0500026631', // unique id f1
      'e0000477657374', // cluster west
      'e1000464656d6f', // namespace demo
      'e200057765622d30', // pod web-0
      'e30003776562', // service account web
    ]
    expect(proxyHeader(v2, named).toString('hex')).toBe(expected.join(''))
  })

  test('version 2, IPv6, UDP', () => {
    const udp = { ...between('2001:db8::1', '2001:db8::2'), protocol: 'UDP', cluster: '', flow: '' } as const
    const expected = [
      '0d0a0d0a000d0a515549540a',
      '21',
      '22',
      '0024',
      '20010db8000000000000000000000001',
      '20010db8000000000000000000000002',
      '9c400050',
    ]
    expect(proxyHeader(v2, udp).toString('hex')).toBe(expected.join(''))
  })

  test('a client that is not known', () => {
    expect(proxyHeader(v1, between('', '10.96.0.7')).toString('latin1')).toBe('PROXY UNKNOWN\r\n')
    expect(proxyHeader(v2, between('', '10.96.0.7')).toString('hex')).toBe('0d0a0d0a000d0a515549540a20000000')
  })

  test('none', () => expect(proxyHeader(none, client)).toHaveLength(0))

  test('version 1 knows no UDP', () => {
    expect(readProxyHeader(proxyHeader(v1, { ...client, protocol: 'UDP' })).command).toBe('UNKNOWN')
  })
})

describe('families', () => {
  test.each([
    ['IPv4 to IPv4', '10.0.0.1', '10.0.0.2', 4, '10.0.0.1', '10.0.0.2'],
    ['mapped IPv4 is IPv4', '::ffff:10.0.0.1', '::ffff:a00:2', 4, '10.0.0.1', '10.0.0.2'],
    ['IPv4 to IPv6 is mapped', '10.0.0.1', 'fd00::2', 6, '0:0:0:0:0:ffff:a00:1', 'fd00:0:0:0:0:0:0:2'],
    ['IPv6 to IPv4 is mapped', 'fd00::2', '10.0.0.1', 6, 'fd00:0:0:0:0:0:0:2', '0:0:0:0:0:ffff:a00:1'],
    ['a zone is left out', 'fe80::1%eth0', 'fe80::2', 6, 'fe80:0:0:0:0:0:0:1', 'fe80:0:0:0:0:0:0:2'],
    ['all ways to write zeros', '::', '1::', 6, '0:0:0:0:0:0:0:0', '1:0:0:0:0:0:0:0'],
  ])('%s', (_, from, to, family, source, destination) => {
    for (const version of [v1, v2]) {
      expect(readProxyHeader(proxyHeader(version, between(from, to)))).toMatchObject({
        command: 'PROXY',
        family,
        source,
        destination,
      })
    }
  })
})

describe('values', () => {
  test('what is not known, or longer than names can be, is left out', () => {
    const { tlvs } = readProxyHeader(
      proxyHeader(v2, { ...client, pod: 'x'.repeat(254), flow: 'x'.repeat(129) }),
    )
    expect([...tlvs.keys()]).toEqual([TlvType.cluster])
  })

  test('whatever a peer tells, the header is whole, short and reads back', () => {
    const address = fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom('', 'nonsense', '1.2.3', ':::'))
    const port = fc.integer({ min: 0, max: 65_535 })
    const name = fc.option(fc.string({ unit: 'binary', maxLength: 300 }), { nil: undefined })
    const any = fc.record({
      protocol: fc.constantFrom('TCP' as const, 'UDP' as const),
      source: fc.record({ address, port }),
      destination: fc.record({ address, port }),
      cluster: fc.string(),
      namespace: name,
      pod: name,
      serviceAccount: name,
      flow: fc.string({ maxLength: 200 }),
    })
    fc.assert(
      fc.property(any, fc.constantFrom(v1, v2), (told, version) => {
        const bytes = Buffer.concat([proxyHeader(version, told), Buffer.from('GET /')])
        const header = readProxyHeader(bytes)
        expect(header.rest.toString()).toBe('GET /')
        expect(bytes.length).toBeLessThan(1460)
        if (header.command !== 'PROXY') return
        expect([header.sourcePort, header.destinationPort]).toEqual([told.source.port, told.destination.port])
        if (header.family === 4) expect(header.source).toBe(told.source.address)
        else expect(sameAddress(header.source ?? '', told.source.address)).toBe(true)
      }),
    )
  })
})

function sameAddress(a: string, b: string): boolean {
  const list = new BlockList()
  const mapped = b.includes(':') ? b : `::ffff:${b}`
  list.addAddress(a, 'ipv6')
  return list.check(mapped, 'ipv6')
}
