/**
 * Composition root of `fairlead router`: carries the flows of one cluster. Traffic goes on while the Kubernetes API or
 * the controller is away, by what was last known. What it may do in Kubernetes is in manifests/base/router/rbac.yaml.
 * With `--resources` it serves a site without Kubernetes from files. Long because it names every part of the process.
 */
import { hostname, totalmem } from 'node:os'
import type { OwnsAddress } from '../api/global-owner.ts'
import { REPORT_TOKEN_HEADER } from '../api/network-report.ts'
import type { Directory } from '../api/service-record.ts'
import { VERSION } from '../cli/version.ts'
import { type Clock, systemClock } from '../core/clock.ts'
import { HealthServer } from '../core/health.ts'
import { Lifecycle, type Startable, terminationSignal } from '../core/lifecycle.ts'
import { createLogger, type Logger } from '../core/log.ts'
import { createMetrics, type Metrics } from '../core/metrics.ts'
import { ReportServer } from '../core/report-server.ts'
import { Snapshot, type SnapshotSource } from '../core/snapshot.ts'
import { addressOwners, hasClaim } from '../globalnet/address-owners.ts'
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
import { RouterNetwork } from '../router/network/router-network.ts'
import { reportToken } from '../router/report-token.ts'
import { parseRouterOptions, type RouterOptions } from '../router/router-options.ts'
import { type Control, kubeControl, siteControl } from './router-control.ts'

/** What the container, or else the machine, lets the process use. */
function processMemory(): ProcessMemory {
  return { constrained: process.constrainedMemory(), total: totalmem() }
}

/** Why a router that has just begun is not ready. */
const STARTING = 'starting'

/** Where it listens; undefined: it does not. */
interface Ports {
  readonly linkPort: number
  readonly webSocketPort: number | undefined
  readonly reportPort: number
}

/** All parts of the process, and its drain. */
interface RouterProcess extends Startable {
  notReady(): string[]
  /** Only after `start`. */
  ports(): Ports
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
  // Between having a certificate and being assembled too: clients would be refused.
  const notReady = () => router?.notReady() ?? [STARTING, ...tls.notReady()]
  const health = new HealthServer(
    { metrics, notReady },
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
    await run(router, signalled, (ports) => {
      base.log.info({ cluster, ...ports, healthPort: health.port }, 'router is running')
    })
  } finally {
    await around.stop()
  }
}

async function run(
  router: RouterProcess,
  signalled: Promise<unknown>,
  onRunning: (ports: Ports) => void,
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
  const tls = new TlsFiles({ clock, logger: log, metrics }, control.credentials.source)
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
      ...(control.replicas === undefined ? {} : { replicas: control.replicas }),
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
  let state: typeof STARTING | 'running' | 'draining' = STARTING
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
  const reports = new ReportServer(
    { documents, readToken: reportToken(options.reportTokenFile, log) },
    { host, port: options.reportPort, header: REPORT_TOKEN_HEADER },
  )
  // Stopped in reverse: no new client first, then the watches, then the links with a goodbye.
  const parts = new Lifecycle([
    reports,
    network,
    ...control.parts(network, cluster, dataPath.denials),
    ...(globalSources === undefined ? [] : [globalSources]),
    dataPath,
  ])
  return {
    notReady,
    async start() {
      await parts.start()
      state = 'running'
    },
    ports: () => ({
      linkPort: network.port,
      webSocketPort: network.webSocketPort,
      reportPort: reports.port,
    }),
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
/** Whose global addresses are, by what the clusters of a directory claim now. */
function ownersIn(directory: SnapshotSource<Directory>): OwnsAddress {
  const ownersOf = addressOwners()
  return (cluster, address) => ownersOf(directory.current())(cluster, address)
}
