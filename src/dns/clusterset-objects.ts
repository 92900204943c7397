/**
 * From Kubernetes objects to what the zone holds: one import and its EndpointSlices become one ZoneService. Pure.
 */
import type { ServiceImport } from '../api/mcs.ts'
import { Label } from '../api/names.ts'
import type { Endpoint, EndpointSlice } from '../api/objects.ts'
import { byFamily } from './addresses.ts'
import type { ZoneService } from './clusterset-snapshot.ts'
import { MAX_LABEL_LENGTH, MAX_NAME_LENGTH } from './limits.ts'
import type { ZoneEndpoint, ZonePort } from './service-answers.ts'

/** The service that an import and the slices labelled with its name stand for; undefined when it has no type yet. */
export function zoneService(
  zone: string,
  object: ServiceImport,
  slices: readonly EndpointSlice[],
): ZoneService | undefined {
  const { namespace = '', name = '' } = object.metadata
  const { spec } = object
  if (spec === undefined) return undefined
  const endpoints = zoneEndpoints(`${name}.${namespace}.svc.${zone}`, slices)
  if (spec.type === 'Headless') return { type: 'Headless', endpoints }
  const ports = zonePorts(spec.ports ?? [])
  return { type: 'ClusterSetIP', ...byFamily(spec.ips ?? []), ports, endpoints }
}

/** `namespace/name` of the import a slice belongs to; empty when it belongs to none. */
export function importOf(slice: EndpointSlice): string {
  const { namespace = '', labels } = slice.metadata
  const name = labels?.[Label.serviceName]
  const cluster = labels?.[Label.sourceCluster]
  return name === undefined || cluster === undefined ? '' : `${namespace}/${name}`
}

/** An endpoint's host name: its own, else its address with dashes, as CoreDNS makes it. */
export function endpointHost(endpoint: Endpoint, address: string): string {
  if (endpoint.hostname) return endpoint.hostname.toLowerCase()
  const dashed = address.replace(/[.:]/g, '-').toLowerCase()
  return dashed.endsWith('-') ? `${dashed}0` : dashed
}

/** Ready endpoints by `<host>.<cluster id>`. Endpoints of one name are merged; names that DNS cannot hold are left out. */
function zoneEndpoints(
  serviceName: string,
  slices: readonly EndpointSlice[],
): ReadonlyMap<string, ZoneEndpoint> {
  const found = new Map<string, { addresses: string[]; ports: ZonePort[] }>()
  for (const slice of slices) {
    const ports = zonePorts(slice.ports ?? [])
    for (const { name, address } of readyAddresses(slice)) {
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

function readyAddresses(slice: EndpointSlice): { name: string; address: string }[] {
  const cluster = (slice.metadata.labels?.[Label.sourceCluster] ?? '').toLowerCase()
  if (slice.addressType === 'FQDN') return []
  const ready = (slice.endpoints ?? []).filter((endpoint) => endpoint.conditions?.ready !== false)
  return ready.flatMap((endpoint) =>
    endpoint.addresses.map((address) => ({ name: `${endpointHost(endpoint, address)}.${cluster}`, address })),
  )
}

interface ObjectPort {
  readonly name?: string
  readonly protocol?: string
  readonly port?: number
}

/** A port without a number means all ports, which DNS cannot say; one out of range is no port. */
function zonePorts(ports: readonly ObjectPort[]): ZonePort[] {
  return ports.flatMap(({ name = '', protocol = 'TCP', port }) =>
    port === undefined || !(port > 0 && port < 65_536)
      ? []
      : [{ name: name.toLowerCase(), protocol: protocol.toLowerCase(), port }],
  )
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
