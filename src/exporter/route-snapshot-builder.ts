/**
 * The parts of a RouteSnapshot, each made from the objects it depends on. Pure.
 */
import type { LinkResource } from '../api/link.ts'
import type { ServiceExport } from '../api/mcs.ts'
import type { EndpointSlice, Protocol, Service } from '../api/objects.ts'
import type { Backend, ExportedPort, LinkSpec, ListenerSpec } from '../api/route-snapshot.ts'
import type { TrafficSettings } from '../api/traffic-settings.ts'
import { sameValue } from '../core/compare.ts'
import { affinityField } from './client-affinity.ts'
import { clusterIps, derivedFrom } from './derived-service.ts'
import { backendsOf, protocolOf } from './endpoints.ts'
import { evaluateExport } from './export-record.ts'
import { isHeadless, namedEndpoints } from './headless-endpoints.ts'
import { linkProblem, readLink } from './link-reader.ts'
import { recordedListenPorts } from './listen-ports.ts'
import { contestedPorts, portClaims } from './port-claims.ts'
import { exportedProtocol } from './proxy-protocol.ts'

/**
 * What derived Services ask the router to listen at: every router port once. A port that several ask for stays with
 * the one that has it, or is nobody's, until the controller has put the others right.
 */
export function listenersOf(
  derived: readonly Service[],
  previous: readonly ListenerSpec[] = [],
): ListenerSpec[] {
  const contested = contestedPorts(portClaims(derived))
  const held = new Map(previous.map((listener) => [listener.listenPort, listener]))
  return derived
    .flatMap(listenersOfService)
    .filter((each) => !contested.has(each.listenPort) || isSamePort(each, held.get(each.listenPort)))
}

function listenersOfService(derived: Service): ListenerSpec[] {
  const found = derivedFrom(derived)
  if (found === undefined) return []
  const shared = { ...found, addresses: clusterIps(derived), ...affinityField(derived) }
  return [...recordedListenPorts(derived)].map(([key, listenPort]) => {
    const [protocol, port] = key.split('/')
    return { ...shared, protocol: protocol as Protocol, port: Number(port), listenPort }
  })
}

/** The holder may change its addresses and affinity and stays the holder. */
function isSamePort(left: ListenerSpec, right: ListenerSpec | undefined): boolean {
  return (
    left.service === right?.service &&
    left.protocol === right.protocol &&
    left.port === right.port &&
    sameValue(left.endpoint, right.endpoint)
  )
}

/** The ports of an export with their backends; undefined when the export is not valid, and so not reachable. */
export function exportedPorts(
  serviceExport: ServiceExport,
  service: Service | undefined,
  slices: readonly EndpointSlice[],
  traffic: Pick<TrafficSettings, 'proxyProtocol'>,
): readonly ExportedPort[] | undefined {
  if (service === undefined || evaluateExport(serviceExport, service, slices).state !== 'valid')
    return undefined
  const proxyProtocol = exportedProtocol(serviceExport, traffic.proxyProtocol)
  const ids = endpointIds(service, slices)
  return (service.spec?.ports ?? []).map((port) => ({
    protocol: protocolOf(port),
    port: port.port,
    backends: backendsOf(service, port, slices).map((backend) => withId(backend, ids.get(backend.address))),
    ...affinityField(service),
    proxyProtocol,
  }))
}

/** What the record calls the endpoints of a headless Service, by address. */
function endpointIds(service: Service, slices: readonly EndpointSlice[]): ReadonlyMap<string, string> {
  if (!isHeadless(service)) return new Map()
  return new Map(namedEndpoints(service, slices).map(({ address, id }) => [address, id]))
}

function withId(backend: Backend, id: string | undefined): Backend {
  return id === undefined ? backend : { ...backend, endpoint: id }
}

/** The clusters to dial, by name; not those whose Link cannot be used, which says so in its status. */
export function linksOf(resources: readonly LinkResource[]): LinkSpec[] {
  return resources
    .filter((link) => link.metadata.deletionTimestamp === undefined && linkProblem(link) === undefined)
    .map(readLink)
    .sort((left, right) => (left.name < right.name ? -1 : 1))
}
