/**
 * What a node translates, from the objects that say it. Pure: whoever may write such objects is not trusted with more
 * than the addresses of the global range, and what cannot be used is told as a problem.
 */

import type { GlobalIngressIP, GlobalNetwork } from '../api/globalnet.ts'
import { Annotation, Label } from '../api/names.ts'
import type { EndpointSlice, KubeObject, Pod, Service, ServicePort } from '../api/objects.ts'
import { type Cidr, parseCidr } from '../core/cidr.ts'
import { parseAddress } from '../core/ip.ts'
import { claimantsOf, type GlobalClaimant } from './global-claimants.ts'
import { GLOBALS_MAX, PODS_MAX, ROUTERS_MAX, TARGETS_MAX } from './nat-limits.ts'
import { GlobalKind, type NatGlobal, type NatInput, type NatTarget } from './nat-plan.ts'
import { type ServiceTarget, serviceTargets } from './service-targets.ts'

/** Everything that the input is made from. */
export interface NatObjects {
  /** Derived Services; those without a global address are left out. */
  readonly services: readonly Service[]
  /** Slices of derived Services. */
  readonly slices: readonly EndpointSlice[]
  readonly ingressIps: readonly GlobalIngressIP[]
  /** Pods of this node. */
  readonly pods: readonly Pod[]
  /** Slices of the routers' Service. */
  readonly routerSlices: readonly EndpointSlice[]
  readonly network: GlobalNetwork | undefined
}

/** All but the slots, which change far more often than the rest and are added by `source-slots.ts`. */
export type NatBase = Omit<NatInput, 'sources'>

export interface AssembledBase {
  readonly base: NatBase
  /** What is left out, and why; each in the same words every time. */
  readonly problems: readonly string[]
}

/** What one node translates. */
export function assembleNatBase(objects: NatObjects): AssembledBase {
  const problems: string[] = []
  const ranges = rangesOf(objects.network, problems)
  const routers = routersOf(objects.routerSlices)
  const claimants = claimantsOf([...derived(objects), ...local(objects.ingressIps)], ranges, problems)
  const base = {
    globals: bounded(
      claimants.flatMap(({ globals }) => globals.filter(hasSoundPorts)),
      GLOBALS_MAX,
      'global ports',
      problems,
    ),
    routers: {
      ready: bounded(routers.ready, ROUTERS_MAX, 'ready routers', problems),
      all: bounded(routers.all, ROUTERS_MAX, 'routers', problems),
    },
    localPods: bounded(podAddresses(objects.pods), PODS_MAX, 'pods', problems),
    ranges,
  }
  return { base, problems }
}

/**
 * What is wanted is not enough: a range that has the addresses of pods or of the API server in it would cut the node off,
 * and with it whoever could mend that.
 */
function rangesOf(network: GlobalNetwork | undefined, problems: string[]): Cidr[] {
  const text = network?.status?.range
  if (text === undefined) return []
  const range = parseCidr(text)
  if (range?.family === 4) return [range]
  problems.push(`GlobalNetwork: its range ${text} is no block of IPv4 addresses`)
  return []
}

/** Derived Services that have a global address. */
function derived({ services, slices }: NatObjects): GlobalClaimant[] {
  const byService = Map.groupBy(
    slices,
    ({ metadata }) => `${metadata.namespace}/${metadata.labels?.[Label.kubeServiceName]}`,
  )
  return services.flatMap((service) => {
    const address = service.metadata.annotations?.[Annotation.globalIp]
    if (address === undefined || service.metadata.labels?.[Label.derivedFrom] === undefined) return []
    const mine = byService.get(`${service.metadata.namespace}/${service.metadata.name}`) ?? []
    const globals = (service.spec?.ports ?? []).flatMap((port) => serviceGlobals(address, port, mine))
    return [{ ...claimantOf('Service', service), address, globals }]
  })
}

function serviceGlobals(address: string, port: ServicePort, slices: readonly EndpointSlice[]): NatGlobal[] {
  const protocol = protocolOf(port.protocol)
  if (protocol === undefined) return []
  const targets = serviceTargets(port, slices)
  const kind =
    targets.length > 0 && targets.every(({ isRouter }) => isRouter) ? GlobalKind.routed : GlobalKind.direct
  return [{ address, protocol, port: port.port, kind, targets: targets.slice(0, TARGETS_MAX).map(addressed) }]
}

function addressed({ address, port }: ServiceTarget): NatTarget {
  return { address, port }
}

/** Headless endpoints of this cluster: whoever connects from this cluster goes straight to the pod. */
function local(ingressIps: readonly GlobalIngressIP[]): GlobalClaimant[] {
  return ingressIps.flatMap((object) => {
    const { allocatedIP: address, endpoint } = object.status ?? {}
    if (object.spec?.target?.kind !== 'Endpoint' || address === undefined || endpoint === undefined) return []
    const globals = (endpoint.ports ?? []).flatMap(({ protocol: name, port, targetPort }): NatGlobal[] => {
      const protocol = protocolOf(name)
      if (protocol === undefined) return []
      const targets = isV4(endpoint.address) ? [{ address: endpoint.address, port: targetPort }] : []
      return [{ address, protocol, port, kind: GlobalKind.direct, targets }]
    })
    return [{ ...claimantOf('GlobalIngressIP', object), address, globals }]
  })
}

function claimantOf(kind: string, { metadata }: KubeObject): { name: string; since: string } {
  return { name: `${kind} ${metadata.namespace}/${metadata.name}`, since: metadata.creationTimestamp ?? '' }
}

/** SCTP is not carried. */
function protocolOf(protocol: string | undefined = 'TCP'): 'tcp' | 'udp' | undefined {
  if (protocol === 'TCP') return 'tcp'
  return protocol === 'UDP' ? 'udp' : undefined
}

function routersOf(slices: readonly EndpointSlice[]): NatInput['routers'] {
  const endpoints = slices
    .filter(({ addressType }) => addressType === 'IPv4')
    .flatMap((slice) => slice.endpoints ?? [])
  const addressesOf = (list: typeof endpoints) =>
    [...new Set(list.flatMap(({ addresses }) => addresses.slice(0, 1)))].filter(isV4).sort()
  return {
    ready: addressesOf(endpoints.filter(({ conditions }) => conditions?.ready !== false)),
    all: addressesOf(endpoints),
  }
}

/** What becomes text of a transaction is checked, whoever should have checked it before. */
function hasSoundPorts({ port, targets }: NatGlobal): boolean {
  const numbers = [port, ...targets.map((target) => target.port)]
  return numbers.every((number) => Number.isInteger(number) && number > 0 && number <= 65_535)
}

/** Pods on the node's network have its address, and those that ended have given theirs back. */
function podAddresses(pods: readonly Pod[]): string[] {
  return pods
    .filter(
      ({ spec, status }) =>
        spec?.hostNetwork !== true && status?.phase !== 'Succeeded' && status?.phase !== 'Failed',
    )
    .flatMap(({ status }) => status?.podIPs?.map(({ ip }) => ip) ?? [status?.podIP ?? ''])
    .filter(isV4)
}

function isV4(text: string): boolean {
  return parseAddress(text)?.family === 4
}

function bounded<T>(list: readonly T[], max: number, what: string, problems: string[]): readonly T[] {
  if (list.length > max) problems.push(`more than ${max} ${what}: the others are left out`)
  return list.slice(0, max)
}
