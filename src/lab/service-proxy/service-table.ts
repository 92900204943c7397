/**
 * What Services mean for packets: which address and port stands for which endpoints. A pure function of Services and
 * EndpointSlices, in the manner of kube-proxy; nftables rules and the loopback proxy are both made from it.
 */
import { isIPv6 } from 'node:net'
import { Label } from '../../api/names.ts'
import type { Endpoint, EndpointSlice, IPFamily, Service, ServicePort } from '../../api/objects.ts'

/** An address and a port. */
export interface Target {
  readonly address: string
  readonly port: number
}

/** One port of one Service in one family of addresses. */
export interface VirtualPort {
  /** `namespace/name/protocol/port`, with `/6` behind it for IPv6 and `/outside`: unique, stable, and telling. */
  readonly id: string
  readonly family: IPFamily
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
  /** Of the node that these rules are for. */
  readonly nodeName: string
  /** They stand for LoadBalancer Services and node ports. */
  readonly nodeAddresses: readonly string[]
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
  const ports = [...services].sort(byAge).flatMap((service) =>
    FAMILIES.filter((family) => clusterAddresses(service, family).length > 0).flatMap((family) => {
      const own = byService.get(`${keyOf(service)} ${family}`) ?? []
      return virtualPorts(service, family, own, config, claimed)
    }),
  )
  return ports.sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** True when every port of a LoadBalancer Service got this address of the node. */
export function loadBalancerServed(service: Service, table: ServiceTable, nodeAddress: string): boolean {
  return (service.spec?.ports ?? []).every((port) => {
    const id = portId(service, port, familyOf(nodeAddress))
    return table
      .filter((entry) => entry.id === id || entry.id === `${id}${OUTSIDE}`)
      .some(({ frontends }) =>
        frontends.some((each) => each.address === nodeAddress && each.port === port.port),
      )
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

const FAMILIES: readonly IPFamily[] = ['IPv4', 'IPv6']

function familyOf(address: string): IPFamily {
  return isIPv6(address) ? 'IPv6' : 'IPv4'
}

/** Headless and ExternalName Services have none: they are DNS' business. */
function clusterAddresses({ spec }: Service, family: IPFamily): readonly string[] {
  if (spec?.type === 'ExternalName' || !spec?.clusterIP || spec.clusterIP === 'None') return []
  return (spec.clusterIPs ?? [spec.clusterIP]).filter((address) => familyOf(address) === family)
}

/** By Service and family. Slices name their Service by label, whoever wrote them. */
function groupSlices(slices: readonly EndpointSlice[]): ReadonlyMap<string, readonly EndpointSlice[]> {
  const groups = new Map<string, EndpointSlice[]>()
  for (const slice of slices) {
    const name = slice.metadata.labels?.[Label.kubeServiceName]
    if (name === undefined) continue
    const key = `${slice.metadata.namespace}/${name} ${slice.addressType}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [slice])
    else group.push(slice)
  }
  return groups
}

function virtualPorts(
  service: Service,
  family: IPFamily,
  slices: readonly EndpointSlice[],
  config: ServiceTableConfig,
  claimed: Set<string>,
): VirtualPort[] {
  return (service.spec?.ports ?? []).flatMap((port) => {
    const protocol = protocolOf(port)
    if (protocol === undefined) return []
    const id = portId(service, port, family)
    const common = { family, protocol, affinitySeconds: affinityOf(service) } as const
    return sides(service, port, family, slices, config).map((side) => ({
      ...common,
      id: `${id}${side.suffix}`,
      frontends: side.frontends.filter((frontend) => claim(frontend, protocol, claimed)),
      endpoints: endpointsOf(port, side.slices),
    }))
  })
}

/** Follows the id of a port's outside where that has other endpoints than its inside. */
const OUTSIDE = '/outside'

/** Where clients connect to, with the endpoints they reach from there: by the traffic policies all, or those of the node. */
function sides(
  service: Service,
  port: ServicePort,
  family: IPFamily,
  slices: readonly EndpointSlice[],
  { nodeName, nodeAddresses }: ServiceTableConfig,
) {
  const { internalTrafficPolicy, externalTrafficPolicy } = service.spec ?? {}
  const own = nodeAddresses.filter((address) => familyOf(address) === family)
  const inside = at(clusterAddresses(service, family), port.port)
  const outside = outsideOf(service, port, own)
  const seenBy = (policy: string | undefined) => (policy === 'Local' ? onNode(slices, nodeName) : slices)
  if (internalTrafficPolicy === externalTrafficPolicy || outside.length === 0)
    return [{ suffix: '', frontends: [...inside, ...outside], slices: seenBy(internalTrafficPolicy) }]
  return [
    { suffix: '', frontends: inside, slices: seenBy(internalTrafficPolicy) },
    { suffix: OUTSIDE, frontends: outside, slices: seenBy(externalTrafficPolicy) },
  ]
}

function onNode(slices: readonly EndpointSlice[], nodeName: string): readonly EndpointSlice[] {
  return slices.map((slice) => ({
    ...slice,
    endpoints: (slice.endpoints ?? []).filter((endpoint) => endpoint.nodeName === nodeName),
  }))
}

function outsideOf({ spec }: Service, { port, nodePort = 0 }: ServicePort, own: readonly string[]): Target[] {
  return [...(spec?.type === 'LoadBalancer' ? at(own, port) : []), ...(nodePort > 0 ? at(own, nodePort) : [])]
}

function at(addresses: readonly string[], port: number): Target[] {
  return addresses.map((address) => ({ address, port }))
}

/** SCTP is not spoken here. */
function protocolOf({ protocol = 'TCP' }: ServicePort): 'tcp' | 'udp' | undefined {
  if (protocol === 'TCP') return 'tcp'
  return protocol === 'UDP' ? 'udp' : undefined
}

function portId(service: Service, port: ServicePort, family: IPFamily): string {
  const id = `${keyOf(service)}/${(port.protocol ?? 'TCP').toLowerCase()}/${port.port}`
  return family === 'IPv6' ? `${id}/6` : id
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
