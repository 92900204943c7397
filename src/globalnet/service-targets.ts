/**
 * Who stands behind a port of a derived Service, in the manner of kube-proxy. Pure.
 */
import type { Endpoint, EndpointSlice, ServicePort } from '../api/objects.ts'
import { parseAddress } from '../core/ip.ts'

export interface ServiceTarget {
  readonly address: string
  readonly port: number
  /** A router at the port that the import owns, and not a pod of this cluster. */
  readonly isRouter: boolean
}

/** Those that are ready; when there is none, those that end but still serve (KEP-1669). Each once, in order. */
export function serviceTargets(port: ServicePort, slices: readonly EndpointSlice[]): ServiceTarget[] {
  const ready = targetsOf(port, slices, ({ conditions }) => conditions?.ready !== false)
  if (ready.length > 0) return ready
  return targetsOf(
    port,
    slices,
    ({ conditions }) => conditions?.terminating === true && conditions.serving !== false,
  )
}

function targetsOf(
  port: ServicePort,
  slices: readonly EndpointSlice[],
  isWanted: (endpoint: Endpoint) => boolean,
): ServiceTarget[] {
  const found = new Map<string, ServiceTarget>()
  for (const slice of slices.filter(({ addressType }) => addressType === 'IPv4')) {
    const number = portIn(slice, port)
    if (number === undefined) continue
    for (const endpoint of (slice.endpoints ?? []).filter(isWanted)) {
      const target = targetOf(endpoint, number, port)
      if (target !== undefined) found.set(`${target.address}:${target.port}`, target)
    }
  }
  return [...found].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, target]) => target)
}

/** They share name and protocol. */
function portIn(
  { ports = [] }: EndpointSlice,
  { name = '', protocol = 'TCP' }: ServicePort,
): number | undefined {
  return ports.find((each) => (each.name ?? '') === name && (each.protocol ?? 'TCP') === protocol)?.port
}

/** The Service's target port is the one that its import owns; mirrored pods say which pod they are. */
function targetOf(endpoint: Endpoint, port: number, { targetPort }: ServicePort): ServiceTarget | undefined {
  const [address = ''] = endpoint.addresses
  if (parseAddress(address)?.family !== 4) return undefined
  return { address, port, isRouter: port === targetPort && endpoint.targetRef === undefined }
}
