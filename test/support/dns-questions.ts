/** What CoreDNS and our resolver are both asked about: objects as the API server takes them, and every question that they raise. */
import type { ServiceImport } from '../../src/api/mcs.ts'
import type { Endpoint, EndpointSlice } from '../../src/api/objects.ts'
import type { Question, TypeName } from './dns-ask.ts'
import { host, serviceImport, slice, ZONE } from './dns-fixture.ts'

const MORE_PORTS: EndpointSlice['ports'] = [
  { name: 'http', protocol: 'TCP', port: 80 },
  { name: 'dns', protocol: 'UDP', port: 53 },
  { name: 'dns-tcp', protocol: 'TCP', port: 53 },
]

const endpoint = (address: string, conditions: Endpoint['conditions'] = {}): Endpoint => ({
  addresses: [address],
  conditions,
})

export const NAMESPACES = ['testns', 'other']

/** The services of the expected-answers table, and more of our own. */
export const IMPORTS: readonly ServiceImport[] = [
  serviceImport('svc1', { ips: ['10.0.0.1'] }),
  serviceImport('svc1', { ips: ['10.0.9.1'] }, 'other'),
  serviceImport('svcempty', { ips: ['10.0.0.1'] }),
  serviceImport('svc6', { ips: ['1234:abcd::1'] }),
  serviceImport('svc-dual-stack', { ips: ['10.0.0.3', '10::3'] }),
  serviceImport('many', { ips: ['10.0.0.7'], ports: ports(MORE_PORTS) }),
  serviceImport('unnamed', { ips: ['10.0.0.8'], ports: [{ protocol: 'TCP', port: 80 }] }),
  serviceImport('noports', { ips: ['10.0.0.9'], ports: [] }),
  serviceImport('pending', {}),
  serviceImport('hdls1', { type: 'Headless', ports: [] }),
  serviceImport('hdlsprtls', { type: 'Headless', ports: [] }),
  serviceImport('hdlsempty', { type: 'Headless' }),
  serviceImport('hdlsunready', { type: 'Headless' }),
  serviceImport('hdlsmixed', { type: 'Headless' }),
  serviceImport('hdlsmany', { type: 'Headless', ports: ports(MORE_PORTS) }),
  serviceImport('crowd', { type: 'Headless' }),
]

function ports(all: NonNullable<EndpointSlice['ports']>) {
  return all.map(({ port = 0, ...rest }) => ({ ...rest, port }))
}

const UNREADY = { ready: false, serving: false }
const TERMINATING = { ready: false, serving: true, terminating: true }

export const SLICES: readonly EndpointSlice[] = [
  slice('svc1', 'IPv4', [host('ep1a', '172.0.0.1')]),
  slice('hdls1', 'IPv4', [
    endpoint('172.0.0.2', { ready: true }),
    endpoint('172.0.0.3'),
    host('dup-name', '172.0.0.4'),
    host('dup-name', '172.0.0.5'),
  ]),
  slice('hdls1', 'IPv6', ['5678:abcd::1', '5678:abcd::2']),
  slice('hdlsprtls', 'IPv4', ['172.0.0.20'], { ports: [] }),
  slice('hdlsunready', 'IPv4', [endpoint('172.0.0.30', UNREADY), endpoint('172.0.0.31', TERMINATING)]),
  slice('hdlsmixed', 'IPv4', [endpoint('172.0.0.32', UNREADY), host('web-0', '172.0.0.33')]),
  slice('hdlsmixed', 'IPv4', [host('web-0', '172.0.0.34'), host('web-1', '172.0.0.35')], { cluster: 'west' }),
  slice('hdlsmany', 'IPv4', [host('a', '172.0.0.40'), host('b', '172.0.0.41')], { ports: MORE_PORTS }),
  slice('hdlsmany', 'IPv4', [host('c', '172.0.0.42')], { cluster: 'name.registry' }),
  ...Array.from({ length: 3 }, (_, at) =>
    slice(
      'crowd',
      'IPv4',
      Array.from({ length: 100 }, (_unused, n) => `10.9.${at}.${n + 1}`),
    ),
  ),
]

const TYPES: readonly TypeName[] = ['A', 'AAAA', 'SRV', 'TXT', 'CNAME', 'MX', 'NS', 'SOA', 'PTR']
const PORT_NAMES = [
  '_http._tcp',
  '_dns._udp',
  '_dns-tcp._tcp',
  '_http._udp',
  '_nosuch._tcp',
  '_tcp',
  '_._tcp',
]
const HOSTS = ['172-0-0-2', 'dup-name', 'web-0', 'ep1a', '5678-abcd--1', 'nosuch', 'c']
const CLUSTERS = ['east', 'west', 'nosuch', 'name.registry']

/** Names in front of a service's. */
function forms(): string[] {
  const endpoints = HOSTS.flatMap((each) => CLUSTERS.map((cluster) => `${each}.${cluster}`))
  return ['', ...PORT_NAMES, ...CLUSTERS, ...HOSTS, ...endpoints, 'a.b.c.d']
}

/** All questions: every form of every service with the types that tell, every type for the service itself. */
export function questions(): Question[] {
  const services = IMPORTS.map(({ metadata }) => `${metadata.name}.${metadata.namespace}`)
  const all = [...services, 'nosuch.testns', 'svc1.nosuchns'].flatMap((service) => [
    ...TYPES.map((type) => ({ name: `${service}.svc`, type })),
    ...forms()
      .filter((form) => form !== '')
      .flatMap((form) => (['A', 'SRV'] as const).map((type) => ({ name: `${form}.${service}.svc`, type }))),
  ])
  const others = [
    '',
    'svc',
    'pod',
    'testns.svc',
    'nosuchns.svc',
    'dns-version',
    'ns.dns',
    'dns',
    'foo',
    'foo.svc',
  ]
  const mixed = ['SVC1.TestNS.svc', '_HTTP._TCP.svc1.testns.SVC', 'Dup-Name.EAST.hdls1.testns.svc']
  const rest = [...others.flatMap((name) => TYPES.map((type) => ({ name, type })))]
  return [
    ...all,
    ...rest,
    ...mixed.flatMap((name) => (['A', 'SRV'] as const).map((type) => ({ name, type }))),
  ].map(({ name, type }) => ({ name: name === '' ? ZONE : `${name}.${ZONE}`, type }))
}
