/** ServiceImports and ServiceExports that the admission policies take or refuse; the schemas of the CRDs take all of them. */
import type { ServiceExport, ServiceImport } from '../../src/api/mcs.ts'

/** What the object is, its spec, and a word of the refusal; taken when there is none. */
type Case<T extends { spec?: unknown }> = readonly [string, NonNullable<T['spec']>, string?]
type ImportSpec = NonNullable<ServiceImport['spec']>
/** Loose, because the point is what the types forbid. */
type LooseSpec = { readonly [field in keyof ImportSpec]?: unknown }

const http = { name: 'http', protocol: 'TCP', port: 80 }
const label = 'a'.repeat(63)

/** An import with one good port and what is given. */
function spec(fields: LooseSpec = {}): ImportSpec {
  return { type: 'ClusterSetIP', ports: [http], ...fields } as ImportSpec
}

const ports = (...list: readonly object[]) => spec({ ports: list })
const affinity = (timeoutSeconds: number) =>
  spec({ sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds } } })
const manyPorts = (count: number) =>
  ports(...Array.from({ length: count }, (_, index) => ({ name: `port-${index}`, port: index + 1 })))

export const IMPORT_CASES: readonly Case<ServiceImport>[] = [
  [
    'all that an import can have',
    spec({ ...affinity(86_400), ips: ['10.0.0.1', 'fd00::1'], ipFamilies: ['IPv4', 'IPv6'] }),
  ],
  ['IPv6 before IPv4', spec({ ips: ['fd00:0:0:0:0:0:0:1', '10.0.0.1'], ipFamilies: ['IPv6', 'IPv4'] })],
  ['addresses whose families are not said', spec({ ips: ['255.249.199.99', '1:2:3:4:5:6:7::'] })],
  ['families without addresses', spec({ type: 'Headless', ipFamilies: ['IPv6'] })],
  ['a headless import without ports', spec({ type: 'Headless', ports: [] })],
  ['one port without a name or a protocol', ports({ port: 65_535 })],
  [
    'a port of each protocol',
    ports(http, { ...http, name: 'quic', protocol: 'UDP' }, { ...http, name: label, protocol: 'SCTP' }),
  ],
  ['512 ports', manyPorts(512)],
  ['513 ports', manyPorts(513), 'more than 512 ports'],
  ['port 0', ports({ port: 0 }), '1 to 65535'],
  ['port 65536', ports({ port: 65_536 }), '1 to 65535'],
  ['a protocol of its own', ports({ port: 80, protocol: 'QUIC' }), 'TCP, UDP or SCTP'],
  ['a protocol in small letters', ports({ port: 80, protocol: 'tcp' }), 'TCP, UDP or SCTP'],
  ['a port name in capitals', ports({ port: 80, name: 'HTTP' }), 'DNS label'],
  ['a port name that is too long', ports({ port: 80, name: `${label}a` }), 'DNS label'],
  ['a port name with a line break', ports({ port: 80, name: 'http\n' }), 'DNS label'],
  ['two ports of one name', ports(http, { ...http, port: 81 }), 'same name'],
  ['two ports without a name', ports({ port: 80 }, { port: 81, name: '' }), 'same name'],
  ['two ports of one number', ports(http, { name: 'web', port: 80 }), 'same protocol and number'],
  ['a name for an address', spec({ ips: ['localhost'] }), 'IP addresses'],
  ['an octet of 256', spec({ ips: ['10.0.0.256'] }), 'IP addresses'],
  ['three octets', spec({ ips: ['10.0.0'] }), 'IP addresses'],
  ['four octets and a dot', spec({ ips: ['10.0.0.1.'] }), 'IP addresses'],
  ['an address with a line break', spec({ ips: ['10.0.0.1\n'] }), 'IP addresses'],
  ['a mask', spec({ ips: ['10.0.0.0/8'] }), 'IP addresses'],
  ['nine groups', spec({ ips: ['1:2:3:4:5:6:7:8:9'] }), 'IP addresses'],
  ['eight groups and a gap', spec({ ips: ['1:2:3:4::5:6:7:8'] }), 'IP addresses'],
  ['two gaps', spec({ ips: ['1::2::3'] }), 'IP addresses'],
  ['an empty address', spec({ ips: [''] }), 'IP addresses'],
  [
    'an IPv6 address that is said to be IPv4',
    spec({ ips: ['fd00::1'], ipFamilies: ['IPv4'] }),
    'not of the families',
  ],
  [
    'families in another order',
    spec({ ips: ['10.0.0.1', 'fd00::1'], ipFamilies: ['IPv6', 'IPv4'] }),
    'not of the families',
  ],
  [
    'two addresses of one family',
    spec({ ips: ['10.0.0.1', '10.0.0.2'], ipFamilies: ['IPv4'] }),
    'not of the families',
  ],
  ['a family twice', spec({ ipFamilies: ['IPv4', 'IPv4'] }), 'family twice'],
  ['a family of its own', spec({ ipFamilies: ['IPX'] }), 'IPv4 and IPv6'],
  ['a headless import with an address', spec({ type: 'Headless', ips: ['10.0.0.1'] }), 'headless'],
  ['an affinity of its own', spec({ sessionAffinity: 'Cookie' }), 'None or ClientIP'],
  ['an affinity of no time', affinity(0), '1 to 86400'],
  ['an affinity of more than a day', affinity(86_401), '1 to 86400'],
]

const labels = (exportedLabels: Record<string, string>) => ({ exportedLabels })
const annotations = (exportedAnnotations: Record<string, string>) => ({ exportedAnnotations })
const many = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`key-${index}`, '']))
const prefix = `${'a.'.repeat(126)}a`

export const EXPORT_CASES: readonly Case<ServiceExport>[] = [
  [
    'labels and annotations',
    { ...labels({ 'example.com/a_B.c': 'V-1', b: '' }), ...annotations({ 'example.com/a': 'two words' }) },
  ],
  [
    '32 of each, with long keys',
    { ...labels({ ...many(31), [`${prefix}/${label}`]: label }), ...annotations(many(32)) },
  ],
  ['33 labels', labels(many(33)), 'at most 32'],
  ['33 annotations', annotations(many(33)), 'at most 32'],
  ['4097 characters', annotations({ a: 'b'.repeat(4_096) }), 'more than 4096 characters'],
  ['a label key with a space', labels({ 'a b': 'c' }), 'a key that no label'],
  ['a label key of two prefixes', labels({ 'a/b/c': 'd' }), 'a key that no label'],
  ['a label key that is too long', labels({ [`${label}a`]: 'b' }), 'a key that no label'],
  ['a label prefix that is too long', labels({ [`${prefix}a/b`]: 'c' }), 'a key that no label'],
  ['a label value with a space', labels({ a: 'two words' }), 'a value that no label'],
  ['a label value that is too long', labels({ a: `${label}a` }), 'a value that no label'],
  ['an empty annotation key', annotations({ '': 'a' }), 'a key that no annotation'],
]
