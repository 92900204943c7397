/**
 * Endpoints of a Service's Pods: conditions, host names, and target ports as each Pod resolves them. Pure.
 */
import { isIPv4, isIPv6 } from 'node:net'
import type { Endpoint, EndpointPort, Service, ServicePort } from '../../api/objects.ts'
import { portsKey } from './endpoint-slice-ports.ts'
import { isFinished, isReady } from './pod-state.ts'
import type { WorkloadPod } from './workloads.ts'

export type AddressType = 'IPv4' | 'IPv6'

/** The zone of the node of that name, by its label. */
export type ZoneOf = (nodeName: string) => string | undefined

/** Endpoints that share one set of resolved ports, and so may share a slice. */
export interface EndpointGroup {
  readonly ports: readonly EndpointPort[]
  readonly endpoints: readonly Endpoint[]
}

/** Address families of the Service's slices. */
export function addressTypesOf(service: Service): AddressType[] {
  const families = service.spec?.ipFamilies ?? []
  if (families.length > 0) return [...new Set(families)]
  return [isIPv6(service.spec?.clusterIP ?? '') ? 'IPv6' : 'IPv4']
}

/** The endpoints of `pods` in one family, grouped by what their ports resolve to. */
export function endpointGroups(
  service: Service,
  pods: readonly WorkloadPod[],
  addressType: AddressType,
  zoneOf: ZoneOf = () => undefined,
): EndpointGroup[] {
  const groups = new Map<string, { ports: EndpointPort[]; endpoints: Endpoint[] }>()
  for (const pod of pods) {
    const address = isFinished(pod) ? undefined : addressOf(pod, addressType)
    if (address === undefined) continue
    const ports = resolvePorts(service, pod)
    const group = groups.get(portsKey(ports)) ?? { ports, endpoints: [] }
    group.endpoints.push(endpointOf(service, pod, address, zoneOf))
    groups.set(portsKey(ports), group)
  }
  return [...groups.values()]
}

/** A named target port is looked up in the Pod's containers; a Pod that lacks it goes without that port. */
function resolvePorts(service: Service, pod: WorkloadPod): EndpointPort[] {
  return (service.spec?.ports ?? []).flatMap((servicePort) => {
    const port = targetPort(servicePort, pod)
    if (port === undefined) return []
    const { name = '', protocol = 'TCP', appProtocol } = servicePort
    return [{ name, protocol, port, ...(appProtocol !== undefined && { appProtocol }) }]
  })
}

function targetPort(servicePort: ServicePort, pod: WorkloadPod): number | undefined {
  const target = servicePort.targetPort ?? servicePort.port
  if (typeof target === 'number') return target === 0 ? servicePort.port : target
  if (/^\d+$/.test(target)) return Number(target)
  const protocol = servicePort.protocol ?? 'TCP'
  const ports = (pod.spec?.containers ?? []).flatMap((container) => container.ports ?? [])
  return ports.find((port) => port.name === target && (port.protocol ?? 'TCP') === protocol)?.containerPort
}

function endpointOf(service: Service, pod: WorkloadPod, address: string, zoneOf: ZoneOf): Endpoint {
  const serving = isReady(pod)
  const terminating = pod.metadata.deletionTimestamp !== undefined
  const ready = service.spec?.publishNotReadyAddresses === true || (serving && !terminating)
  const { name = '', namespace = '', uid = '' } = pod.metadata
  const { nodeName, hostname, subdomain } = pod.spec ?? {}
  const zone = zoneOf(nodeName ?? '')
  return {
    addresses: [address],
    conditions: { ready, serving, terminating },
    ...(hostname !== undefined && subdomain === service.metadata.name && { hostname }),
    ...(nodeName !== undefined && { nodeName }),
    ...(zone !== undefined && { zone }),
    targetRef: { kind: 'Pod', namespace, name, uid },
  }
}

function addressOf(pod: WorkloadPod, addressType: AddressType): string | undefined {
  const addresses = [...(pod.status?.podIPs ?? []).map(({ ip }) => ip), pod.status?.podIP ?? '']
  return addresses.find(addressType === 'IPv6' ? isIPv6 : isIPv4)
}
