/**
 * Composition root of `fairlead controller`: keeps the exports and imports of one cluster. All replicas watch, the one
 * that holds the Lease writes. What it may do in Kubernetes is listed in manifests/base/controller/rbac.yaml. Long because
 * all its parts meet here.
 */
import { hostname } from 'node:os'
import { parseArgs } from 'node:util'
import { membershipProperties } from '../api/membership.ts'
import { Env, Port, SYSTEM_NAMESPACE } from '../api/names.ts'
import { VERSION } from '../cli/version.ts'
import { systemClock } from '../core/clock.ts'
import { parseDuration } from '../core/duration.ts'
import { describeError, UsageError } from '../core/errors.ts'
import { parseLogLevel, parsePort } from '../core/flag-values.ts'
import { HealthServer } from '../core/health.ts'
import { Lifecycle, type Startable, terminationSignal } from '../core/lifecycle.ts'
import { createLogger, type LogLevel } from '../core/log.ts'
import { createMetrics } from '../core/metrics.ts'
import { exportMetrics } from '../exporter/export-metrics.ts'
import { Leadership, LeadershipLostError } from '../exporter/leadership.ts'
import { STALE_AFTER_BOUNDS, STALE_AFTER_MS } from '../exporter/limits.ts'
import { ROUTER_SERVICE } from '../exporter/router-addresses.ts'
import { controllerStores, namespacedStores, notSynced } from '../exporter/stores.ts'
import { connectKube } from '../kube/client.ts'
import { EventRecorder } from '../kube/events.ts'
import { kubeMetrics } from '../kube/kube-metrics.ts'
import { LeaderElector } from '../kube/lease.ts'
import { CredentialFolder } from '../link/credential-folder.ts'
import { DirectoryClient } from '../link/directory-client.ts'
import { TlsFiles } from '../link/tls-files.ts'
import type { PeerIdentity } from '../pki/identity.ts'
import { globalnetOf, trustOf } from './controller-parts.ts'

/** Lease of the leading controller. */
const LEASE_NAME = 'fairlead-controller'

/** What the command line and the downward API say. */
interface ControllerConfig {
  /** Folder of ca.crt, tls.crt and tls.key; undefined: the cluster's own authority makes them. */
  readonly tlsDir: string | undefined
  readonly router: { readonly host: string; readonly port: number }
  readonly namespace: string
  /** How long a cluster may be out of reach before its endpoints give way, milliseconds. */
  readonly staleAfterMs: number
  /** Name of this replica: the pod's. */
  readonly identity: string
  readonly health: { readonly host: string; readonly port: number }
  /** Where invites are redeemed. */
  readonly join: { readonly host: string; readonly port: number }
  readonly kubeconfig: string | undefined
  readonly leaderElection: boolean
  /** Serve the namespace that it runs in, and no other. */
  readonly ownNamespace: boolean
  /** Give exports and clients global addresses, where a GlobalNetwork says so. */
  readonly globalnet: boolean
  readonly logLevel: LogLevel
}

/** Runs until SIGTERM or SIGINT, or until the lead is lost, which is an error: another replica may lead already. */
export async function runController(argv: readonly string[]): Promise<void> {
  const config = readConfig(argv, process.env)
  const failure = Promise.withResolvers<never>()
  const ended = Promise.race([terminationSignal(), failure.promise])
  // It may fail while the parts are still being started; it is waited for after that.
  ended.catch(() => {})
  const parts = await assemble(config, (error) => failure.reject(error))
  try {
    await parts.start()
    await ended
  } finally {
    await parts.stop()
  }
}

