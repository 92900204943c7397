/**
 * The objects a cluster's DNS is known by: ConfigMap coredns, Service kube-dns and its EndpointSlice. Made when absent.
 */
import { Label } from '../../api/names.ts'
import type { EndpointSlice, KubeObject, Service } from '../../api/objects.ts'
import { Resource } from '../../api/resources.ts'
import type { Clock } from '../../core/clock.ts'
import type { Startable } from '../../core/lifecycle.ts'
import type { Logger } from '../../core/log.ts'
import { isAlreadyExists } from '../../kube/errors.ts'
import { Reconciler, source } from '../../kube/reconciler.ts'
import type { KubeClient, Store } from '../../kube/types.ts'
import { COREDNS_CONFIG, defaultCorefile } from './default-corefile.ts'

/** A ConfigMap, as far as it is read here. */
export interface ConfigMap extends KubeObject {
  data?: Record<string, string>
}

export interface ClusterDnsObjectsDeps {
  readonly client: KubeClient
  readonly configMaps: Store<ConfigMap>
  readonly clock: Clock
  readonly log: Logger
}

export interface ClusterDnsObjectsConfig {
  readonly zone: string
  /** ClusterIP of the Service kube-dns. */
  readonly clusterAddress: string
  /** Where the server listens. */
  readonly host: string
  readonly port: number
}

const NAMESPACE = COREDNS_CONFIG.namespace
const SERVICE = 'kube-dns'
const FIELD_MANAGER = 'lab-cluster-dns'

/** Makes the objects, and the ConfigMap again when somebody deletes it. What users write into it stays. */
export function clusterDnsObjects(deps: ClusterDnsObjectsDeps, config: ClusterDnsObjectsConfig): Startable {
  const reconciler = new Reconciler(deps, {
    sources: [source(deps.configMaps, () => [COREDNS_CONFIG.name])],
    reconcile: (key) => (key === SERVICE ? ensureService(deps.client, config) : ensureConfig(deps, config)),
  })
  return {
    async start() {
      await reconciler.start()
      reconciler.enqueue(COREDNS_CONFIG.name)
      reconciler.enqueue(SERVICE)
    },
    stop: () => reconciler.stop(),
  }
}

async function ensureConfig(deps: ClusterDnsObjectsDeps, config: ClusterDnsObjectsConfig): Promise<void> {
  const { namespace, name, key } = COREDNS_CONFIG
  if (deps.configMaps.get({ namespace, name }) !== undefined) return
  const data = { [key]: defaultCorefile(config.zone) }
  try {
    await deps.client.create<ConfigMap>(Resource.configMap, { metadata: { namespace, name }, data })
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
  }
}

async function ensureService(client: KubeClient, config: ClusterDnsObjectsConfig): Promise<void> {
  const options = { fieldManager: FIELD_MANAGER }
  await client.apply(Resource.service, dnsService(config), options)
  await client.apply(Resource.endpointSlice, dnsSlice(config), options)
}

function dnsService({ clusterAddress }: ClusterDnsObjectsConfig): Service {
  return {
    metadata: {
      namespace: NAMESPACE,
      name: SERVICE,
      labels: {
        'k8s-app': SERVICE,
        'kubernetes.io/cluster-service': 'true',
        'kubernetes.io/name': 'CoreDNS',
      },
    },
    spec: {
      type: 'ClusterIP',
      clusterIP: clusterAddress,
      ports: [
        { name: 'dns', protocol: 'UDP', port: 53 },
        { name: 'dns-tcp', protocol: 'TCP', port: 53 },
      ],
    },
  }
}

function dnsSlice({ host, port }: ClusterDnsObjectsConfig): EndpointSlice {
  return {
    metadata: {
      namespace: NAMESPACE,
      name: `${SERVICE}-lab`,
      labels: { [Label.kubeServiceName]: SERVICE, [Label.managedBy]: FIELD_MANAGER },
    },
    addressType: 'IPv4',
    ports: [
      { name: 'dns', protocol: 'UDP', port },
      { name: 'dns-tcp', protocol: 'TCP', port },
    ],
    endpoints: [{ addresses: [host], conditions: { ready: true, serving: true, terminating: false } }],
  }
}
