/**
 * Composition root of `fairlead router`: carries the flows of one cluster. Traffic goes on while the Kubernetes API or
 * the controller is away, by what was last known. What it may do in Kubernetes is in manifests/base/router/rbac.yaml.
 */
import { hostname, totalmem } from 'node:os'
import { SYSTEM_NAMESPACE } from '../api/names.ts'
import { VERSION } from '../cli/version.ts'
import { systemClock } from '../core/clock.ts'
import { HealthServer } from '../core/health.ts'
import { Lifecycle, type Startable, terminationSignal } from '../core/lifecycle.ts'
import { createLogger } from '../core/log.ts'
import { createMetrics } from '../core/metrics.ts'
import { LinkSecrets } from '../exporter/link-secrets.ts'
import { LinkStatusWriter } from '../exporter/link-status.ts'
import { PodIdentities } from '../exporter/pod-identities.ts'
import { createRouteSource } from '../exporter/route-source.ts'
import { RouterReplicas } from '../exporter/router-replicas.ts'
import { connectKube } from '../kube/client.ts'
import { kubeMetrics } from '../kube/kube-metrics.ts'
import { readTlsFiles } from '../link/tls-files.ts'
import { amqpConnections } from '../router/amqp-connection.ts'
import { DataPath } from '../router/data-path.ts'
import { flowsWithin, openFilesLimit } from '../router/file-limit.ts'
import { flowLogWithin } from '../router/flow-log.ts'
import { ensureHeapFlags } from '../router/heap-flags.ts'
import { createBufferBudget, defaultBufferMemory, type ProcessMemory } from '../router/memory-budget.ts'
import { networkReports } from '../router/network/reports.ts'
import { RouterNetwork } from '../router/network/router-network.ts'
import { parseRouterOptions, type RouterOptions } from '../router/router-options.ts'

/** What the container, or else the machine, lets the process use. */
function processMemory(): ProcessMemory {
  return { constrained: process.constrainedMemory(), total: totalmem() }
}

/** All parts of the process, and its drain. */
interface RouterProcess extends Startable {
  /** Turns not-ready, takes no new clients, and waits for the flows there are. */
  drain(): Promise<void>
}

/** Runs until SIGTERM or SIGINT, then drains; a second signal ends it at once. */
export async function runRouter(argv: readonly string[]): Promise<void> {
  ensureHeapFlags(process)
  const router = await assemble(parseRouterOptions(argv, process.env), process.env)
  const signalled = terminationSignal()
  try {
    await router.start()
    await signalled
    void terminationSignal().then(() => process.exit(1))
    await router.drain()
  } finally {
    await router.stop()
  }
}

async function assemble(
  options: RouterOptions,
  env: Readonly<Record<string, string | undefined>>,
): Promise<RouterProcess> {
  const { listenHost: host, tlsDir } = options
  const clock = systemClock
  const name = env['POD_NAME'] ?? hostname()
  const log = createLogger(options.logLevel, { process: 'router', pod: name })
  const metrics = createMetrics(true)
  const { identity } = await readTlsFiles(tlsDir)
  const { client } = await connectKube({ kubeconfig: options.kubeconfig }, clock)
  const namespace = env['POD_NAMESPACE'] ?? SYSTEM_NAMESPACE
  const watching = { client, clock, log, metrics: kubeMetrics(metrics) }
  const routes = createRouteSource(watching, { namespace })
  const routers = new RouterReplicas(routes.slices, namespace)
  const clients = new PodIdentities(watching, metrics)
  const budget = createBufferBudget(options.bufferMemory ?? defaultBufferMemory(processMemory()), metrics)
  const secrets = new LinkSecrets({ client, clock }, namespace)
  const network = new RouterNetwork(
    {
      snapshot: routes.snapshots,
      replicas: routers.replicas,
      acceptFlow: (peer) => dataPath.acceptorFor(peer.cluster),
      createDataConnection: amqpConnections({ clock, log, budget }),
      budget,
      readSecret: (key, signal) => secrets.read(key, signal),
      logger: log,
      clock,
      metrics,
    },
    {
      host,
      port: options.linkPort,
      ...(options.webSocketPort === undefined ? {} : { webSocketPort: options.webSocketPort }),
      tlsDir,
      name,
      version: VERSION,
    },
  )
  const dataPath = new DataPath(
    {
      snapshot: routes.snapshots,
      directory: network.directory,
      peers: network.peers,
      clients,
      clock,
      log,
      metrics,
    },
    {
      cluster: identity.cluster,
      listenHost: host,
      flowLog: flowLogWithin(options.flowLog, options.logLevel),
      maxFlows: flowsWithin(await openFilesLimit()),
    },
  )
  const linkStatus = new LinkStatusWriter(
    { client, links: routes.links, states: network.linkStatus, clock, log },
    namespace,
  )
  let state: 'starting' | 'running' | 'draining' = 'starting'
  let arrived = false
  const notReady = (): string[] => {
    // In this order: what comes over the network opens ports.
    const missing = [
      ...(state === 'running' ? [] : [state]),
      ...routes.notReady(),
      ...network.notReady(),
      ...dataPath.notReady(),
      ...(arrived ? [] : dataPath.opening()),
    ]
    arrived ||= missing.length === 0
    return missing
  }
  const documents = networkReports({
    topology: network.topology,
    explain: (service) => dataPath.explain(service),
  })
  const health = new HealthServer({ metrics, notReady, documents }, { host, port: options.healthPort })
  // Stopped in reverse: no new client first, then the watches, then the links with a goodbye.
  const parts = new Lifecycle([
    { start: async () => {}, stop: () => client.close() },
    health,
    network,
    routes,
    routers,
    clients,
    linkStatus,
    dataPath,
  ])
  return {
    async start() {
      await parts.start()
      state = 'running'
      const { port: linkPort, webSocketPort } = network
      const ports = { linkPort, webSocketPort, healthPort: health.port }
      log.info({ cluster: identity.cluster, ...ports }, 'router is running')
    },
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
