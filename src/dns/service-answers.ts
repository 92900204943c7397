/**
 * Answers for one Service's names, shared by every zone that has Services: addresses and SRV records of a virtual
 * address or of endpoints.
 */
import { type Addresses, byFamily } from './addresses.ts'
import type { Answer, DnsRecord, ServiceRecord } from './dns-records.ts'
import { RecordType } from './dns-records.ts'
import type { ZoneApex } from './zone-apex.ts'

export interface ZonePort {
  /** Lower case; empty when the port has no name. */
  readonly name: string
  /** `tcp`, `udp` or `sctp`. */
  readonly protocol: string
  readonly port: number
}

/** One named backend of a Service. */
export interface ZoneEndpoint extends Addresses {
  /** The name in front of the Service's, lower case: `web-0`, or `web-0.east` in a clusterset. */
  readonly name: string
  readonly ports: readonly ZonePort[]
}

/** A Service with an address of its own. */
export interface AddressedService extends Addresses {
  readonly ports: readonly ZonePort[]
}

/** What a name asks of a Service: everything, or one named port. */
export interface PortFilter {
  readonly name: string
  readonly protocol: string
}

/** `_http._tcp` as a filter; undefined when the labels are no port. */
export function portFilter(port: string, protocol: string): PortFilter | undefined {
  if (!port.startsWith('_') || !protocol.startsWith('_')) return undefined
  return { name: port.slice(1), protocol: protocol.slice(1) }
}

/** True when the port is named so; the empty name never is. */
export function matchesPort(port: ZonePort, filter: PortFilter | undefined): boolean {
  if (filter === undefined) return true
  return port.name !== '' && port.name === filter.name && port.protocol === filter.protocol
}

/** One SRV record for each port, all to the one name that has the addresses. */
export function addressedServiceRecords(
  apex: ZoneApex,
  owner: string,
  serviceName: string,
  service: AddressedService,
  filter?: PortFilter,
): Answer {
  const ports = service.ports.filter((port) => matchesPort(port, filter))
  const among = ports.length * (service.ipv4.length + service.ipv6.length)
  const records = ports.map((port) => apex.serviceRecord(owner, serviceName, port.port, among))
  return apex.found(distinct(records), apex.addressRecords(serviceName, service, RecordType.ANY))
}

/** One SRV record for each endpoint and port, each to the endpoint's own name. */
export function endpointServiceRecords(
  apex: ZoneApex,
  owner: string,
  serviceName: string,
  endpoints: readonly ZoneEndpoint[],
  filter?: PortFilter,
): Answer {
  const matching = endpoints.flatMap((endpoint) =>
    endpoint.ports.filter((port) => matchesPort(port, filter)).map((port) => ({ endpoint, port })),
  )
  const among = matching.reduce(
    (total, { endpoint }) => total + endpoint.ipv4.length + endpoint.ipv6.length,
    0,
  )
  const records = matching.map(({ endpoint, port }) =>
    apex.serviceRecord(owner, `${endpoint.name}.${serviceName}`, port.port, among),
  )
  const targets = new Set(matching.map(({ endpoint }) => endpoint))
  const additional = [...targets].flatMap((endpoint): DnsRecord[] =>
    apex.addressRecords(`${endpoint.name}.${serviceName}`, endpoint, RecordType.ANY),
  )
  return apex.found(distinct(records), additional)
}

/** Each record once (RFC 2181 section 5): TCP and UDP on one number are two ports, and one record. */
function distinct(records: readonly ServiceRecord[]): ServiceRecord[] {
  return [...new Map(records.map((record) => [`${record.port} ${record.target}`, record])).values()]
}

/** The addresses of all endpoints, each once. */
export function mergedAddresses(endpoints: readonly ZoneEndpoint[]): Addresses {
  return byFamily(endpoints.flatMap((endpoint) => [...endpoint.ipv4, ...endpoint.ipv6]))
}
