/**
 * Where a router learns what its cluster exports, imports and dials, and has its certificate from: the Kubernetes API, or
 * the files of a site without Kubernetes.
 */
import type { ClientSource } from '../api/client-identity.ts'
import { SYSTEM_NAMESPACE } from '../api/names.ts'
import type { DenialSource } from '../api/policy-denials.ts'
import type { RouteSnapshot } from '../api/route-snapshot.ts'
import { TrustSecret } from '../api/trust.ts'
import { parseAllDocuments } from '../cli/yaml.ts'
import type { Clock } from '../core/clock.ts'
import type { Startable } from '../core/lifecycle.ts'
import type { Logger } from '../core/log.ts'
import type { Metrics } from '../core/metrics.ts'
import { Snapshot, type SnapshotSource } from '../core/snapshot.ts'
import { DenialReporter } from '../exporter/denial-reporter.ts'
import type { DirectoryLink, OriginConfirmation } from '../exporter/directory-link.ts'
import { LinkSecrets } from '../exporter/link-secrets.ts'
import { LinkStatusWriter } from '../exporter/link-status.ts'
import { OriginPublisher } from '../exporter/origin-publisher.ts'
import { PodIdentities } from '../exporter/pod-identities.ts'
import { createRouteSource } from '../exporter/route-source.ts'
import { RouterReplicas } from '../exporter/router-replicas.ts'
import { SiteSource } from '../exporter/site/site-source.ts'
import { EgressClients } from '../globalnet/egress-clients.ts'
import { egressStores } from '../globalnet/globalnet-stores.ts'
import { connectKube } from '../kube/client.ts'
import { kubeMetrics } from '../kube/kube-metrics.ts'
import { CredentialFolder } from '../link/credential-folder.ts'
import type { RouterNetwork, RouterNetworkDeps } from '../router/network/router-network.ts'
import type { RouterOptions } from '../router/router-options.ts'
import { type ProcessCredentials, processCredentials } from '../trust/process-credentials.ts'

/** What both kinds of control need. */
export interface ControlDeps {
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
}

/** Where a router learns what its cluster exports, imports and dials. */
export interface Control {
  readonly snapshots: SnapshotSource<RouteSnapshot>
  readonly clients: ClientSource
  readonly replicas?: RouterNetworkDeps['replicas'] & object
  readonly readSecret?: RouterNetworkDeps['readSecret'] & object
  readonly credentials: ProcessCredentials
  notReady(): string[]
  /** Started in this order, once the network is. */
  parts(network: RouterNetwork, cluster: string, denials: DenialSource): readonly Startable[]
  close(): Promise<void>
}

/** From the Kubernetes API. Records come from the controller, by a session of its own. */
export async function kubeControl(
  { clock, log, metrics }: ControlDeps,
  { kubeconfig, globalnet, ownNamespace, tlsDir }: RouterOptions,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Control> {
  const { client } = await connectKube({ kubeconfig }, clock)
  const namespace = env['POD_NAMESPACE'] ?? SYSTEM_NAMESPACE
  const watching = { client, clock, log, metrics: kubeMetrics(metrics) }
  const watched = ownNamespace ? namespace : undefined
  const routes = createRouteSource(watching, { namespace, watched })
  const routers = new RouterReplicas(routes.slices, namespace)
  const pods = new PodIdentities(watching, metrics, { keepsLabels: globalnet, namespace: watched })
  const stores = globalnet ? egressStores(watching) : undefined
  const egress = stores && new EgressClients({ stores, pods, clock })
  const secrets = new LinkSecrets({ client, clock }, namespace)
  return {
    snapshots: routes.snapshots,
    clients: egress ?? pods,
    replicas: routers.replicas,
    readSecret: (key, signal) => secrets.read(key, signal),
    credentials: processCredentials(watching, { namespace, name: TrustSecret.router }, tlsDir),
    notReady: () => routes.notReady(),
    parts: ({ linkStatus: states }, _cluster, denials) => [
      routes,
      routers,
      pods,
      ...Object.values(stores ?? {}),
      ...(egress === undefined ? [] : [egress]),
      new LinkStatusWriter({ client, links: routes.links, states, clock, log }, namespace),
      new DenialReporter({ client, policies: routes.servicePolicies, denials, clock, log }),
    ],
    close: () => client.close(),
  }
}

/** From files. Clients are processes of the machine, not pods. */
export function siteControl(deps: ControlDeps, folder: string, tlsDir: string): Control {
  const { clock, log } = deps
  const site = new SiteSource({ ...deps, parse: parseYaml }, folder)
  return {
    snapshots: site.snapshots,
    clients: { find: () => undefined },
    credentials: { source: new CredentialFolder(tlsDir), parts: [] },
    notReady: () => [],
    parts: (network, cluster) => [
      site,
      new OriginPublisher(
        { link: localDirectory(network), records: site.records, facts: new Snapshot({}), clock, log },
        cluster,
      ),
    ],
    close: async () => {},
  }
}

/** The router's own directory, as a controller would reach it over a session. */
function localDirectory(
  network: RouterNetwork,
): Pick<DirectoryLink, 'directory' | 'confirmed' | 'outdone' | 'certificate' | 'publish'> {
  const confirmed = new Snapshot<OriginConfirmation | undefined>(undefined)
  return {
    directory: network.directory,
    outdone: network.outdone,
    certificate: network.certificate,
    confirmed,
    publish(state) {
      network.publish(state)
      confirmed.set({ epoch: state.epoch, sequence: state.sequence })
    },
  }
}

/** JSON is YAML too. Throws with the line of what cannot be read. */
function parseYaml(text: string): unknown[] {
  return parseAllDocuments(text).map((document) => {
    const [error] = document.errors
    if (error !== undefined) throw error
    return document.toJS() as unknown
  })
}
