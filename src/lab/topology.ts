/** The address plan of a lab: a pure function of the mode, the clusters' names and how many nodes each has. */
import { UsageError } from '../core/errors.ts'
import { LOW_PORT_OFFSET, MAX_CLUSTERS, MAX_NODES } from './limits.ts'
import { type AddressRange, type NodePlan, planLoopbackNode, planNodes } from './node-plan.ts'

/** `namespaces`: every cluster in network namespaces. `loopback`: plain processes on 127.0.0.0/8. */
export const LabMode = { namespaces: 'namespaces', loopback: 'loopback' } as const
export type LabMode = (typeof LabMode)[keyof typeof LabMode]

export type { AddressRange, NodePlan }

/** Addresses of one cluster. In namespaces mode they are the same in every cluster, except the nodes'. */
export interface ClusterPlan {
  readonly name: string
  /** Position in the lab, from 0. */
  readonly index: number
  /** The first one has the control plane, and is the only one in loopback mode. */
  readonly nodes: readonly [NodePlan, ...NodePlan[]]
  /** The first node's: the API server is reached here. */
  readonly nodeAddress: string
  readonly apiPort: number
  /** Where a real API server asks a node for logs. */
  readonly kubeletPort: number
  /** All pods of the cluster. */
  readonly podNetwork: string
  readonly serviceNetwork: string
  /** The `kubernetes` Service. */
  readonly apiServiceAddress: string
  readonly dnsAddress: string
  readonly dnsPort: number
  /** Nobody outside can open a connection to it. */
  readonly private: boolean
  /** Undefined where the lab has no IPv6. */
  readonly ipv6?: { readonly podNetwork: string; readonly serviceNetwork: string } | undefined
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
  /** Nodes of each cluster. Default: 1. */
  readonly nodes?: number
}

/** Plans of the clusters called `names`. Throws UsageError for names that cannot be used. */
export function planClusters(
  names: readonly string[],
  mode: LabMode,
  { lowPorts = true, private: hidden = [], ipv6 = true, nodes = 1 }: PlanOptions = {},
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
  if (nodes < 1 || nodes > MAX_NODES) throw new UsageError(`a cluster has 1 to ${MAX_NODES} nodes`)
  if (mode === LabMode.namespaces) {
    return names.map((name, index) => planNamespaces(name, index, hidden.includes(name), { ipv6, nodes }))
  }
  if (hidden.length > 0) throw new UsageError('private clusters need --mode namespaces')
  if (nodes > 1) {
    throw new UsageError('clusters of several nodes need --mode namespaces: loopback mode has no networks')
  }
  const dnsPort = lowPorts ? DNS_PORT : DNS_PORT + LOW_PORT_OFFSET
  return names.map((name, index) => planLoopback(name, index, dnsPort))
}

function planNamespaces(
  name: string,
  index: number,
  isPrivate: boolean,
  options: { readonly ipv6: boolean; readonly nodes: number },
): ClusterPlan {
  const nodes = planNodes(name, index, options)
  return {
    name,
    index,
    nodes,
    nodeAddress: nodes[0].address,
    apiPort: 6443,
    kubeletPort: KUBELET_PORT,
    podNetwork: '10.244.0.0/16',
    serviceNetwork: '10.96.0.0/16',
    apiServiceAddress: '10.96.0.1',
    dnsAddress: '10.96.0.10',
    dnsPort: DNS_PORT,
    private: isPrivate,
    ipv6: options.ipv6 ? { podNetwork: 'fd00:244::/64', serviceNetwork: 'fd00:96::/112' } : undefined,
  }
}

/** All of 127.0.0.0/8 is ours without any set-up, so each cluster takes one 127.x.0.0/16 of it. */
function planLoopback(name: string, index: number, dnsPort: number): ClusterPlan {
  const base = `127.${10 + index}`
  const node = planLoopbackNode(name, base)
  return {
    name,
    index,
    nodes: [node],
    nodeAddress: node.address,
    apiPort: 6443,
    kubeletPort: KUBELET_PORT,
    podNetwork: node.podNetwork,
    serviceNetwork: `${base}.128.0/18`,
    apiServiceAddress: `${base}.128.1`,
    dnsAddress: `${base}.128.10`,
    dnsPort,
    private: false,
  }
}

/** Addresses of all nodes: IPv4 first, and of each family the first node's first. */
export function clusterAddresses({ nodes }: ClusterPlan): readonly string[] {
  const sixes = nodes.flatMap(({ ipv6 }) => (ipv6 === undefined ? [] : [ipv6.address]))
  return [...nodes.map(({ address }) => address), ...sixes]
}

/** Addresses of Services as API servers are told them. */
export function serviceNetworks({ serviceNetwork, ipv6 }: ClusterPlan): string {
  return ipv6 === undefined ? serviceNetwork : `${serviceNetwork},${ipv6.serviceNetwork}`
}
