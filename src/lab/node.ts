/** One node of a lab cluster, put together: watches, kubelet, Service rules, controllers. */
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { KubeObject } from '../api/objects.ts'
import { Resource, type ResourceType } from '../api/resources.ts'
import type { Clock } from '../core/clock.ts'
import { Lifecycle, type Startable } from '../core/lifecycle.ts'
import type { Logger } from '../core/log.ts'
import { createKubeClient } from '../kube/client.ts'
import { loadKubeContext } from '../kube/credentials.ts'
import { EventRecorder } from '../kube/events.ts'
import { type Reflected, reflect } from '../kube/reflector.ts'
import type { WatchingKubeClient } from '../kube/types.ts'
import { createClusterDns } from './cluster-dns/cluster-dns.ts'
import {
  CONTROLLER_RESOURCES,
  type ControllerStores,
  clusterControllers,
} from './controllers/cluster-controllers.ts'
import { INSTALL_PATH, readRootFacts } from './kubelet/container-root.ts'
import { Kubelet } from './kubelet/kubelet.ts'
import { KubeletServer } from './kubelet/kubelet-server.ts'
import { NamespacedRuntime } from './kubelet/namespaced-runtime.ts'
import type { ConfigMap, LabPod, Secret } from './kubelet/pod.ts'
import { TokenSource } from './kubelet/token-source.ts'
import type { LabFiles } from './layout.ts'
import { NodeRegistration } from './node-registration.ts'
import { LoadBalancerStatus } from './service-proxy/load-balancer-status.ts'
import { NftDriver } from './service-proxy/nft-driver.ts'
import { ServiceProxy } from './service-proxy/service-proxy.ts'
import type { ClusterPlan } from './topology.ts'

export interface NodeDeps {
  readonly clock: Clock
  readonly log: Logger
}

export interface NodeConfig {
  readonly plan: ClusterPlan
  readonly files: LabFiles
  readonly userNamespace: boolean
}

/** What `kubectl get nodes` calls our version: that of the API the lab follows. */
const KUBELET_VERSION = 'v1.34.0'

/** Everything in memory that the pods of this node have. In the lab's own /run, which ends with the lab. */
const POD_FOLDER = '/run/fairlead'

const SYSTEM_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']

/** All parts of the node, in the order they start. */
export async function createNode(deps: NodeDeps, config: NodeConfig): Promise<Startable> {
  const { clock, log } = deps
  const { plan, files } = config
  const { nodeKubeconfig, kubeletSocket } = files.cluster(plan.name)
  const credentials = await loadKubeContext({ kubeconfig: nodeKubeconfig })
  const client = createKubeClient(credentials, clock)
  const watched = watchAll(client, deps)
  const { stores } = watched
  const registration = new NodeRegistration(
    { client, clock, log },
    { name: nodeName(plan), plan, version: KUBELET_VERSION },
  )
  const proxy = serviceProxy(deps, config, stores)
  const events = new EventRecorder(
    { client, clock, log },
    { controller: 'lab-node', instance: nodeName(plan) },
  )
  const tokens = new TokenSource({ clock, credentials })
  const kubelet = new Kubelet(
    {
      ...{ client, clock, log, tokens },
      ...{ pods: watched.pods, configMaps: watched.configMaps, secrets: watched.secrets },
      runtime: await createRuntime(deps, config),
      tell: (pod, reason, note) =>
        events.record(asPod(pod), { type: eventType(reason), reason, action: reason, note }),
    },
    kubeletConfig(config),
  )
  const dns = createClusterDns(
    { client, clock, log },
    { host: plan.dnsAddress, port: plan.dnsPort, clusterAddress: plan.dnsAddress },
  )
  const notReady = (): readonly string[] => [
    ...dns.notReady(),
    ...watched.parts.filter((store) => !store.synced).map(() => 'watches'),
    ...(registration.registered ? [] : ['node']),
    ...(proxy.table.current() === undefined ? ['service rules'] : []),
  ]
  return new Lifecycle([
    new KubeletServer({ kubelet, notReady }, { path: kubeletSocket }),
    ...watched.parts,
    registration,
    proxy,
    new LoadBalancerStatus({ client, log, services: stores.services, table: proxy.table }, plan),
    clusterControllers({ client, stores, clock, log }),
    dns,
    events,
    kubelet,
  ])
}

interface Watched {
  readonly stores: ControllerStores
  readonly pods: Reflected<LabPod>
  readonly configMaps: Reflected<ConfigMap>
  readonly secrets: Reflected<Secret>
  readonly parts: readonly Reflected<KubeObject>[]
}

/** One watch a resource, shared by all who read it. */
function watchAll(client: WatchingKubeClient, { clock, log }: NodeDeps): Watched {
  const watch = <T extends KubeObject>(type: ResourceType) => reflect<T>({ client, clock, log }, type)
  const controllers = Object.entries(CONTROLLER_RESOURCES).map(([name, type]) => [name, watch(type)] as const)
  const stores = Object.fromEntries(controllers) as unknown as ControllerStores
  const configMaps = watch<ConfigMap>(Resource.configMap)
  const secrets = watch<Secret>(Resource.secret)
  const parts = [...controllers.map(([, store]) => store), configMaps, secrets]
  return { stores, pods: stores.pods as unknown as Reflected<LabPod>, configMaps, secrets, parts }
}

function serviceProxy(
  { clock, log }: NodeDeps,
  { plan }: NodeConfig,
  stores: ControllerStores,
): ServiceProxy {
  const { services, endpointSlices } = stores
  const { nodeAddress, apiPort, dnsAddress, dnsPort } = plan
  const reserved = [`${nodeAddress}:${apiPort}`, `${dnsAddress}:${dnsPort}`]
  const driver = new NftDriver({ log }, plan)
  return new ServiceProxy({ services, endpointSlices, driver, clock, log }, { nodeAddress, reserved })
}

async function createRuntime({ log }: NodeDeps, config: NodeConfig): Promise<NamespacedRuntime> {
  const { plan, files, userNamespace } = config
  const folder = join(POD_FOLDER, plan.name)
  await mkdir(folder, { recursive: true, mode: 0o755 })
  const facts = await readRootFacts(folder)
  const hostResolvConf = await readFile('/etc/resolv.conf', 'utf8').catch(() => '')
  return new NamespacedRuntime(
    { log, facts },
    {
      plan,
      folder,
      userNamespace,
      files: { dnsAddress: plan.dnsAddress, hostResolvConf },
      nsswitchConf: files.nsswitchConf,
    },
  )
}

function kubeletConfig({ plan, files, userNamespace }: NodeConfig) {
  return {
    nodeName: nodeName(plan),
    hostAddress: plan.nodeAddress,
    userNamespace,
    logFolder: files.cluster(plan.name).podLogs,
    environment: {
      PATH: [...INSTALL_PATH, ...SYSTEM_PATH].join(':'),
      HOME: '/root',
      KUBERNETES_SERVICE_HOST: plan.apiServiceAddress,
      KUBERNETES_SERVICE_PORT: '443',
      KUBERNETES_SERVICE_PORT_HTTPS: '443',
    },
  }
}

function nodeName(plan: ClusterPlan): string {
  return `${plan.name}-node`
}

/** Events name the kind of what they are about. */
function asPod(pod: LabPod): LabPod {
  return { ...pod, apiVersion: 'v1', kind: 'Pod' }
}

function eventType(reason: string): 'Normal' | 'Warning' {
  return reason === 'Killing' ? 'Normal' : 'Warning'
}
