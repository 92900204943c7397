/**
 * The cluster's own zone: from Services and their EndpointSlices to what the zone holds.
 */
import { Label } from '../../api/names.ts'
import type { EndpointSlice, Namespace, Service } from '../../api/objects.ts'
import type { Clock } from '../../core/clock.ts'
import { byFamily } from '../../dns/addresses.ts'
import { zoneEndpoints, zonePorts } from '../../dns/zone-objects.ts'
import type { ZoneService } from '../../dns/zone-snapshot.ts'
import { ZoneSource } from '../../dns/zone-source.ts'
import type { Store } from '../../kube/types.ts'

/** Version of the in-cluster DNS specification. */
export const CLUSTER_DNS_VERSION = '1.1.0'

/** Index of the EndpointSlice store: slices by the Service they belong to. */
const BY_SERVICE = 'service'

/** Index functions that the EndpointSlice store needs. */
export const serviceIndexes = { [BY_SERVICE]: (slice: EndpointSlice) => [serviceOf(slice)] }

export interface ClusterServicesDeps {
  readonly services: Store<Service>
  readonly slices: Store<EndpointSlice>
  readonly namespaces: Store<Namespace>
  readonly clock: Clock
}

/** Follows the Services of one cluster. */
export function clusterServices(deps: ClusterServicesDeps, zone: string): ZoneSource<Service> {
  return new ZoneSource(deps, {
    serviceOf,
    index: BY_SERVICE,
    build: (service, slices) => clusterService(zone, service, slices),
  })
}

/** What a Service and its slices stand for; undefined when it is an alias without a target. */
export function clusterService(
  zone: string,
  service: Service,
  slices: readonly EndpointSlice[],
): ZoneService | undefined {
  const { namespace = '', name = '' } = service.metadata
  const { type, externalName, clusterIP = '', clusterIPs, ports } = service.spec ?? {}
  if (type === 'ExternalName')
    return externalName ? { type: 'External', target: plainName(externalName) } : undefined
  const endpoints = zoneEndpoints(`${name}.${namespace}.svc.${zone}`, slices, () => '')
  if (clusterIP === 'None') return { type: 'Headless', endpoints }
  return { type: 'Virtual', ...byFamily(clusterIPs ?? [clusterIP]), ports: zonePorts(ports ?? []), endpoints }
}

/** `namespace/name` of the Service a slice belongs to; empty when it belongs to none. */
function serviceOf(slice: EndpointSlice): string {
  const name = slice.metadata.labels?.[Label.kubeServiceName]
  return name === undefined ? '' : `${slice.metadata.namespace}/${name}`
}

function plainName(name: string): string {
  return name.toLowerCase().replace(/\.$/, '')
}
