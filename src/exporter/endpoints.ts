/**
 * Which endpoints stand behind a port of a Service, read from its EndpointSlices. Pure.
 */
import type {
  Endpoint,
  EndpointPort,
  EndpointSlice,
  IPFamily,
  Protocol,
  Service,
  ServicePort,
} from '../api/objects.ts'
import type { Backend } from '../api/route-snapshot.ts'
import { isOfFamily, serviceFamilies } from './ip-families.ts'

/** Protocol of a port; Kubernetes says TCP when none is given. */
export function protocolOf(port: { readonly protocol?: Protocol }): Protocol {
  return port.protocol ?? 'TCP'
}

/** New connections may go there. A condition that is not given counts as true (discovery/v1). */
export function isReady(endpoint: Endpoint, service: Service | undefined): boolean {
  return service?.spec?.publishNotReadyAddresses === true || endpoint.conditions?.ready !== false
}

/**
 * It can take new connections while no endpoint is ready: kube-proxy's rule for pods that terminate and still answer.
 * `serving` counts as true when it is not given, as there.
 */
export function isServing(endpoint: Endpoint, service: Service | undefined): boolean {
  if (isReady(endpoint, service)) return true
  return endpoint.conditions?.terminating === true && endpoint.conditions.serving !== false
}

/** The slices of the Service's families. */
export function servingSlices(service: Service, slices: readonly EndpointSlice[]): EndpointSlice[] {
  return slicesOfFamilies(serviceFamilies(service), slices)
}

/** The slices of the Service's first IP family: a dual-stack Service lists every pod once per family. */
export function primarySlices(service: Service, slices: readonly EndpointSlice[]): EndpointSlice[] {
  return slicesOfFamilies(serviceFamilies(service).slice(0, 1), slices)
}

function slicesOfFamilies(families: readonly IPFamily[], slices: readonly EndpointSlice[]): EndpointSlice[] {
  return slices.filter((slice) => isOfFamily(slice, families) && isLive(slice))
}

function isLive(slice: EndpointSlice): boolean {
  return slice.metadata.deletionTimestamp === undefined
}

/** The port of the slice that serves the Service's port: they share name and protocol. */
export function slicePortOf(slice: EndpointSlice, port: ServicePort): EndpointPort | undefined {
  return slice.ports?.find(
    (candidate) => (candidate.name ?? '') === (port.name ?? '') && protocolOf(candidate) === protocolOf(port),
  )
}

/** Every backend of the Service's port, each address and port once, ready ones and others. */
export function backendsOf(service: Service, port: ServicePort, slices: readonly EndpointSlice[]): Backend[] {
  const found = new Map<string, Backend>()
  for (const slice of primarySlices(service, slices)) {
    const target = slicePortOf(slice, port)?.port
    if (target === undefined) continue
    for (const endpoint of slice.endpoints ?? []) addBackend(found, endpoint, target, service)
  }
  return [...found.values()]
}

/** While a pod moves from one slice to another it is in both: ready in one is ready. */
function addBackend(found: Map<string, Backend>, endpoint: Endpoint, port: number, service: Service): void {
  const address = endpoint.addresses[0]
  if (address === undefined) return
  const key = `${address} ${port}`
  const known = found.get(key)
  const ready = isReady(endpoint, service) || known?.ready === true
  const serving = isServing(endpoint, service) || known?.serving === true
  found.set(key, { address, port, ready, serving })
}

/** How many backends take new flows: the ready ones or, while there are none, those that terminate and still answer. */
export function usableCount(backends: readonly Backend[]): number {
  const ready = backends.filter((backend) => backend.ready).length
  return ready > 0 ? ready : backends.filter((backend) => backend.serving).length
}
