/**
 * What Services mean for packets: which address and port stands for which endpoints. A pure function of Services and
 * EndpointSlices, in the manner of kube-proxy; nftables rules and the loopback proxy are both made from it.
 */
import { Label } from '../../api/names.ts'
import type { Endpoint, EndpointSlice, Service, ServicePort } from '../../api/objects.ts'

/** An address and a port. */
export interface Target {
  readonly address: string
  readonly port: number
}

/** One port of one Service. */
export interface VirtualPort {
  /** `namespace/name/protocol/port`: unique, stable, and telling. */
  readonly id: string
  readonly protocol: 'tcp' | 'udp'
  /** Where clients connect to: cluster addresses, and the node's for NodePort and LoadBalancer. */
  readonly frontends: readonly Target[]
  /** Sorted, each once. Empty refuses. */
  readonly endpoints: readonly Target[]
  /** Seconds for which a client address stays with its endpoint. */
  readonly affinitySeconds: number | undefined
}

/** Sorted by id. */
export type ServiceTable = readonly VirtualPort[]

export interface ServiceTableConfig {
  /** Stands for LoadBalancer Services and node ports. */
  readonly nodeAddress: string
  /** `address:port` that belong to the node itself and to no Service. */
  readonly reserved: readonly string[]
}

/** Seconds, when a Service with ClientIP affinity names none (the API's default). */
const DEFAULT_AFFINITY_SECONDS = 10_800

/** A frontend that two Services claim goes to the older one. */
export function buildServiceTable(
  services: readonly Service[],
  slices: readonly EndpointSlice[],
  config: ServiceTableConfig,
): ServiceTable {
  const claimed = new Set(config.reserved)
  const byService = groupSlices(slices)
  const ports = [...services]
    .sort(byAge)
    .filter(hasClusterAddress)
    .flatMap((service) => virtualPorts(service, byService.get(keyOf(service)) ?? [], config, claimed))
  return ports.sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** True when every port of a LoadBalancer Service got the node's address. */
export function loadBalancerServed(service: Service, table: ServiceTable, nodeAddress: string): boolean {
  return (service.spec?.ports ?? []).every((port) => {
    const entry = table.find(({ id }) => id === portId(service, port))
    return entry?.frontends.some((each) => each.address === nodeAddress && each.port === port.port) ?? false
  })
}

function keyOf({ metadata }: Service): string {
  return `${metadata.namespace}/${metadata.name}`
}

function byAge(a: Service, b: Service): number {
  const left = `${a.metadata.creationTimestamp ?? ''} ${keyOf(a)}`
  const right = `${b.metadata.creationTimestamp ?? ''} ${keyOf(b)}`
  return left < right ? -1 : 1
}

/** Headless and ExternalName Services are DNS' business. */
function hasClusterAddress({ spec }: Service): boolean {
  return spec?.type !== 'ExternalName' && !!spec?.clusterIP && spec.clusterIP !== 'None'
}

/** Slices name their Service by label, whoever wrote them. */
function groupSlices(slices: readonly EndpointSlice[]): ReadonlyMap<string, readonly EndpointSlice[]> {
  const groups = new Map<string, EndpointSlice[]>()
  for (const slice of slices) {
    const name = slice.metadata.labels?.[Label.kubeServiceName]
    if (name === undefined || slice.addressType !== 'IPv4') continue
    const key = `${slice.metadata.namespace}/${name}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [slice])
    else group.push(slice)
  }
  return groups
}

function virtualPorts(
  service: Service,
  slices: readonly EndpointSlice[],
  config: ServiceTableConfig,
  claimed: Set<string>,
): VirtualPort[] {
  return (service.spec?.ports ?? []).flatMap((port) => {
    const protocol = protocolOf(port)
    if (protocol === undefined) return []
    const frontends = frontendsOf(service, port, config).filter((frontend) =>
      claim(frontend, protocol, claimed),
    )
    const endpoints = endpointsOf(port, slices)
    return [
      { id: portId(service, port), protocol, frontends, endpoints, affinitySeconds: affinityOf(service) },
    ]
  })
}

/** SCTP is not spoken here. */
function protocolOf({ protocol = 'TCP' }: ServicePort): 'tcp' | 'udp' | undefined {
  if (protocol === 'TCP') return 'tcp'
  return protocol === 'UDP' ? 'udp' : undefined
}

function portId(service: Service, port: ServicePort): string {
  return `${keyOf(service)}/${(port.protocol ?? 'TCP').toLowerCase()}/${port.port}`
}

function frontendsOf({ spec }: Service, port: ServicePort, { nodeAddress }: ServiceTableConfig): Target[] {
  const addresses = (spec?.clusterIPs ?? [spec?.clusterIP ?? '']).filter((address) => address.includes('.'))
  const frontends = addresses.map((address) => ({ address, port: port.port }))
  if (spec?.type === 'LoadBalancer') frontends.push({ address: nodeAddress, port: port.port })
  if (port.nodePort !== undefined && port.nodePort > 0) {
    frontends.push({ address: nodeAddress, port: port.nodePort })
  }
  return frontends
}

function claim({ address, port }: Target, protocol: string, claimed: Set<string>): boolean {
  const key = `${protocol} ${address}:${port}`
  if (claimed.has(key) || claimed.has(`${address}:${port}`)) return false
  claimed.add(key)
  return true
}

function affinityOf({ spec }: Service): number | undefined {
  if (spec?.sessionAffinity !== 'ClientIP') return undefined
  return spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? DEFAULT_AFFINITY_SECONDS
}

/** Ready endpoints; when there is none, those that end but still serve (KEP-1669). */
function endpointsOf(port: ServicePort, slices: readonly EndpointSlice[]): readonly Target[] {
  const ready = targets(port, slices, ({ conditions }) => conditions?.ready ?? true)
  if (ready.length > 0) return ready
  return targets(port, slices, ({ conditions }) => !!conditions?.serving && !!conditions.terminating)
}

function targets(
  { name = '', protocol = 'TCP' }: ServicePort,
  slices: readonly EndpointSlice[],
  wanted: (endpoint: Endpoint) => boolean,
): readonly Target[] {
  const found = new Map<string, Target>()
  for (const slice of slices) {
    const port = slice.ports?.find(
      (each) => (each.name ?? '') === name && (each.protocol ?? 'TCP') === protocol,
    )?.port
    if (port === undefined) continue
    for (const endpoint of slice.endpoints ?? []) {
      const address = endpoint.addresses[0]
      if (address !== undefined && wanted(endpoint)) found.set(`${address}:${port}`, { address, port })
    }
  }
  return [...found.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, target]) => target)
}
