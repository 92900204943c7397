/**
 * Composition root of `fairlead router`: carries the flows of one cluster. Traffic goes on while the Kubernetes API or
 * the controller is away, by what was last known. What it may do in Kubernetes is in manifests/base/router/rbac.yaml.
 * With `--resources` it serves a site without Kubernetes from files.
 */
import { hostname, totalmem } from 'node:os'
import type { ClientSource } from '../api/client-identity.ts'
import type { OwnsAddress } from '../api/global-owner.ts'
import { SYSTEM_NAMESPACE } from '../api/names.ts'
import type { RouteSnapshot } from '../api/route-snapshot.ts'
import type { Directory } from '../api/service-record.ts'
import { TrustSecret } from '../api/trust.ts'
import { VERSION } from '../cli/version.ts'
import { parseAllDocuments } from '../cli/yaml.ts'
import { type Clock, systemClock } from '../core/clock.ts'
import { HealthServer, type JsonDocument } from '../core/health.ts'
import { Lifecycle, type Startable, terminationSignal } from '../core/lifecycle.ts'
import { createLogger, type Logger } from '../core/log.ts'
import { createMetrics, type Metrics } from '../core/metrics.ts'
import { Snapshot, type SnapshotSource } from '../core/snapshot.ts'
import type { DirectoryLink, OriginConfirmation } from '../exporter/directory-link.ts'
import { LinkSecrets } from '../exporter/link-secrets.ts'
import { LinkStatusWriter } from '../exporter/link-status.ts'
import { OriginPublisher } from '../exporter/origin-publisher.ts'
import { PodIdentities } from '../exporter/pod-identities.ts'
import { createRouteSource } from '../exporter/route-source.ts'
import { RouterReplicas } from '../exporter/router-replicas.ts'
import { SiteSource } from '../exporter/site/site-source.ts'
import { addressOwners, hasClaim } from '../globalnet/address-owners.ts'
import { EgressClients } from '../globalnet/egress-clients.ts'
import { egressStores } from '../globalnet/globalnet-stores.ts'
import { connectKube } from '../kube/client.ts'
import { kubeMetrics } from '../kube/kube-metrics.ts'
import { CredentialFolder } from '../link/credential-folder.ts'
import { NO_SOURCES } from '../link/sources.ts'
import { TlsFiles } from '../link/tls-files.ts'
import { amqpConnections } from '../router/amqp-connection.ts'
import { DataPath } from '../router/data-path.ts'
import { flowsWithin, openFilesLimit } from '../router/file-limit.ts'
import { flowLogWithin } from '../router/flow-log.ts'
import { requireEphemeralPortsBelow } from '../router/global/ephemeral-ports.ts'
import { GlobalSources } from '../router/global/global-sources.ts'
import { ensureHeapFlags } from '../router/heap-flags.ts'
import { createBufferBudget, defaultBufferMemory, type ProcessMemory } from '../router/memory-budget.ts'
import { networkReports } from '../router/network/reports.ts'
import { RouterNetwork, type RouterNetworkDeps } from '../router/network/router-network.ts'
import { parseRouterOptions, type RouterOptions } from '../router/router-options.ts'
import { type ProcessCredentials, processCredentials } from '../trust/process-credentials.ts'

/** What the container, or else the machine, lets the process use. */
function processMemory(): ProcessMemory {
  return { constrained: process.constrainedMemory(), total: totalmem() }
}

/** All parts of the process, and its drain. */
interface RouterProcess extends Startable {
  readonly documents: ReadonlyMap<string, JsonDocument>
  notReady(): string[]
  /** Only after `start`. */
  ports(): Pick<RouterNetwork, 'port' | 'webSocketPort'>
  /** Turns not-ready, takes no new clients, and waits for the flows there are. */
  drain(): Promise<void>
}

/** What the router's parts need from the start. */
interface Base {
  readonly options: RouterOptions
  readonly name: string
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
  readonly control: Control
  readonly tls: TlsFiles
}

/** Runs until SIGTERM or SIGINT, then drains; a second signal ends it at once. */
export async function runRouter(argv: readonly string[]): Promise<void> {
  ensureHeapFlags(process)
  const signalled = terminationSignal()
  const base = await prepare(parseRouterOptions(argv, process.env), process.env)
  const { options, metrics, tls, control } = base
  let router: RouterProcess | undefined
  const notReady = () => router?.notReady() ?? tls.notReady()
  const documents = new Map<string, JsonDocument>()
  const health = new HealthServer(
    { metrics, notReady, documents },
    { host: options.listenHost, port: options.healthPort },
  )
  const around = new Lifecycle([
    { start: async () => {}, stop: control.close },
    health,
    ...control.credentials.parts,
    tls,
  ])
  try {
    await around.start()
    const owner = await Promise.race([tls.whenPresent, signalled])
    if (typeof owner === 'string') return
    const { cluster } = owner.identity
    router = await assemble(base, cluster)
    for (const [path, document] of router.documents) documents.set(path, document)
    await run(router, signalled, ({ port, webSocketPort }) => {
      const ports = { linkPort: port, webSocketPort, healthPort: health.port }
      base.log.info({ cluster, ...ports }, 'router is running')
    })
  } finally {
    await around.stop()
  }
}

async function run(
  router: RouterProcess,
  signalled: Promise<unknown>,
  onRunning: (ports: Pick<RouterNetwork, 'port' | 'webSocketPort'>) => void,
): Promise<void> {
  try {
    await router.start()
    onRunning(router.ports())
    await signalled
    void terminationSignal().then(() => process.exit(1))
    await router.drain()
  } finally {
    await router.stop()
  }
}