async function assemble(config: ControllerConfig, fail: (error: unknown) => void): Promise<Startable> {
  const clock = systemClock
  const log = createLogger(config.logLevel, { process: 'controller', pod: config.identity })
  const metrics = createMetrics(true)
  const { client } = await connectKube({ kubeconfig: config.kubeconfig }, clock)
  const watching = { client, clock, log, metrics: kubeMetrics(metrics) }
  const stores = config.ownNamespace
    ? namespacedStores(watching, config.namespace, async () => propertiesOf((await tls.whenPresent).identity))
    : controllerStores(watching)
  const logger = log.child({ component: 'directory' })
  const events = new EventRecorder(
    { client, clock, log },
    { controller: 'fairlead.dev/controller', instance: config.identity },
  )
  const trust =
    config.tlsDir === undefined
      ? trustOf({ ...watching, registry: metrics, stores, events }, config)
      : undefined
  const credentials = trust?.credentials ?? new CredentialFolder(config.tlsDir ?? '')
  const tls = new TlsFiles({ clock, logger, metrics }, credentials)
  const link = new DirectoryClient({ clock, metrics, logger, tls }, { ...config.router, version: VERSION })
  const lead = trust?.lead(link, tls)
  const globalnet = config.globalnet
    ? globalnetOf({ ...watching, registry: metrics, stores, link, events })
    : undefined
  const leadership = new Leadership(
    {
      ...(globalnet === undefined ? {} : { globalnet: globalnet.feed }),
      ...(trust === undefined ? {} : { trustFacts: trust.facts }),
      member: tls.whenPresent,
      client,
      stores,
      link,
      events,
      clock,
      log,
      hooks: exportMetrics(metrics, () => leadership.figures),
      fail,
    },
    {
      cluster: () => link.identity.cluster,
      namespace: config.namespace,
      staleAfterMs: config.staleAfterMs,
    },
  )
  const begin = (): void => {
    lead?.begin()
    trust?.join.begin()
    leadership.begin()
  }
  const elector = new LeaderElector(
    { client, clock, log },
    {
      namespace: config.namespace,
      name: LEASE_NAME,
      identity: config.identity,
      onElected: begin,
      onLost: () => fail(new LeadershipLostError()),
    },
  )
  const health = new HealthServer(
    {
      metrics,
      notReady: () => [
        ...notSynced({ ...stores, ...globalnet?.stores, ...trust?.stores }),
        ...(trust?.waitsToJoin() ?? tls.notReady()),
      ],
    },
    config.health,
  )
  // Stopped in reverse: what writes ends first, then the lease is free for another, then the watches end.
  return new Lifecycle([
    { start: async () => {}, stop: () => client.close() },
    health,
    ...Object.values(trust?.stores ?? {}),
    ...(trust === undefined ? [] : [trust.credentials]),
    link,
    ...Object.values(stores),
    ...Object.values(globalnet?.stores ?? {}),
    events,
    ...(trust?.inviting === undefined ? [] : [trust.inviting]),
    config.leaderElection ? elector : { start: async () => begin(), stop: async () => {} },
    ...(lead === undefined ? [] : [lead]),
    ...(trust === undefined ? [] : [trust.join]),
    leadership,
  ])
}

/** What the cluster's own ClusterProperties would say, which take a right of the whole cluster to read. */
function propertiesOf({ cluster, clusterset }: PeerIdentity) {
  return membershipProperties({ clusterId: cluster, clusterset })
}

function readConfig(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): ControllerConfig {
  const flags = readFlags(argv)
  const namespace = flags.namespace ?? env['POD_NAMESPACE'] ?? SYSTEM_NAMESPACE
  const globalnet = flags.globalnet === true || env[Env.globalnet] === 'true'
  const ownNamespace = flags['own-namespace'] === true || env[Env.ownNamespace] === 'true'
  if (ownNamespace && globalnet)
    throw new UsageError('--globalnet is for whole clusters: leave --own-namespace out')
  return {
    tlsDir: flags['tls-dir'],
    router: parseHostPort(flags.router ?? `${ROUTER_SERVICE}.${namespace}.svc:${Port.link}`),
    namespace,
    staleAfterMs: parseStaleAfter(flags['stale-after']),
    identity: env['POD_NAME'] ?? hostname(),
    health: { host: env['POD_IP'] ?? '0.0.0.0', port: parsePort(flags['health-port'] ?? `${Port.health}`) },
    join: { host: env['POD_IP'] ?? '0.0.0.0', port: parsePort(flags['join-port'] ?? `${Port.join}`) },
    kubeconfig: flags.kubeconfig,
    leaderElection: flags['no-leader-election'] !== true,
    globalnet,
    ownNamespace,
    logLevel: parseLogLevel(flags['log-level'] ?? 'info'),
  }
}

function readFlags(argv: readonly string[]) {
  const text = { type: 'string' } as const
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        'tls-dir': text,
        router: text,
        namespace: text,
        'health-port': text,
        'join-port': text,
        kubeconfig: text,
        'stale-after': text,
        'no-leader-election': { type: 'boolean' },
        globalnet: { type: 'boolean' },
        'own-namespace': { type: 'boolean' },
        'log-level': text,
      },
    })
    return values
  } catch (error) {
    throw new UsageError(`controller: ${describeError(error)}`, { cause: error })
  }
}

/** `host:port`; an IPv6 address stands in brackets. */
function parseHostPort(value: string): { host: string; port: number } {
  const [, host, port] = /^(?:\[(?=.*\]))?([^\]]+?)\]?:(\d+)$/.exec(value) ?? []
  if (host === undefined || port === undefined) {
    throw new UsageError(`--router ${value}: give host:port, such as ${ROUTER_SERVICE}:${Port.link}`)
  }
  return { host, port: parsePort(port) }
}

function parseStaleAfter(value: string | undefined): number {
  if (value === undefined) return STALE_AFTER_MS
  try {
    return parseDuration(value, STALE_AFTER_BOUNDS)
  } catch (error) {
    throw new UsageError(`--stale-after: ${describeError(error)}`, { cause: error })
  }
}
