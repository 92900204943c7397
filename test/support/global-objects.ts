/**
 * Kubernetes objects of the globalnet tests: pods of every kind that has a global source address of its own kind, on both
 * nodes of a cluster. Each serves and asks (global-peer.mjs). Names of services end in that of their cluster.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { peerDeployment, peerPod, peerService, serviceExport } from './peer-objects.ts'
import { ROOT } from './source-tree.ts'

export const CLUSTERS = ['east', 'west'] as const
export type ClusterName = (typeof CLUSTERS)[number]

/** Namespace that has a GlobalEgressIP for all of its pods. */
export const OWN_NAMESPACE = 'own'

/** Ports of every pod. */
export const PEER_PORTS = { control: 7400, tcp: 7401, udp: 7402 } as const

export const SCRIPT = 'global-peer.mjs'

export const nodesOf = (cluster: ClusterName) => [`${cluster}-node`, `${cluster}-node-2`] as const

/** Namespaces, with the script in each. */
export async function namespaces(): Promise<object[]> {
  const text = await readFile(join(ROOT, 'test/support', SCRIPT), 'utf8')
  return ['demo', OWN_NAMESPACE].flatMap((namespace) => [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'peer', namespace }, data: { [SCRIPT]: text } },
  ])
}

/** Of all pods, without what a Deployment adds. */
export const POD_NAMES = ['near', 'far', 'picked', 'own', 'host-0', 'host-1', 'web', 'ring-0', 'ring-1']

/** Everything but what needs fairlead's own kinds. */
export function workloads(cluster: ClusterName): object[] {
  const [first, second] = nodesOf(cluster)
  const ports = servicePorts()
  return [
    client('near', first),
    client('far', second),
    client('picked', first, { labels: { egress: 'picked' } }),
    client('own', second, { namespace: OWN_NAMESPACE }),
    ...[first, second].map((node, at) => onTheNode(`host-${at}`, node)),
    webServer(first),
    ring(`ring-${cluster}`),
    peerService(`web-${cluster}`, 'web', ports),
    peerService(`host-${cluster}`, 'host', ports),
    peerService(`ring-${cluster}`, 'ring', ports, { clusterIP: 'None' }),
  ]
}

/** A TCP and a UDP port. */
export function servicePorts(tcp: number = PEER_PORTS.tcp, udp: number = PEER_PORTS.udp) {
  return [
    { port: tcp, targetPort: PEER_PORTS.tcp },
    { port: udp, targetPort: PEER_PORTS.udp, protocol: 'UDP' as const },
  ]
}

/** The server, on one node. */
export function webServer(nodeName: string): object {
  const spec = { nodeName, terminationGracePeriodSeconds: 1 }
  return peerDeployment({ name: 'web', script: SCRIPT, port: PEER_PORTS.tcp, spec })
}

/** Exports, and who has which source addresses. */
export function meshObjects(cluster: ClusterName): object[] {
  return [
    ...['web', 'host', 'ring'].map((name) => serviceExport(`${name}-${cluster}`)),
    egress(OWN_NAMESPACE, 'all', { count: 2 }),
    egress('demo', 'picked', { count: 1, podSelector: { matchLabels: { egress: 'picked' } } }),
  ]
}

export function egress(namespace: string, name: string, spec: object): object {
  return { apiVersion: 'fairlead.dev/v1alpha1', kind: 'GlobalEgressIP', metadata: { name, namespace }, spec }
}

interface More {
  readonly namespace?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly spec?: object
  readonly container?: object
}

function client(name: string, nodeName: string, more: More = {}): object {
  const pod = peerPod({
    name,
    script: SCRIPT,
    port: PEER_PORTS.tcp,
    spec: { nodeName, terminationGracePeriodSeconds: 1, ...more.spec },
    ...(more.container && { container: more.container }),
  })
  const metadata = { name, namespace: more.namespace ?? 'demo', labels: more.labels ?? { app: name } }
  return { ...pod, metadata }
}

/** It may read and change what its node has of routes, addresses and rules. */
function onTheNode(name: string, nodeName: string): object {
  return client(name, nodeName, {
    labels: { app: 'host' },
    spec: { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' },
    container: { securityContext: { runAsUser: 0, capabilities: { add: ['NET_ADMIN'] } } },
  })
}

/** Two pods, each on a node of its own. */
function ring(serviceName: string): object {
  const topologySpreadConstraints = [
    {
      maxSkew: 1,
      topologyKey: 'kubernetes.io/hostname',
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: { matchLabels: { app: 'ring' } },
    },
  ]
  const { spec, ...deployment } = peerDeployment({
    name: 'ring',
    script: SCRIPT,
    port: PEER_PORTS.tcp,
    replicas: 2,
    spec: { topologySpreadConstraints, terminationGracePeriodSeconds: 1 },
  }) as { spec: object }
  return {
    ...deployment,
    kind: 'StatefulSet',
    spec: { ...spec, serviceName, podManagementPolicy: 'Parallel' },
  }
}
