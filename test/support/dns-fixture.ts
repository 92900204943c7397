/** The fixture of the expected-answers table for clusterset.local, and answers as lines of zone-file text. */
import type { ImportPort, ServiceImport } from '../../src/api/mcs.ts'
import type { Endpoint, EndpointSlice } from '../../src/api/objects.ts'
import { importOf, importService } from '../../src/dns/clusterset.ts'
import {
  type Answer,
  type DnsRecord,
  labelsOf,
  Rcode,
  RecordType,
  type Zone,
} from '../../src/dns/dns-records.ts'
import type { ServiceZoneConfig } from '../../src/dns/service-zone.ts'
import type { ZoneService, ZoneSnapshot } from '../../src/dns/zone-snapshot.ts'

export const ZONE = 'clusterset.local'
/** How the zone is set up. */
export const zoneConfig: ServiceZoneConfig = {
  zone: ZONE,
  version: '1.0.0',
  nameServer: ['10.244.0.9', 'fd00::9'],
  pods: false,
}
/** The cluster id of every slice unless a test says otherwise. */
export const CLUSTER = 'east'

const HTTP: ImportPort = { name: 'http', protocol: 'TCP', port: 80 }

export function serviceImport(
  name: string,
  spec: Partial<NonNullable<ServiceImport['spec']>> = {},
  namespace = 'testns',
): ServiceImport {
  return { metadata: { name, namespace }, spec: { type: 'ClusterSetIP', ports: [HTTP], ...spec } }
}

let slices = 0

export function slice(
  name: string,
  addressType: 'IPv4' | 'IPv6',
  endpoints: readonly (string | Endpoint)[],
  options: {
    readonly cluster?: string
    readonly ports?: EndpointSlice['ports']
    readonly namespace?: string
  } = {},
): EndpointSlice {
  slices += 1
  return {
    metadata: {
      name: `${name}-${slices}`,
      namespace: options.namespace ?? 'testns',
      labels: {
        'multicluster.kubernetes.io/service-name': name,
        'multicluster.kubernetes.io/source-cluster': options.cluster ?? CLUSTER,
      },
    },
    addressType,
    ports: options.ports ?? [HTTP],
    endpoints: endpoints.map((endpoint) =>
      typeof endpoint === 'string' ? { addresses: [endpoint], conditions: { ready: true } } : endpoint,
    ),
  }
}

/** An endpoint with a host name. */
export function host(hostname: string, ...addresses: string[]): Endpoint {
  return { addresses, hostname, conditions: { ready: true } }
}

export function snapshotOf(
  imports: readonly ServiceImport[],
  endpointSlices: readonly EndpointSlice[] = [],
  extra: Partial<ZoneSnapshot> = {},
): ZoneSnapshot {
  const services = imports.flatMap((object): [string, ZoneService][] => {
    const key = `${object.metadata.namespace}/${object.metadata.name}`
    const service = importService(
      ZONE,
      object,
      endpointSlices.filter((candidate) => importOf(candidate) === key),
    )
    return service === undefined ? [] : [[key, service]]
  })
  return {
    serial: 7,
    synced: true,
    namespaces: new Set(['testns', 'default']),
    services: new Map(services),
    ...extra,
  }
}

/** The services of the table (the multicluster tests of CoreDNS). */
export const tableSnapshot = snapshotOf(
  [
    serviceImport('svc1', { ips: ['10.0.0.1'] }),
    serviceImport('svcempty', { ips: ['10.0.0.1'] }),
    serviceImport('svc6', { ips: ['1234:abcd::1'] }),
    serviceImport('svc-dual-stack', { ips: ['10.0.0.3', '10::3'] }),
    serviceImport('hdls1', { type: 'Headless', ports: [] }),
    serviceImport('hdlsprtls', { type: 'Headless', ports: [] }),
  ],
  [
    slice('svc1', 'IPv4', [host('ep1a', '172.0.0.1')]),
    slice('hdls1', 'IPv4', [
      '172.0.0.2',
      '172.0.0.3',
      host('dup-name', '172.0.0.4'),
      host('dup-name', '172.0.0.5'),
    ]),
    slice('hdls1', 'IPv6', ['5678:abcd::1', '5678:abcd::2']),
    slice('hdlsprtls', 'IPv4', ['172.0.0.20'], { ports: [] }),
  ],
)

/** What `zone` answers to the name and the type of that name. */
export function ask(zone: Zone, name: string, type: keyof typeof RecordType): Answer {
  return zone.answer({ labels: labelsOf(name), type: RecordType[type] })
}

/** NODATA where NOERROR comes without answers. */
export function rcodeName(answer: Answer): string {
  if (answer.rcode === Rcode.noError && answer.answers.length === 0) return 'NODATA'
  return { [Rcode.noError]: 'NOERROR', [Rcode.nxDomain]: 'NXDOMAIN', [Rcode.servFail]: 'SERVFAIL' }[
    answer.rcode as 0 | 2 | 3
  ]
}

/** Records as `TYPE data`, sorted. */
export function lines(records: readonly DnsRecord[]): string[] {
  return records.map((record) => `${record.type} ${data(record)}`).sort()
}

function data(record: DnsRecord): string {
  switch (record.type) {
    case 'A':
    case 'AAAA':
      return record.address
    case 'SRV':
      return `${record.priority} ${record.weight} ${record.port} ${record.target}`
    case 'TXT':
      return record.data.map((text) => JSON.stringify(text)).join(' ')
    case 'SOA':
      return `${record.primary} ${record.admin} ${record.serial}`
    default:
      return record.target
  }
}
