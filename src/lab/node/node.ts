/** One node of a lab cluster, put together: watches, kubelet, Service addresses, controllers, DNS. */
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
import { LoadBalancerStatus } from '../service-proxy/load-balancer-status.ts'
import { ServiceProxy } from '../service-proxy/service-proxy.ts'
import { type ClusterPlan, nodeAddresses } from '../topology.ts'
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
  const { plan, files } = config
  const cluster = files.cluster(plan.name)
  const credentials = await loadKubeContext({ kubeconfig: cluster.nodeKubeconfig })
  const client = createKubeClient(credentials, clock)
  const watches = nodeWatches({ client, clock, log })
  const parts = { clock, log, client, credentials, watches }
  const { stores } = watches
  const name = nodeName(plan)
  const registration = new NodeRegistration(parts, { name, plan, version: KUBELET_VERSION })
  const proxy = serviceProxy(parts, plan, platform)
  const events = new EventRecorder(parts, { controller: 'lab-node', instance: name })
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
    new KubeletServer({ kubelet, notReady }, { path: cluster.kubeletSocket }),
    ...watches.all,
    registration,
    proxy,
    new LoadBalancerStatus(
      { client, log, services: stores.services, table: proxy.table },
      { nodeAddresses: nodeAddresses(plan) },
    ),
    ...(config.realApi ? [] : [clusterControllers({ client, stores, clock, log })]),
    dns,
    events,
    kubelet,
  ])
}

function serviceProxy(
  { clock, log, watches }: NodeParts,
  plan: ClusterPlan,
  { driver }: NodePlatform,
): ServiceProxy {
  const { services, endpointSlices } = watches.stores
  const { nodeAddress, apiPort, kubeletPort, dnsAddress, dnsPort } = plan
  const reserved = [`${nodeAddress}:${apiPort}`, `${nodeAddress}:${kubeletPort}`, `${dnsAddress}:${dnsPort}`]
  const config = { nodeAddresses: nodeAddresses(plan), reserved }
  return new ServiceProxy({ services, endpointSlices, driver, clock, log }, config)
}

function createKubelet(
  parts: NodeParts,
  config: NodeConfig,
  platform: NodePlatform,
  events: EventRecorder,
): Kubelet {
  const { pods, configMaps, secrets } = parts.watches
  const { plan, files } = config
  const tell = (pod: LabPod, reason: string, note: string): void =>
    events.record(
      { ...pod, apiVersion: 'v1', kind: 'Pod' },
      { type: reason === 'Killing' ? 'Normal' : 'Warning', reason, action: reason, note },
    )
  return new Kubelet(
    { ...parts, pods, configMaps, secrets, runtime: platform.runtime, tokens: new TokenSource(parts), tell },
    {
      nodeName: nodeName(plan),
      hostAddresses: nodeAddresses(plan),
      userNamespace: platform.oneUser,
      logFolder: files.cluster(plan.name).podLogs,
      environment: platform.environment,
    },
  )
}

function nodeName(plan: ClusterPlan): string {
  return `${plan.name}-node`
}
