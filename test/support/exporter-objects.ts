/** Services, exports, slices and records for tests of src/exporter. */
import type { ServiceExport } from '../../src/api/mcs.ts'
import { type ServiceKey, serviceKey } from '../../src/api/names.ts'
import type { Endpoint, EndpointSlice, Service } from '../../src/api/objects.ts'
import type { Directory, OriginState, RecordPort, ServiceRecord } from '../../src/api/service-record.ts'

export const OWNER = {
  apiVersion: 'multicluster.x-k8s.io/v1beta1',
  kind: 'ServiceImport',
  name: 'web',
  uid: 'u1',
}

export function service(spec: Service['spec'] = {}, metadata: Service['metadata'] = {}): Service {
  return {
    metadata: { name: 'web', namespace: 'demo', ...metadata },
    spec: {
      type: 'ClusterIP',
      clusterIP: '10.96.1.1',
      ipFamilies: ['IPv4'],
      ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 8080 }],
      ...spec,
    },
  }
}

export function serviceExport(change: Partial<ServiceExport> = {}): ServiceExport {
  return {
    metadata: { name: 'web', namespace: 'demo', generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' },
    ...change,
  }
}

export function endpoint(address: string, conditions?: Endpoint['conditions']): Endpoint {
  return { addresses: [address], ...(conditions === undefined ? {} : { conditions }) }
}

export function slice(
  endpoints: Endpoint[],
  ports: EndpointSlice['ports'] = [{ name: 'http', protocol: 'TCP', port: 8080 }],
  name = 'web-abcde',
): EndpointSlice {
  return {
    metadata: { name, namespace: 'demo', labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: 'IPv4',
    endpoints,
    ports,
  }
}

export function port(number: number, name = '', ready = 1): RecordPort {
  return { name, protocol: 'TCP', port: number, readyEndpoints: ready }
}

export function record(change: Partial<ServiceRecord> = {}): ServiceRecord {
  return {
    namespace: 'demo',
    name: 'web',
    exportedAt: '2026-01-01T00:00:00Z',
    type: 'ClusterSetIP',
    ports: [port(80, 'http')],
    ipFamilies: ['IPv4'],
    sessionAffinity: 'None',
    ...change,
  }
}

export function origin(cluster: string, records: readonly ServiceRecord[] = []): OriginState {
  const byKey = records.map((each): [ServiceKey, ServiceRecord] => [
    serviceKey(each.namespace, each.name),
    each,
  ])
  return { cluster, epoch: 1, sequence: 1, records: new Map(byKey) }
}

export function directory(...origins: readonly OriginState[]): Directory {
  return new Map(origins.map((each) => [each.cluster, each]))
}
