/** One node of a lab cluster, put together: watches, kubelet, Service addresses, controllers, DNS. */
import { readFile } from 'node:fs/promises'
import { Lifecycle, type Startable } from '../../core/lifecycle.ts'
import { createKubeClient } from '../../kube/client.ts'
import { type CredentialSource, loadKubeContext } from '../../kube/credentials.ts'
import { EventRecorder } from '../../kube/events.ts'
import type { WatchingKubeClient } from '../../kube/types.ts'
import { createClusterDns } from '../cluster-dns/cluster-dns.ts'
import { clusterControllers } from '../controllers/cluster-controllers.ts'
import { Kubelet } from '../kubelet/kubelet.ts'
import { KubeletServer } from '../kubelet/kubelet-server.ts'
import type { LabPod } from '../kubelet/pod.ts'
import { TokenSource } from '../kubelet/token-source.ts'
import { addressesOf } from '../node-plan.ts'
import { kubeletBridge } from '../real-api/bridges.ts'
import { Scheduler } from '../scheduler/scheduler.ts'
import { LoadBalancerStatus } from '../service-proxy/load-balancer-status.ts'
import { ServiceProxy } from '../service-proxy/service-proxy.ts'
import { clusterAddresses } from '../topology.ts'
import type { NodeConfig, NodeDeps, NodePlatform } from './node-platform.ts'
import { NodeRegistration } from './node-registration.ts'
import { type NodeWatches, nodeWatches } from './node-watches.ts'

/** What `kubectl get nodes` calls our version: that of the API the lab follows. */
const KUBELET_VERSION = 'v1.34.0'

/** What every part of a node may use. */
interface NodeParts extends NodeDeps {
  readonly client: WatchingKubeClient
  readonly credentials: CredentialSource
  readonly watches: NodeWatches
}

/** All parts of the node, in the order they start. */
export async function createNode(
  deps: NodeDeps,
  config: NodeConfig,
  platform: NodePlatform,
): Promise<Startable> {
  const { clock, log } = deps
  const { plan, node, files } = config
  const cluster = files.cluster(plan.name)
  const credentials = await loadKubeContext({ kubeconfig: cluster.nodeKubeconfig })
  const client = createKubeClient(credentials, clock)
  const watches = nodeWatches({ client, clock, log })
  const parts = { clock, log, client, credentials, watches }
  const registration = new NodeRegistration(parts, {
    region: plan.name,
    node,
    kubeletPort: plan.kubeletPort,
    version: KUBELET_VERSION,
  })
  const proxy = serviceProxy(parts, config, platform)
  const events = new EventRecorder(parts, { controller: 'lab-node', instance: node.name })
  const kubelet = createKubelet(parts, config, platform, events)
  const { portOf = (port: number) => port } = platform
  const dns = createClusterDns(parts, {
    host: plan.dnsAddress,
    port: plan.dnsPort,
    clusterAddress: plan.dnsAddress,
    reach: ({ host, port }) => ({ host, port: portOf(port) }),
  })
  const notReady = (): readonly string[] => [
    ...dns.notReady(),
    ...watches.all.filter((store) => !store.synced).map(() => 'watches'),
    ...(registration.registered ? [] : ['node']),
    ...(proxy.table.current() === undefined ? ['service addresses'] : []),
  ]
  return new Lifecycle([
    new KubeletServer({ kubelet, notReady }, { path: cluster.node(node.index).kubeletSocket }),
    ...(config.realApi ? [await kubeletPort(config)] : []),
    ...watches.all,
    registration,
    proxy,
    ...(node.index === 0 ? clusterParts(parts, config, proxy, events) : []),
    dns,
    events,
    kubelet,
  ])
}

/** What is once in a cluster: its first node has it. */
function clusterParts(
  { client, clock, log, watches: { stores } }: NodeParts,
  { plan, node, realApi }: NodeConfig,
  { table }: ServiceProxy,
  events: EventRecorder,
): Startable[] {
  const { services } = stores
  const addresses = { own: addressesOf(node), all: clusterAddresses(plan) }
  return [
    new LoadBalancerStatus({ client, log, services, table }, addresses),
    ...(realApi ? [] : [clusterControllers({ client, stores, clock, log })]),
    new Scheduler({ client, stores, clock, log, events }),
  ]
}

/** Where a real API server asks for logs. */
async function kubeletPort({ plan, node, files }: NodeConfig): Promise<Startable> {
  const cluster = files.cluster(plan.name)
  const { serverCert, serverKey, caCert } = cluster
  const [cert, key, ca] = await Promise.all([serverCert, serverKey, caCert].map((file) => readFile(file)))
  const at = { host: node.address, port: plan.kubeletPort }
  return kubeletBridge(at, { cert, key, ca, minVersion: 'TLSv1.3' }, cluster.node(node.index).kubeletSocket)
}

/** Ports of the first node's control plane are no Service's on any node, so that all have the same table. */
function serviceProxy(
  { clock, log, watches }: NodeParts,
  { plan, node }: NodeConfig,
  { driver }: NodePlatform,
): ServiceProxy {
  const { services, endpointSlices } = watches.stores
  const { apiPort, kubeletPort, dnsAddress, dnsPort } = plan
  const reserved = [
    `${node.address}:${apiPort}`,
    `${node.address}:${kubeletPort}`,
    `${dnsAddress}:${dnsPort}`,
  ]
  const config = { nodeName: node.name, nodeAddresses: addressesOf(node), reserved }
  return new ServiceProxy({ services, endpointSlices, driver, clock, log }, config)
}

function createKubelet(
  parts: NodeParts,
  config: NodeConfig,
  platform: NodePlatform,
  events: EventRecorder,
): Kubelet {
  const { pods, configMaps, secrets } = parts.watches
  const { plan, node, files } = config
  const tell = (pod: LabPod, reason: string, note: string): void =>
    events.record(
      { ...pod, apiVersion: 'v1', kind: 'Pod' },
      { type: reason === 'Killing' ? 'Normal' : 'Warning', reason, action: reason, note },
    )
  return new Kubelet(
    { ...parts, pods, configMaps, secrets, runtime: platform.runtime, tokens: new TokenSource(parts), tell },
    {
      nodeName: node.name,
      endsUnplaced: node.index === 0,
      hostAddresses: addressesOf(node),
      userNamespace: platform.oneUser,
      logFolder: files.cluster(plan.name).podLogs,
      environment: platform.environment,
    },
  )
}
