/** The address plan of a lab: a pure function of the mode and the clusters' names. */
import { UsageError } from '../core/errors.ts'
import { LOW_PORT_OFFSET, MAX_CLUSTERS } from './limits.ts'

/** `namespaces`: every cluster in network namespaces. `loopback`: plain processes on 127.0.0.0/8. */
export const LabMode = { namespaces: 'namespaces', loopback: 'loopback' } as const
export type LabMode = (typeof LabMode)[keyof typeof LabMode]

/** The network all clusters share, and the address of the lab's own end of it. */
export const INTERNET = { network: '172.31.0.0/24', gateway: '172.31.0.1', prefix: 24 } as const

/** The same by IPv6. */
export const INTERNET6 = { network: 'fd00:31::/64', gateway: 'fd00:31::1', prefix: 64 } as const

/** IPv6 addresses of one cluster, beside the others. As there, only the node's are its own. */
export interface Ipv6Plan {
  readonly nodeAddress: string
  readonly podNetwork: string
  readonly gateway: string
  readonly serviceNetwork: string
}

/** Addresses of one cluster. In namespaces mode they are the same in every cluster, except the node's. */
export interface ClusterPlan {
  readonly name: string
  /** Position in the lab, from 0. */
  readonly index: number
  /** The node on the shared network: the API server and LoadBalancer Services are reached here. */
  readonly nodeAddress: string
  readonly apiPort: number
  /** Where a real API server asks the node for logs. */
  readonly kubeletPort: number
  readonly podNetwork: string
  /** Addresses the kubelet gives to pods. */
  readonly kubeletRange: AddressRange
  /** Addresses of the client pods of `lab exec`. */
  readonly clientRange: AddressRange
  /** What pods send everything to. */
  readonly gateway: string
  readonly serviceNetwork: string
  /** The `kubernetes` Service. */
  readonly apiServiceAddress: string
  readonly dnsAddress: string
  readonly dnsPort: number
  /** Nobody outside can open a connection to it. */
  readonly private: boolean
  /** Undefined where the lab has no IPv6. */
  readonly ipv6?: Ipv6Plan | undefined
}

/** First and last address, both included. */
export interface AddressRange {
  readonly first: string
  readonly last: string
}

const DNS_PORT = 53
/** The kubelet's port on every Kubernetes node. */
const KUBELET_PORT = 10_250

const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/

/** What may be different from the usual. */
export interface PlanOptions {
  /** Without, DNS has to make do with a high port. Default: true. */
  readonly lowPorts?: boolean
  /** Clusters that can dial others and cannot be dialled. */
  readonly private?: readonly string[]
  /** Without, clusters have IPv4 only, as they have in loopback mode. Default: true. */
  readonly ipv6?: boolean
}

/** Plans of the clusters called `names`. Throws UsageError for names that cannot be used. */
export function planClusters(
  names: readonly string[],
  mode: LabMode,
  { lowPorts = true, private: hidden = [], ipv6 = true }: PlanOptions = {},
): readonly ClusterPlan[] {
  if (names.length === 0) throw new UsageError('name at least one cluster')
  if (names.length > MAX_CLUSTERS) throw new UsageError(`a lab has at most ${MAX_CLUSTERS} clusters`)
  for (const name of names) {
    if (!NAME.test(name)) throw new UsageError(`cluster name "${name}" is not a DNS label such as "east"`)
  }
  if (new Set(names).size !== names.length) throw new UsageError('two clusters have the same name')
  for (const name of hidden) {
    if (!names.includes(name))
      throw new UsageError(`private cluster "${name}" is none of ${names.join(', ')}`)
  }
  if (mode === LabMode.namespaces) {
    return names.map((name, index) => planNamespaces(name, index, hidden.includes(name), ipv6))
  }
  if (hidden.length > 0) throw new UsageError('private clusters need --mode namespaces')
  const dnsPort = lowPorts ? DNS_PORT : DNS_PORT + LOW_PORT_OFFSET
  return names.map((name, index) => planLoopback(name, index, dnsPort))
}

function planNamespaces(name: string, index: number, isPrivate: boolean, ipv6: boolean): ClusterPlan {
  return {
    name,
    index,
    nodeAddress: `172.31.0.${10 + index}`,
    apiPort: 6443,
    kubeletPort: KUBELET_PORT,
    podNetwork: '10.244.0.0/16',
    kubeletRange: { first: '10.244.0.2', last: '10.244.127.254' },
    clientRange: { first: '10.244.128.1', last: '10.244.255.254' },
    gateway: '10.244.0.1',
    serviceNetwork: '10.96.0.0/16',
    apiServiceAddress: '10.96.0.1',
    dnsAddress: '10.96.0.10',
    dnsPort: DNS_PORT,
    private: isPrivate,
    ipv6: ipv6 ? planIpv6(index) : undefined,
  }
}

function planIpv6(index: number): Ipv6Plan {
  return {
    nodeAddress: `fd00:31::${(10 + index).toString(16)}`,
    podNetwork: 'fd00:244::/64',
    gateway: 'fd00:244::1',
    serviceNetwork: 'fd00:96::/112',
  }
}

/** The node on the shared network, its main address first. */
export function nodeAddresses({ nodeAddress, ipv6 }: ClusterPlan): readonly string[] {
  return ipv6 === undefined ? [nodeAddress] : [nodeAddress, ipv6.nodeAddress]
}

/** Addresses of Services as API servers are told them. */
export function serviceNetworks({ serviceNetwork, ipv6 }: ClusterPlan): string {
  return ipv6 === undefined ? serviceNetwork : `${serviceNetwork},${ipv6.serviceNetwork}`
}

/** The IPv6 address of the pod with this address: its last two bytes behind the IPv6 network of pods. */
export function podIpv6(
  { ipv6 }: ClusterPlan,
  address: string,
): { readonly address: string; readonly gateway: string } | undefined {
  if (ipv6 === undefined) return undefined
  const [, , high = 0, low = 0] = address.split('.').map(Number)
  return { address: `fd00:244::${(high * 256 + low).toString(16)}`, gateway: ipv6.gateway }
}

/** All of 127.0.0.0/8 is ours without any set-up, so each cluster takes one 127.x.0.0/16 of it. */
function planLoopback(name: string, index: number, dnsPort: number): ClusterPlan {
  const base = `127.${10 + index}`
  return {
    name,
    index,
    nodeAddress: `${base}.255.1`,
    apiPort: 6443,
    kubeletPort: KUBELET_PORT,
    podNetwork: `${base}.0.0/17`,
    kubeletRange: { first: `${base}.0.2`, last: `${base}.127.254` },
    clientRange: { first: `${base}.0.1`, last: `${base}.0.1` },
    gateway: `${base}.0.1`,
    serviceNetwork: `${base}.128.0/18`,
    apiServiceAddress: `${base}.128.1`,
    dnsAddress: `${base}.128.10`,
    dnsPort,
    private: false,
  }
}