async function prepare(
  options: RouterOptions,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Base> {
  if (options.globalnet) await requireEphemeralPortsBelow()
  const clock = systemClock
  const name = env['POD_NAME'] ?? hostname()
  const log = createLogger(options.logLevel, { process: 'router', pod: name })
  const metrics = createMetrics(true)
  const control =
    options.resources === undefined
      ? await kubeControl({ clock, log, metrics }, options, env)
      : siteControl({ clock, log, metrics }, options.resources, options.tlsDir ?? '')
  const tls = new TlsFiles({ clock, logger: log }, control.credentials.source)
  return { options, name, clock, log, metrics, control, tls }
}

async function assemble(
  { options, name, clock, log, metrics, control, tls }: Base,
  cluster: string,
): Promise<RouterProcess> {
  const host = options.listenHost
  const announced = options.globalnet ? new Snapshot(NO_SOURCES) : undefined
  const budget = createBufferBudget(options.bufferMemory ?? defaultBufferMemory(processMemory()), metrics)
  const network = new RouterNetwork(
    {
      snapshot: control.snapshots,
      ...(control.replicas === undefined ? {} : { replicas: control.replicas }),
      acceptFlow: (peer) => dataPath.acceptorFor(peer.cluster),
      createDataConnection: amqpConnections({ clock, log, budget }),
      budget,
      ...(control.readSecret === undefined ? {} : { readSecret: control.readSecret }),
      ...(announced === undefined ? {} : { sources: announced }),
      logger: log,
      clock,
      metrics,
      tls,
    },
    {
      host,
      port: options.linkPort,
      ...(options.webSocketPort === undefined ? {} : { webSocketPort: options.webSocketPort }),
      name,
      version: VERSION,
    },
  )
  const { agents } = network
  const globalSources =
    announced === undefined || agents === undefined
      ? undefined
      : new GlobalSources({
          clock,
          log,
          metrics,
          agents,
          announced,
          owns: ownersIn(network.directory),
          hasClaim: (cluster) => hasClaim(network.directory.current(), cluster),
        })
  const dataPath = new DataPath(
    {
      snapshot: control.snapshots,
      directory: network.directory,
      peers: network.peers,
      clients: control.clients,
      ...(globalSources === undefined ? {} : { globalSources }),
      clock,
      log,
      metrics,
    },
    {
      cluster,
      listenHost: host,
      flowLog: flowLogWithin(options.flowLog, options.logLevel),
      maxFlows: flowsWithin(await openFilesLimit()),
    },
  )
  let state: 'starting' | 'running' | 'draining' = 'starting'
  let arrived = false
  const notReady = (): string[] => {
    // In this order: what comes over the network opens ports.
    const missing = [
      ...(state === 'running' ? [] : [state]),
      ...control.notReady(),
      ...network.notReady(),
      ...dataPath.notReady(),
      ...(arrived ? [] : dataPath.opening()),
    ]
    arrived ||= missing.length === 0
    return missing
  }
  const documents = networkReports({ network, explain: (service) => dataPath.explain(service) })
  // Stopped in reverse: no new client first, then the watches, then the links with a goodbye.
  const parts = new Lifecycle([
    network,
    ...control.parts(network, cluster),
    ...(globalSources === undefined ? [] : [globalSources]),
    dataPath,
  ])
  return {
    documents,
    notReady,
    async start() {
      await parts.start()
      state = 'running'
    },
    ports: () => network,
    async drain() {
      state = 'draining'
      log.info({ flows: dataPath.openFlows }, 'router is draining')
      network.drain()
      await clock.sleep(options.handoverMs)
      await dataPath.drain(options.drainMs)
    },
    stop: () => parts.stop(),
  }
}

interface ControlDeps {
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
}

/** Where a router learns what its cluster exports, imports and dials. */
interface Control {
  readonly snapshots: SnapshotSource<RouteSnapshot>
  readonly clients: ClientSource
  readonly replicas?: RouterNetworkDeps['replicas'] & object
  readonly readSecret?: RouterNetworkDeps['readSecret'] & object
  readonly credentials: ProcessCredentials
  notReady(): string[]
  /** Started in this order, once the network is. */
  parts(network: RouterNetwork, cluster: string): readonly Startable[]
  close(): Promise<void>
}

/** From the Kubernetes API. Records come from the controller, by a session of its own. */
async function kubeControl(
  { clock, log, metrics }: ControlDeps,
  { kubeconfig, globalnet, tlsDir }: RouterOptions,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Control> {
  const { client } = await connectKube({ kubeconfig }, clock)
  const namespace = env['POD_NAMESPACE'] ?? SYSTEM_NAMESPACE
  const watching = { client, clock, log, metrics: kubeMetrics(metrics) }
  const routes = createRouteSource(watching, { namespace })
  const routers = new RouterReplicas(routes.slices, namespace)
  const pods = new PodIdentities(watching, metrics, { keepsLabels: globalnet })
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
    parts: ({ linkStatus: states }) => [
      routes,
      routers,
      pods,
      ...Object.values(stores ?? {}),
      ...(egress === undefined ? [] : [egress]),
      new LinkStatusWriter({ client, links: routes.links, states, clock, log }, namespace),
    ],
    close: () => client.close(),
  }
}

/** Whose global addresses are, by what the clusters of a directory claim now. */
function ownersIn(directory: SnapshotSource<Directory>): OwnsAddress {
  const ownersOf = addressOwners()
  return (cluster, address) => ownersOf(directory.current())(cluster, address)
}

/** From files. Clients are processes of the machine, not pods. */
function siteControl(deps: ControlDeps, folder: string, tlsDir: string): Control {
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
): Pick<DirectoryLink, 'directory' | 'confirmed' | 'outdone' | 'publish'> {
  const confirmed = new Snapshot<OriginConfirmation | undefined>(undefined)
  return {
    directory: network.directory,
    outdone: network.outdone,
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
