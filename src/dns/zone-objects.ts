/**
 * EndpointSlices and ports as a zone of Services has them. Pure.
 */
import type { Endpoint, EndpointSlice } from '../api/objects.ts'
import { byFamily } from './addresses.ts'
import { MAX_LABEL_LENGTH, MAX_NAME_LENGTH } from './limits.ts'
import type { ZoneEndpoint, ZonePort } from './service-answers.ts'

interface ObjectPort {
  readonly name?: string
  readonly protocol?: string
  readonly port?: number
}

/** Ports with a number; a port without one means all ports, which DNS cannot say, and one out of range is no port. */
export function zonePorts(ports: readonly ObjectPort[]): ZonePort[] {
  return ports.flatMap(({ name = '', protocol = 'TCP', port }) =>
    port === undefined || !(port > 0 && port < 65_536)
      ? []
      : [{ name: name.toLowerCase(), protocol: protocol.toLowerCase(), port }],
  )
}

/**
 * Ready endpoints by name: `<host>` and what `suffixOf` says of their slice. Endpoints of one name are merged; names
 * that DNS cannot hold in front of `serviceName` are left out.
 */
export function zoneEndpoints(
  serviceName: string,
  slices: readonly EndpointSlice[],
  suffixOf: (slice: EndpointSlice) => string,
): ReadonlyMap<string, ZoneEndpoint> {
  const found = new Map<string, { addresses: string[]; ports: ZonePort[] }>()
  for (const slice of slices) {
    const ports = zonePorts(slice.ports ?? [])
    const suffix = suffixOf(slice).toLowerCase()
    for (const { host, address } of readyAddresses(slice)) {
      const name = host + suffix
      if (!fits(name, serviceName)) continue
      const endpoint = found.get(name) ?? { addresses: [], ports: [] }
      found.set(name, endpoint)
      endpoint.addresses.push(address)
      for (const port of ports) addPort(endpoint.ports, port)
    }
  }
  return new Map(
    [...found].map(([name, { addresses, ports }]) => [name, { name, ...byFamily(addresses), ports }]),
  )
}

function readyAddresses(slice: EndpointSlice): { host: string; address: string }[] {
  if (slice.addressType === 'FQDN') return []
  const ready = (slice.endpoints ?? []).filter((endpoint) => endpoint.conditions?.ready !== false)
  return ready.flatMap((endpoint) =>
    endpoint.addresses.map((address) => ({ host: endpointHost(endpoint, address), address })),
  )
}

/** An endpoint's host name: its own, else its address with dashes, as CoreDNS makes it. */
function endpointHost(endpoint: Endpoint, address: string): string {
  if (endpoint.hostname) return endpoint.hostname.toLowerCase()
  const dashed = address.replace(/[.:]/g, '-').toLowerCase()
  return dashed.endsWith('-') ? `${dashed}0` : dashed
}

function addPort(ports: ZonePort[], port: ZonePort): void {
  const same = (other: ZonePort) =>
    other.name === port.name && other.protocol === port.protocol && other.port === port.port
  if (!ports.some(same)) ports.push(port)
}

function fits(name: string, serviceName: string): boolean {
  const labels = name.split('.')
  return (
    labels.every((label) => label.length > 0 && label.length <= MAX_LABEL_LENGTH) &&
    name.length + 1 + serviceName.length <= MAX_NAME_LENGTH
  )
}
