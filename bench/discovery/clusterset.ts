/** A made-up clusterset: every cluster exports as many services, every service is exported by as many clusters. */
import { Label, type ServiceKey, serviceKey } from '../../src/api/names.ts'
import type { EndpointSlice, Service } from '../../src/api/objects.ts'
import type { Directory, OriginState, ServiceRecord } from '../../src/api/service-record.ts'

export interface ClustersetSize {
  readonly clusters: number
  /** Exports of each cluster. */
  readonly exports: number
  /** Clusters that export the same service. */
  readonly exporters: number
}

/** Where all services are. */
export const NAMESPACE = 'demo'

/** Pod addresses of the routers of the importing cluster. */
export const ROUTERS = ['10.244.0.5', '10.244.1.5']

/** The cluster that imports: the first, which exports as much as the others. */
export const OWN = clusterName(0)

const FIRST_EXPORT = Date.parse('2026-01-01T00:00:00Z')

export function clusterName(index: number): string {
  return `cluster-${index}`
}

/** Services that somebody exports. */
export function serviceCount({ clusters, exports, exporters }: ClustersetSize): number {
  return (clusters * exports) / exporters
}

/** The names of the services that a cluster exports. */
export function exportedBy(size: ClustersetSize, cluster: number): string[] {
  const names: string[] = []
  for (let service = 0; service < serviceCount(size); service++) {
    const place = (cluster - service * size.exporters) % size.clusters
    if ((place + size.clusters) % size.clusters < size.exporters) names.push(`service-${service}`)
  }
  return names
}

/** What one cluster exports, as the others are told. */
export function originOf(size: ClustersetSize, cluster: number): OriginState {
  const records = new Map(
    exportedBy(size, cluster).map((name) => [serviceKey(NAMESPACE, name), recordOf(name, cluster)]),
  )
  return { cluster: clusterName(cluster), epoch: 1, sequence: 1, records }
}

/** All clusters. */
export function directoryOf(size: ClustersetSize): Directory {
  const origins = Array.from({ length: size.clusters }, (_, cluster) => originOf(size, cluster))
  return new Map(origins.map((origin) => [origin.cluster, origin]))
}

/** A service with one port and three endpoints. */
export function recordOf(name: string, cluster: number): ServiceRecord {
  return {
    namespace: NAMESPACE,
    name,
    exportedAt: new Date(FIRST_EXPORT + cluster * 1_000).toISOString(),
    type: 'ClusterSetIP',
    ports: [{ name: 'http', protocol: 'TCP', port: 80, readyEndpoints: 3 }],
    ipFamilies: ['IPv4'],
    sessionAffinity: 'None',
  }
}

/** A later state of a cluster, with one record put in or, when it is undefined, taken out. */
export function withRecord(
  origin: OriginState,
  key: ServiceKey,
  record: ServiceRecord | undefined,
): OriginState {
  const records = new Map(origin.records)
  if (record === undefined) records.delete(key)
  else records.set(key, record)
  return { ...origin, sequence: origin.sequence + 1, records }
}

/** The Service behind an export of the importing cluster. */
export function localService(name: string): Service {
  const ports = [{ name: 'http', protocol: 'TCP' as const, port: 80, targetPort: 8080 }]
  return { metadata: { name, namespace: NAMESPACE }, spec: { ports } }
}

/** Its endpoints. */
export function localSlice(name: string, endpoints = 3): EndpointSlice {
  const addresses = Array.from({ length: endpoints }, (_, index) => `10.244.2.${index + 1}`)
  return {
    metadata: { name: `${name}-1`, namespace: NAMESPACE, labels: { [Label.kubeServiceName]: name } },
    addressType: 'IPv4',
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
    ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
  }
}
