/** The addresses of one node of a cluster, and of the pods that run there. Pure. */

/** The network all nodes of all clusters share, and the address of the lab's own end of it. */
export const INTERNET = { network: '172.31.0.0/20', gateway: '172.31.0.1', prefix: 20 } as const

/** The same by IPv6. */
export const INTERNET6 = { network: 'fd00:31::/64', gateway: 'fd00:31::1', prefix: 64 } as const

export interface NodePlan {
  /** As Kubernetes knows it. */
  readonly name: string
  /** Position in its cluster, from 0. */
  readonly index: number
  /** On the shared network: node ports and LoadBalancer Services are reached here. */
  readonly address: string
  /** Its part of the cluster's pod network. */
  readonly podNetwork: string
  /** Addresses the kubelet gives to pods. */
  readonly kubeletRange: AddressRange
  /** Addresses of the client pods of `lab exec`. */
  readonly clientRange: AddressRange
  /** What pods send everything to. */
  readonly gateway: string
  /** Undefined where the lab has no IPv6. */
  readonly ipv6?: Ipv6Plan | undefined
}

/** IPv6 addresses beside the others. */
export interface Ipv6Plan {
  readonly address: string
  readonly podNetwork: string
  readonly gateway: string
}

/** First and last address, both included. */
export interface AddressRange {
  readonly first: string
  readonly last: string
}

/** Nodes of the cluster at `index` of a lab. A single one has the whole pod network, several have a 16th each. */
export function planNodes(
  cluster: string,
  index: number,
  { nodes, ipv6 }: { readonly nodes: number; readonly ipv6: boolean },
): [NodePlan, ...NodePlan[]] {
  const plan = (node: number): NodePlan => ({
    name: nodeName(cluster, node),
    index: node,
    address: `172.31.${node}.${10 + index}`,
    ...(nodes === 1 ? WHOLE : partOf(node)),
    ipv6: ipv6 ? ipv6Of(index, node, nodes) : undefined,
  })
  return [plan(0), ...Array.from({ length: nodes - 1 }, (_, at) => plan(at + 1))]
}

function nodeName(cluster: string, node: number): string {
  return node === 0 ? `${cluster}-node` : `${cluster}-node-${node + 1}`
}

const WHOLE = {
  podNetwork: '10.244.0.0/16',
  kubeletRange: { first: '10.244.0.2', last: '10.244.127.254' },
  clientRange: { first: '10.244.128.1', last: '10.244.255.254' },
  gateway: '10.244.0.1',
} as const

function partOf(node: number) {
  const third = 16 * node
  return {
    podNetwork: `10.244.${third}.0/20`,
    kubeletRange: { first: `10.244.${third}.2`, last: `10.244.${third + 7}.254` },
    clientRange: { first: `10.244.${third + 8}.1`, last: `10.244.${third + 15}.254` },
    gateway: `10.244.${third}.1`,
  }
}

/** Its last two groups are the last two numbers of the other address. */
function ipv6Of(index: number, node: number, nodes: number): Ipv6Plan {
  const host = (10 + index).toString(16)
  const part = node === 0 ? '' : `${node.toString(16)}000`
  return {
    address: node === 0 ? `fd00:31::${host}` : `fd00:31::${node.toString(16)}:${host}`,
    podNetwork: nodes === 1 ? 'fd00:244::/64' : `fd00:244::${part}/116`,
    gateway: node === 0 ? 'fd00:244::1' : `fd00:244::${node.toString(16)}001`,
  }
}

/** The only node of a cluster in loopback mode, of 127.x (`base`). */
export function planLoopbackNode(cluster: string, base: string): NodePlan {
  return {
    name: nodeName(cluster, 0),
    index: 0,
    address: `${base}.255.1`,
    podNetwork: `${base}.0.0/17`,
    kubeletRange: { first: `${base}.0.2`, last: `${base}.127.254` },
    clientRange: { first: `${base}.0.1`, last: `${base}.0.1` },
    gateway: `${base}.0.1`,
  }
}

/** The node on the shared network, its main address first. */
export function addressesOf({ address, ipv6 }: NodePlan): readonly string[] {
  return ipv6 === undefined ? [address] : [address, ipv6.address]
}

/** The IPv6 address of the node's pod with this address: its last two numbers behind the IPv6 network of pods. */
export function podIpv6(
  { ipv6 }: NodePlan,
  address: string,
): { readonly address: string; readonly gateway: string } | undefined {
  if (ipv6 === undefined) return undefined
  const [, , high = 0, low = 0] = address.split('.').map(Number)
  return { address: `fd00:244::${(high * 256 + low).toString(16)}`, gateway: ipv6.gateway }
}
