/**
 * Composition root of `fairlead agent`: translates global addresses on one node, by one nftables table. Goes on with the
 * last it knew while the API server is away; the table stays when it ends. What it may read in Kubernetes is listed in
 * manifests/overlays/globalnet/agent/rbac.yaml.
 */
import { parseArgs } from 'node:util'
import { Port, SYSTEM_NAMESPACE } from '../api/names.ts'
import { TrustSecret } from '../api/trust.ts'
import { VERSION } from '../cli/version.ts'
import { systemClock } from '../core/clock.ts'
import { describeError, UsageError } from '../core/errors.ts'
import { parseLogLevel, parsePort } from '../core/flag-values.ts'
import { HealthServer } from '../core/health.ts'
import { Lifecycle, type Startable, terminationSignal } from '../core/lifecycle.ts'
import { createLogger, type Logger, type LogLevel } from '../core/log.ts'
import { createMetrics } from '../core/metrics.ts'
import { RouterReplicas } from '../exporter/router-replicas.ts'
import { agentStores } from '../globalnet/agent-stores.ts'
import { NatInputSource } from '../globalnet/nat-input-source.ts'
import { NatReconciler } from '../globalnet/nat-reconciler.ts'
import { NftDriver } from '../globalnet/nft-driver.ts'
import { connectKube } from '../kube/client.ts'
import { kubeMetrics } from '../kube/kube-metrics.ts'
import { SourceClient } from '../link/source-client.ts'
import { TlsFiles } from '../link/tls-files.ts'
import { processCredentials } from '../trust/process-credentials.ts'

/** What the command line and the downward API say. */
interface AgentConfig {
  readonly nodeName: string
  /** Where the routers are. */
  readonly namespace: string
  readonly health: { readonly host: string; readonly port: number }
  readonly kubeconfig: string | undefined
  readonly logLevel: LogLevel
  /** Folder of ca.crt, tls.crt and tls.key; undefined: they are in a Secret. */
  readonly tlsDir: string | undefined
  /** Remove the table and end. */
  readonly cleanup: boolean
}

/** Runs until SIGTERM or SIGINT; with `--cleanup` until the table is gone. */
export async function runAgent(argv: readonly string[]): Promise<void> {
  const config = readConfig(argv, process.env)
  const log = createLogger(config.logLevel, { process: 'agent', node: config.nodeName })
  const driver = new NftDriver({ log: log.child({ component: 'nftables' }) })
  if (config.cleanup) {
    await driver.remove()
    log.info({}, 'the nftables table is removed')
    return
  }
  const { parts, health } = await assemble(config, driver, log)
  const ended = terminationSignal()
  try {
    await parts.start()
    log.info({ health: health.port }, 'agent is running')
    log.info({ signal: await ended }, 'stopping; the nftables table stays')
  } finally {
    await parts.stop()
  }
}

interface Assembly {
  readonly parts: Startable
  readonly health: HealthServer
}

async function assemble(config: AgentConfig, driver: NftDriver, log: Logger): Promise<Assembly> {
  const clock = systemClock
  const metrics = createMetrics(true)
  const { client } = await connectKube({ kubeconfig: config.kubeconfig }, clock)
  const watching = { client, clock, log, metrics: kubeMetrics(metrics) }
  const stores = agentStores(watching, config)
  const { namespace, tlsDir } = config
  const credentials = processCredentials(watching, { namespace, name: TrustSecret.agent }, tlsDir)
  const routers = new RouterReplicas(stores.routerSlices, config.namespace)
  const logger = log.child({ component: 'sources' })
  const tls = new TlsFiles({ clock, logger, metrics }, credentials.source)
  const told = new SourceClient(
    { clock, logger, metrics, tls, routers: routers.replicas },
    { version: VERSION },
  )
  const input = new NatInputSource({ stores, sources: told.sources, clock, log, metrics })
  const reconciler = new NatReconciler({ desired: input.desired, driver, clock, log, metrics })
  reconciler.appliedSources.subscribe((table) => told.applied(table))
  const notReady = () => [...told.notReady(), ...input.notReady(), ...reconciler.notReady()]
  const health = new HealthServer({ metrics, notReady }, config.health)
  const close = { start: async () => {}, stop: () => client.close() }
  // Stopped in reverse: readiness ends with the health server, what is being written is finished, then the watches end.
  const parts = [
    close,
    ...Object.values(stores),
    routers,
    ...credentials.parts,
    told,
    input,
    reconciler,
    health,
  ]
  return { parts: new Lifecycle(parts), health }
}

function readConfig(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): AgentConfig {
  const flags = readFlags(argv)
  const nodeName = flags['node-name'] ?? env['NODE_NAME'] ?? ''
  const cleanup = flags.cleanup === true
  if (nodeName === '' && !cleanup) {
    throw new UsageError('agent: give --node-name or set NODE_NAME: whose pods are translated hangs on it')
  }
  return {
    nodeName,
    namespace: flags.namespace ?? env['POD_NAMESPACE'] ?? SYSTEM_NAMESPACE,
    health: {
      host: env['POD_IP'] ?? '0.0.0.0',
      port: parsePort(flags['health-port'] ?? `${Port.agentHealth}`),
    },
    kubeconfig: flags.kubeconfig,
    logLevel: parseLogLevel(flags['log-level'] ?? 'info'),
    tlsDir: flags['tls-dir'],
    cleanup,
  }
}

function readFlags(argv: readonly string[]) {
  const text = { type: 'string' } as const
  const options = {
    'node-name': text,
    namespace: text,
    'tls-dir': text,
    'health-port': text,
    kubeconfig: text,
    cleanup: { type: 'boolean' },
    'log-level': text,
  } as const
  try {
    return parseArgs({ args: [...argv], options }).values
  } catch (error) {
    throw new UsageError(`agent: ${describeError(error)}`, { cause: error })
  }
}
