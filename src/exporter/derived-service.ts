/**
 * The derived Service of an import, or of one endpoint of a headless one: no selector, its cluster IP is the clusterset
 * IP, its target ports record the router ports that the import owns. Pure.
 */
import { type MergedPort, type PortKey, portKey } from '../api/merged-ports.ts'
import { Annotation, Label, type ServiceKey, serviceKey } from '../api/names.ts'
import type { ObjectMeta, OwnerReference, Service, ServicePort } from '../api/objects.ts'
import type { EndpointName } from '../api/route-snapshot.ts'
import { derivedServiceName, endpointServiceName } from './import-names.ts'
import type { AddressRequest } from './ip-families.ts'
import type { ListenPorts } from './listen-ports.ts'
import type { MergedService } from './service-merge.ts'

/**
 * Port names of derived Services and the slices behind them. A Service with several ports must name them all, while an import
 * may hold one port without a name beside others.
 */
export function derivedPortNames(ports: readonly MergedPort[]): ReadonlyMap<PortKey, string> {
  const names = new Map<PortKey, string>()
  for (const port of ports) names.set(portKey(port), ports.length > 1 ? nameOf(port, ports) : port.name)
  return names
}

/** Port names of the slices: those of a headless import are no derived Service's, and are as the import has them. */
export function slicePortNames({
  type,
  ports,
}: Pick<MergedService, 'type' | 'ports'>): ReadonlyMap<PortKey, string> {
  if (type !== 'Headless') return derivedPortNames(ports)
  return new Map(ports.map((port) => [portKey(port), port.name]))
}

function nameOf(port: MergedPort, ports: readonly MergedPort[]): string {
  let name = port.name === '' ? `${port.protocol.toLowerCase()}-${port.port}` : port.name
  while (ports.some((other) => other !== port && other.name === name)) name += 'x'
  return name
}

/** Those of `ports` that have a router port, and so can be served. */
export function servedPorts(
  merged: MergedService,
  ports: readonly MergedPort[],
  listenPortOf: (port: PortKey) => number | undefined,
): ServicePort[] {
  const names = derivedPortNames(merged.ports)
  return ports.flatMap((port) => {
    const targetPort = listenPortOf(portKey(port))
    if (targetPort === undefined) return []
    const name = names.get(portKey(port)) ?? ''
    const { protocol, port: number, appProtocol } = port
    return [
      {
        ...(name === '' ? {} : { name }),
        protocol,
        port: number,
        targetPort,
        ...(appProtocol === undefined ? {} : { appProtocol }),
      },
    ]
  })
}

/**
 * The derived Service as it should be; undefined for a headless import and when no port can be served.
 * `addresses`: an import that lost its Service should come back under those it had.
 */
export function derivedService(
  merged: MergedService,
  listenPorts: ListenPorts,
  owner: OwnerReference,
  addresses: AddressRequest = {},
): Service | undefined {
  const ports = servedPorts(merged, merged.ports, (port) => listenPorts.get(port))
  if (merged.type === 'Headless' || ports.length === 0) return undefined
  return {
    metadata: {
      name: derivedServiceName(merged.key),
      namespace: merged.namespace,
      labels: { [Label.derivedFrom]: merged.name },
      ...globalAnnotation(merged),
      ownerReferences: [owner],
    },
    spec: {
      type: 'ClusterIP',
      ports,
      ...affinity(merged),
      ...addresses,
    },
  }
}

/** Tells the nodes' agents which global address leads there. */
export function globalAnnotation({
  globalIp,
}: {
  readonly globalIp?: string
}): Pick<ObjectMeta, 'annotations'> {
  return globalIp === undefined ? {} : { annotations: { [Annotation.globalIp]: globalIp } }
}

function affinity(
  merged: MergedService,
): Pick<NonNullable<Service['spec']>, 'sessionAffinity' | 'sessionAffinityConfig'> {
  if (merged.sessionAffinity === 'None') return { sessionAffinity: 'None' }
  const timeoutSeconds = merged.sessionAffinityTimeoutSeconds
  return {
    sessionAffinity: 'ClientIP',
    ...(timeoutSeconds === undefined ? {} : { sessionAffinityConfig: { clientIP: { timeoutSeconds } } }),
  }
}

/** The addresses of a Service; none while they are not allocated, and none for a headless one. */
export function clusterIps(service: Service | undefined): string[] {
  const { clusterIP, clusterIPs } = service?.spec ?? {}
  const ips = clusterIPs ?? (clusterIP === undefined ? [] : [clusterIP])
  return ips.filter((ip) => ip !== '' && ip !== 'None')
}

/** What a derived Service stands for. */
export interface DerivedFrom {
  readonly service: ServiceKey
  /** Absent: the whole import. */
  readonly endpoint?: EndpointName
}

/** What a derived Service stands for; undefined when the Service only claims to be one. */
export function derivedFrom({
  metadata: { name, namespace = '', labels },
}: Service): DerivedFrom | undefined {
  const source = labels?.[Label.derivedFrom]
  if (source === undefined) return undefined
  const service = serviceKey(namespace, source)
  if (derivedServiceName(service) === name) return { service }
  const endpoint = { cluster: labels?.[Label.endpointCluster] ?? '', id: labels?.[Label.endpoint] ?? '' }
  return endpointServiceName(service, endpoint) === name ? { service, endpoint } : undefined
}
