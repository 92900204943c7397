/**
 * The EndpointSlices in which DNS finds the remote endpoints of a headless import: each by its host name, at the cluster
 * IP of its derived Service. Pure. An endpoint stays in the slice it is in, so that a change of one rewrites one.
 */
import { isIPv6 } from 'node:net'
import type { MergedPort } from '../api/merged-ports.ts'
import type { Endpoint, EndpointPort, EndpointSlice, OwnerReference } from '../api/objects.ts'
import { byNaturalOrder } from './headless-endpoints.ts'
import { hostSlicePrefix, sliceLabels } from './import-names.ts'
import { HOSTS_PER_SLICE } from './limits.ts'
import type { MergedService } from './service-merge.ts'

/** A remote endpoint with its address in this cluster. */
export interface Host {
  readonly cluster: string
  readonly hostname: string
  readonly address: string
  /** New flows may go there. */
  readonly offered: boolean
  /** Whether it is ready in its own cluster. */
  readonly ready: boolean
  /** The ports it is reached at. */
  readonly ports: readonly MergedPort[]
}

export interface HostSliceInputs {
  readonly merged: MergedService
  readonly hosts: readonly Host[]
  /** The slices that the import has now, these and others. */
  readonly existing: readonly EndpointSlice[]
  readonly owner: OwnerReference
}

/** What hosts of one slice share. */
interface Kind {
  readonly cluster: string
  readonly addressType: 'IPv4' | 'IPv6'
  readonly ports: EndpointPort[]
}

/** The slices of all hosts, each with those of one cluster, one family and one list of ports. */
export function hostSlices(inputs: HostSliceInputs): EndpointSlice[] {
  const kinds = Map.groupBy(inputs.hosts, (host) => JSON.stringify(kindOf(host)))
  return [...kinds].flatMap(([text, hosts]) => slicesOfKind(text, hosts, inputs))
}

function kindOf({ cluster, address, ports }: Host): Kind {
  return {
    cluster,
    addressType: isIPv6(address) ? 'IPv6' : 'IPv4',
    ports: ports.map(({ name, protocol, port, appProtocol }) => ({
      name,
      protocol,
      port,
      ...(appProtocol === undefined ? {} : { appProtocol }),
    })),
  }
}

function slicesOfKind(
  text: string,
  hosts: readonly Host[],
  { merged, existing, owner }: HostSliceInputs,
): EndpointSlice[] {
  const { cluster, addressType, ports } = JSON.parse(text) as Kind
  const prefix = hostSlicePrefix(merged.key, text)
  const byAddress = new Map(hosts.map((host) => [host.address, host]))
  const packed = packAddresses([...byAddress.keys()], addressesBefore(existing, prefix, cluster))
  return [...packed].map(([number, addresses]) => ({
    metadata: {
      name: `${prefix}${number}-${cluster}`,
      namespace: merged.namespace,
      labels: sliceLabels(merged, cluster, false),
      ownerReferences: [owner],
    },
    addressType,
    endpoints: addresses
      .flatMap((address) => byAddress.get(address) ?? [])
      .sort(byHostname)
      .map(endpointOf),
    ports,
  }))
}

function byHostname(left: Host, right: Host): number {
  return byNaturalOrder(left.hostname, right.hostname) || byNaturalOrder(left.address, right.address)
}

/** `serving` keeps what its cluster says of it, for when that cluster is not known. */
function endpointOf({ address, hostname, offered, ready }: Host): Endpoint {
  return {
    addresses: [address],
    conditions: { ready: offered, serving: ready, terminating: false },
    hostname,
  }
}

/** Which addresses each slice of the kind has now, by its number. */
function addressesBefore(
  existing: readonly EndpointSlice[],
  prefix: string,
  cluster: string,
): Map<number, readonly string[]> {
  const before = new Map<number, readonly string[]>()
  for (const { metadata, endpoints } of existing) {
    const { name = '' } = metadata
    if (!name.startsWith(prefix) || !name.endsWith(`-${cluster}`)) continue
    const number = name.slice(prefix.length, -cluster.length - 1)
    if (!/^\d{1,4}$/.test(number)) continue
    before.set(
      Number(number),
      (endpoints ?? []).flatMap(({ addresses }) => addresses.slice(0, 1)),
    )
  }
  return before
}

/**
 * Distributes addresses over numbered slices: what is in one stays there, what is new goes where there is room, and to
 * new slices when there is none. Slices that would be empty are left out.
 */
export function packAddresses(
  addresses: readonly string[],
  before: ReadonlyMap<number, readonly string[]>,
): Map<number, string[]> {
  const left = new Set(addresses)
  const packed = new Map<number, string[]>()
  for (const [number, present] of [...before].sort(([first], [second]) => first - second)) {
    const staying = [...new Set(present)].filter((address) => left.has(address)).slice(0, HOSTS_PER_SLICE)
    for (const address of staying) left.delete(address)
    packed.set(number, staying)
  }
  for (let number = 0; left.size > 0; number++) {
    const slice = packed.get(number) ?? []
    for (const address of [...left].slice(0, HOSTS_PER_SLICE - slice.length)) {
      slice.push(address)
      left.delete(address)
    }
    packed.set(number, slice)
  }
  return new Map([...packed].filter(([, present]) => present.length > 0))
}
