/**
 * The endpoints of a headless Service, each by a name of its own: what its record tells of them, and what its routers
 * know the backends by. Pure: controller and routers come to the same names.
 */
import { isDnsLabel } from '../api/names.ts'
import type { Endpoint, EndpointSlice, Service } from '../api/objects.ts'
import type { RecordEndpoint } from '../api/service-record.ts'
import { isReady, primarySlices, slicePortOf } from './endpoints.ts'

/** One endpoint as the slices have it, whichever of them list it. */
interface FoundEndpoint {
  readonly address: string
  readonly hostname: string | undefined
  readonly ready: boolean
  readonly leaving: boolean
  /** Places of the Service's ports that it serves. */
  readonly ports: ReadonlySet<number>
}

/** One endpoint with its name. */
export interface NamedEndpoint extends FoundEndpoint {
  readonly id: string
}

/** True for a Service without an address of its own. */
export function isHeadless(service: Service): boolean {
  return service.spec?.clusterIP === 'None'
}

/** web-9 before web-10: shorter first, then by letters. Needs no look at the digits. */
export function byNaturalOrder(left: string, right: string): number {
  if (left.length !== right.length) return left.length - right.length
  if (left === right) return 0
  return left < right ? -1 : 1
}

/**
 * Every endpoint by its id, in an order that is easy to read. The id is the host name, of endpoints that share one only
 * for the first; all others go by their address. A pod that terminates gives its host name up to its successor.
 */
export function namedEndpoints(service: Service, slices: readonly EndpointSlice[]): NamedEndpoint[] {
  const found = foundEndpoints(service, slices)
  const named = new Map<string, NamedEndpoint>()
  for (const endpoint of found) {
    const { hostname } = endpoint
    if (hostname !== undefined && !named.has(hostname)) named.set(hostname, { ...endpoint, id: hostname })
  }
  const first = new Set([...named.values()].map(({ address }) => address))
  for (const endpoint of found) {
    if (first.has(endpoint.address)) continue
    const id = freeId(dashed(endpoint.address), named)
    named.set(id, { ...endpoint, id })
  }
  return [...named.values()].sort((left, right) => byNaturalOrder(left.id, right.id))
}

/** Without those that terminate where another has their host name; by address. */
function foundEndpoints(service: Service, slices: readonly EndpointSlice[]): FoundEndpoint[] {
  const found = new Map<string, FoundEndpoint>()
  for (const slice of primarySlices(service, slices)) {
    const ports = servedPorts(service, slice)
    for (const endpoint of slice.endpoints ?? []) addEndpoint(found, endpoint, ports, service)
  }
  const taken = new Set([...found.values()].filter(({ leaving }) => !leaving).map(({ hostname }) => hostname))
  return [...found.values()]
    .filter(({ leaving, hostname }) => !leaving || hostname === undefined || !taken.has(hostname))
    .sort((left, right) => byNaturalOrder(left.address, right.address))
}

function servedPorts(service: Service, slice: EndpointSlice): number[] {
  const ports = service.spec?.ports ?? []
  return [...ports.keys()].filter((place) => {
    const port = ports[place]
    return port !== undefined && slicePortOf(slice, port)?.port !== undefined
  })
}

/** While a pod moves from one slice to another it is in both: what either says of it counts. */
function addEndpoint(
  found: Map<string, FoundEndpoint>,
  endpoint: Endpoint,
  ports: readonly number[],
  service: Service,
): void {
  const [address] = endpoint.addresses
  if (address === undefined) return
  const known = found.get(address)
  found.set(address, {
    address,
    hostname: known?.hostname ?? hostnameOf(endpoint),
    ready: known?.ready === true || isReady(endpoint, service),
    leaving: known?.leaving !== false && endpoint.conditions?.terminating === true,
    ports: new Set([...(known?.ports ?? []), ...ports]),
  })
}

/** What is no DNS label cannot be asked for. */
function hostnameOf({ hostname }: Endpoint): string | undefined {
  return hostname !== undefined && isDnsLabel(hostname) ? hostname : undefined
}

/** The host name of an endpoint that has none, as CoreDNS makes it; one that would begin with a dash is no label. */
function dashed(address: string): string {
  const label = address.toLowerCase().replace(/[.:]/g, '-')
  return `${label.startsWith('-') ? '0' : ''}${label}${label.endsWith('-') ? '0' : ''}`
}

/** Somebody else may be called as an address is written. */
function freeId(wanted: string, taken: ReadonlyMap<string, unknown>): string {
  let id = wanted
  while (taken.has(id)) id += 'x'
  return id
}

/** What a record tells of an endpoint: no more than is needed, so that it stays the same as long as it can. */
export function recordEndpoint(service: Service, endpoint: NamedEndpoint): RecordEndpoint {
  const { id, hostname, ready, ports } = endpoint
  const servesAll = ports.size === (service.spec?.ports?.length ?? 0)
  return {
    id,
    ...(hostname === undefined || hostname === id ? {} : { hostname }),
    ...(ready ? {} : { unready: true }),
    ...(servesAll ? {} : { ports: [...ports].sort((left, right) => left - right) }),
  }
}
