/**
 * What stands for one remote endpoint of a headless import: a derived Service, whose cluster IP is the endpoint's address
 * in this cluster, and the slice that leads from there to the routers. Pure.
 */
import { Label, MANAGED_BY } from '../api/names.ts'
import type { EndpointSlice, IPFamily, OwnerReference, Service } from '../api/objects.ts'
import { servedPorts } from './derived-service.ts'
import { endpointServiceName } from './import-names.ts'
import { familyOf } from './ip-families.ts'
import { SLICE_MAX_ENDPOINTS } from './limits.ts'
import type { ListenPorts } from './listen-ports.ts'
import { endpointPortKey } from './port-merge.ts'
import type { RemoteEndpoint } from './remote-endpoints.ts'
import type { MergedService } from './service-merge.ts'

export interface EndpointServiceInputs {
  readonly merged: MergedService
  readonly listenPorts: ListenPorts
  /** Pod addresses of the routers. */
  readonly routers: readonly string[]
  readonly owner: OwnerReference
}

export interface EndpointObjects {
  readonly endpoint: RemoteEndpoint
  readonly service: Service
  readonly slice: EndpointSlice
}

/** The objects of an endpoint; undefined when none of its ports has a router port. */
export function endpointObjects(
  endpoint: RemoteEndpoint,
  inputs: EndpointServiceInputs,
): EndpointObjects | undefined {
  const { merged, listenPorts } = inputs
  const ports = servedPorts(merged, endpoint.ports, (port) =>
    listenPorts.get(endpointPortKey(endpoint, port)),
  )
  if (ports.length === 0) return undefined
  const family = routerFamily(inputs.routers)
  const service = serviceOf(endpoint, { ports, family }, inputs)
  return { endpoint, service, slice: sliceOf(service, { ports, family }, inputs) }
}

/** What leads to the endpoint. */
interface Way {
  readonly ports: ReturnType<typeof servedPorts>
  readonly family: IPFamily
}

/** The one family that an endpoint's address is of: a Service cannot change it, so it follows from the routers alone. */
function routerFamily(routers: readonly string[]): IPFamily {
  return routers.length > 0 && routers.every((address) => familyOf(address) === 'IPv6') ? 'IPv6' : 'IPv4'
}

function serviceOf(
  endpoint: RemoteEndpoint,
  { ports, family }: Way,
  { merged, owner }: EndpointServiceInputs,
): Service {
  return {
    metadata: {
      name: endpointServiceName(merged.key, endpoint),
      namespace: merged.namespace,
      labels: {
        [Label.derivedFrom]: merged.name,
        [Label.endpointCluster]: endpoint.cluster,
        [Label.endpoint]: endpoint.id,
      },
      ownerReferences: [owner],
    },
    spec: { type: 'ClusterIP', sessionAffinity: 'None', ports, ipFamilies: [family] },
  }
}

/** Always ready: a router whose endpoint is not refuses by itself, and sooner than this would tell. */
function sliceOf(
  service: Service,
  { ports, family }: Way,
  { merged, routers, owner }: EndpointServiceInputs,
): EndpointSlice {
  const { name = '' } = service.metadata
  const near = routers.filter((address) => familyOf(address) === family)
  return {
    metadata: {
      name,
      namespace: merged.namespace,
      labels: {
        [Label.kubeServiceName]: name,
        [Label.derivedFrom]: merged.name,
        [Label.managedBy]: MANAGED_BY,
      },
      ownerReferences: [owner],
    },
    addressType: family,
    endpoints: near.slice(0, SLICE_MAX_ENDPOINTS).map((address) => ({
      addresses: [address],
      conditions: { ready: true, serving: true, terminating: false },
    })),
    ports: ports.map(({ name: portName = '', protocol, targetPort }) => ({
      name: portName,
      ...(protocol === undefined ? {} : { protocol }),
      port: Number(targetPort),
    })),
  }
}
