/**
 * Names that several processes must agree on: API groups, labels, annotations, ports.
 */

export const MCS_GROUP = 'multicluster.x-k8s.io'
export const ABOUT_GROUP = 'about.k8s.io'
export const FAIRLEAD_GROUP = 'fairlead.dev'

/** Where the default install puts the processes. */
export const SYSTEM_NAMESPACE = 'fairlead-system'

/** DNS zone of the clusterset (KEP-1645). */
export const CLUSTERSET_ZONE = 'clusterset.local'

/** ClusterProperty names (KEP-2149). */
export const ClusterPropertyName = {
  clusterId: 'cluster.clusterset.k8s.io',
  clusterset: 'clusterset.k8s.io',
} as const

export const Label = {
  /** On imported EndpointSlices: the import's name (KEP-1645). */
  serviceName: 'multicluster.kubernetes.io/service-name',
  /** On imported EndpointSlices: the exporting cluster's id (KEP-1645). */
  sourceCluster: 'multicluster.kubernetes.io/source-cluster',
  /** On slices of imports that select clusters: whether flows go to that cluster now (KEP-5939). */
  active: 'multicluster.kubernetes.io/active',
  /** On EndpointSlices: the Service kube-proxy programs from them. */
  kubeServiceName: 'kubernetes.io/service-name',
  /** On EndpointSlices: who writes them. */
  managedBy: 'endpointslice.kubernetes.io/managed-by',
  /** On derived Services, and on slices that only they use: the import's name they serve. */
  derivedFrom: 'fairlead.dev/derived-from',
  /** On derived Services of one endpoint of a headless import: the cluster it is in. */
  endpointCluster: 'fairlead.dev/endpoint-cluster',
  /** On those too: what the record of that cluster calls it. */
  endpoint: 'fairlead.dev/endpoint',
} as const

export const Annotation = {
  /** On the import: the derived Service's name (reference controller, Cilium). */
  derivedService: 'multicluster.kubernetes.io/derived-service',
  /** On exports: header that tells backends who the client is; `v1`, `v2` or `none`. */
  proxyProtocol: 'fairlead.dev/proxy-protocol',
  /** On exports: JSON list of label selectors over ClusterProperties, best clusters first (KEP-5939). */
  clusterSelectors: 'fairlead.dev/cluster-selectors',
  /** On derived Services, and on imports that name it: the global address that stands for them (ADR 17). */
  globalIp: 'fairlead.dev/global-ip',
  /** On the imports of a site without Kubernetes: where its machine listens, `80=8080,53/UDP=5353`. */
  listenPorts: 'fairlead.dev/listen-ports',
} as const

/** Says of GlobalIngressIPs that the controller made them, and may remove them; value MANAGED_BY. */
export const MANAGED_LABEL = 'app.kubernetes.io/managed-by'

/** Value of `endpointslice.kubernetes.io/managed-by` on what we write. */
export const MANAGED_BY = 'fairlead.dev'

/** Environment variables that manifests set where a patch should not repeat all flags. */
export const Env = {
  /** `true`: as the flag `--globalnet`. */
  globalnet: 'FAIRLEAD_GLOBALNET',
  /** `true`: as the flag `--own-namespace`. */
  ownNamespace: 'FAIRLEAD_OWN_NAMESPACE',
} as const

/** Ports of our processes. */
export const Port = {
  /** Router: links of other clusters and control sessions of our own controller, mutual TLS. */
  link: 5671,
  /** Controller of a cluster that holds the root: where invites are redeemed, TLS. */
  join: 9443,
  /** Resolver inside its pod; its Service maps 53 to it. */
  dns: 5353,
  /** /livez, /readyz, /metrics of every process. */
  health: 9090,
  /** The same of the agent, which shares the node's ports. */
  agentHealth: 9091,
  /** Router: documents about the network, for those who know the token. */
  reports: 9092,
} as const

/** Range of router ports that imports own, one per imported service port; first and last included. */
export const LISTEN_PORTS = { first: 20_000, last: 29_999 } as const

/**
 * Source ports that stand for global addresses towards backends, in slots of so many (ADR 17); first and last included.
 * The pods' ephemeral ports lie below.
 */
export const SOURCE_PORTS = { first: 32_768, last: 65_535 } as const
export const SOURCE_SLOT_PORTS = 64

/**
 * Ephemeral ports of router pods with globalnet (`net.ipv4.ip_local_port_range`): clear of the ports that imports own, of
 * those above that stand for addresses, and of our own below.
 */
export const EPHEMERAL_PORTS = { first: 10_000, last: 19_999 } as const

/** ALPN names on the link port. Without ALPN a connection is taken for a data connection. */
export const Alpn = { control: 'fairlead-control/1', data: 'fairlead-data/1' } as const

/** `namespace/name`, the key of a service in records, snapshots and stores. */
export type ServiceKey = `${string}/${string}`

export function serviceKey(namespace: string, name: string): ServiceKey {
  return `${namespace}/${name}`
}

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/

/** Whether it is one label of a DNS name, in lower case (RFC 1123). */
export function isDnsLabel(text: string): boolean {
  return DNS_LABEL.test(text)
}

/** Whether a Service may have that name. The CRD of ServiceExports takes longer ones, and dots. */
export function isServiceName(name: string): boolean {
  return isDnsLabel(name)
}
