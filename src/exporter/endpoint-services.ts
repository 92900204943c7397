/**
 * What stands for one remote endpoint of a headless import: a derived Service, whose cluster IP is the endpoint's address
 * in this cluster, and the slices that lead from there to the routers, one for each family. Pure.
 */
import { Label, MANAGED_BY } from '../api/names.ts'
import type { EndpointSlice, IPFamily, OwnerReference, Service } from '../api/objects.ts'
import { clusterIps, globalAnnotation, servedPorts } from './derived-service.ts'
import { endpointServiceName } from './import-names.ts'
import { type AddressRequest, addressRequest, ofFamily, servedFamilies } from './ip-families.ts'
import type { ListenPorts } from './listen-ports.ts'
import { endpointPortKey } from './port-merge.ts'
import type { RemoteEndpoint } from './remote-endpoints.ts'
import type { MergedService } from './service-merge.ts'

export interface EndpointServiceInputs {
  readonly merged: MergedService
  readonly listenPorts: ListenPorts
  /** Pod addresses of the routers, of either family. */
  readonly routers: readonly string[]
  readonly owner: OwnerReference
}

export interface EndpointObjects {
  readonly endpoint: RemoteEndpoint
  readonly service: Service
  readonly slices: readonly EndpointSlice[]
}

/**
 * The objects of an endpoint; undefined when none of its ports has a router port. `existing` is its Service as it is, or
 * was before it went: the addresses that it has are to stay.
 */
export function endpointObjects(
  endpoint: RemoteEndpoint,
  inputs: EndpointServiceInputs,
  existing?: Service,
): EndpointObjects | undefined {
  const { merged, listenPorts } = inputs
  const ports = servedPorts(merged, endpoint.ports, (port) =>
    listenPorts.get(endpointPortKey(endpoint, port)),
  )
  if (ports.length === 0) return undefined
  const families = servedFamilies(merged.ipFamilies, inputs.routers)
  const request = addressRequest(families, clusterIps(existing))
  const service = serviceOf(endpoint, { ...request, ports }, inputs)
  const slices = servedFamilies(existing?.spec?.ipFamilies ?? families, inputs.routers).map((family) =>
    sliceOf(service, ports, family, inputs),
  )
  return { endpoint, service, slices }
}

type Ports = ReturnType<typeof servedPorts>

function serviceOf(
  endpoint: RemoteEndpoint,
  spec: AddressRequest & { ports: Ports },
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
      ...globalAnnotation(endpoint),
      ownerReferences: [owner],
    },
    spec: { type: 'ClusterIP', sessionAffinity: 'None', ...spec },
  }
}

/** Always ready: a router whose endpoint is not refuses by itself, and sooner than this would tell. */
function sliceOf(
  service: Service,
  ports: Ports,
  family: IPFamily,
  { merged, routers, owner }: EndpointServiceInputs,
): EndpointSlice {
  const { name = '' } = service.metadata
  return {
    metadata: {
      name: family === 'IPv6' ? `${name}-6` : name,
      namespace: merged.namespace,
      labels: {
        [Label.kubeServiceName]: name,
        [Label.derivedFrom]: merged.name,
        [Label.managedBy]: MANAGED_BY,
      },
      ownerReferences: [owner],
    },
    addressType: family,
    endpoints: ofFamily(routers, family).map((address) => ({
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
