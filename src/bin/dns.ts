/**
 * Composition root of `fairlead dns`: answers clusterset.local from the imports of one cluster. Goes on with the last it
 * knew while the API server is away. What it may read in Kubernetes is listed in manifests/base/dns/rbac.yaml.
 */
import { parseArgs } from 'node:util'
import type { ServiceImport } from '../api/mcs.ts'
import { CLUSTERSET_ZONE, Env, Port } from '../api/names.ts'
import type { EndpointSlice, Namespace } from '../api/objects.ts'
import { Resource } from '../api/resources.ts'
import { systemClock } from '../core/clock.ts'
import { describeError, UsageError } from '../core/errors.ts'
import { parseLogLevel, parsePort } from '../core/flag-values.ts'
import { HealthServer } from '../core/health.ts'
import { Lifecycle, type Startable, terminationSignal } from '../core/lifecycle.ts'
import { createLogger, type Logger, type LogLevel } from '../core/log.ts'
import { createMetrics } from '../core/metrics.ts'
import { CLUSTERSET_DNS_VERSION, clusterSetSource, IMPORT_SLICES, importIndexes } from '../dns/clusterset.ts'
import { DnsServer } from '../dns/dns-server.ts'
import { SOURCE_RATE_DEFAULT } from '../dns/limits.ts'
import { serviceZones } from '../dns/service-zone.ts'
import { connectKube } from '../kube/client.ts'
import { fixedStore } from '../kube/fixed-store.ts'
import { kubeMetrics } from '../kube/kube-metrics.ts'
import { reflect } from '../kube/reflector.ts'

/** What the command line and the downward API say. */
interface DnsConfig {
  readonly listen: { readonly host: string; readonly port: number }
  readonly health: { readonly host: string; readonly port: number }
  readonly zone: string
  /** UDP messages a second that one source may send; 0 for any number. */
  readonly sourceRate: number
  /** Our address, behind the zone's name server. */
  readonly nameServer: readonly string[]
  readonly pod: string | undefined
  /** The one whose imports are answered for; undefined: all. */
  readonly namespace: string | undefined
  readonly kubeconfig: string | undefined
  readonly logLevel: LogLevel
}

/** Runs until SIGTERM or SIGINT. */
export async function runDns(argv: readonly string[]): Promise<void> {
  const config = readConfig(argv, process.env)
  const log = createLogger(config.logLevel, { process: 'dns', pod: config.pod })
  const { parts, server, health } = await assemble(config, log)
  const ended = terminationSignal()
  try {
    await parts.start()
    log.info({ zone: config.zone, port: server.port, health: health.port }, 'serving')
    log.info({ signal: await ended }, 'stopping')
  } finally {
    await parts.stop()
  }
}

interface Assembly {
  readonly parts: Startable
  readonly server: DnsServer
  readonly health: HealthServer
}

async function assemble(config: DnsConfig, log: Logger): Promise<Assembly> {
  const clock = systemClock
  const metrics = createMetrics(true)
  const { client } = await connectKube({ kubeconfig: config.kubeconfig }, clock)
  const watch = { client, clock, log, metrics: kubeMetrics(metrics) }
  const { namespace } = config
  const imports = reflect<ServiceImport>(watch, Resource.serviceImport, { namespace })
  const namespaces =
    namespace === undefined
      ? reflect<Namespace>(watch, Resource.namespace)
      : fixedStore<Namespace>(() => [{ metadata: { name: namespace } }])
  const slices = reflect<EndpointSlice>(watch, Resource.endpointSlice, {
    namespace,
    labelSelector: IMPORT_SLICES,
    indexes: importIndexes,
  })
  const source = clusterSetSource({ imports, slices, namespaces, clock }, config.zone)
  const zone = { ...config, version: CLUSTERSET_DNS_VERSION, pods: false }
  const server = new DnsServer(
    { zones: serviceZones(zone, source.snapshots), clock, metrics, log: log.child({ component: 'server' }) },
    { ...config.listen, sourceRate: config.sourceRate },
  )
  metrics.observe('fairlead_dns_services', 'Imports known', () => source.snapshots.current().services.size)
  const health = new HealthServer({ metrics, notReady: () => source.notReady() }, config.health)
  const close = { start: async () => {}, stop: () => client.close() }
  // Stopped in reverse: readiness ends with the health server, answers in work go out, then the watches end.
  return {
    parts: new Lifecycle([close, source, imports, namespaces, slices, server, health]),
    server,
    health,
  }
}

function readConfig(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): DnsConfig {
  const flags = readFlags(argv)
  const podIp = env['POD_IP']
  return {
    listen: parseListen(flags.listen ?? `${bracketed(podIp ?? '0.0.0.0')}:${Port.dns}`),
    health: { host: podIp ?? '0.0.0.0', port: parsePort(flags['health-port'] ?? `${Port.health}`) },
    zone: parseZone(flags.zone ?? CLUSTERSET_ZONE),
    sourceRate: parseRate(flags['source-rate'] ?? `${SOURCE_RATE_DEFAULT}`),
    nameServer: podIp === undefined ? [] : [podIp],
    pod: env['POD_NAME'],
    namespace: watchedNamespace(flags, env),
    kubeconfig: flags.kubeconfig,
    logLevel: parseLogLevel(flags['log-level'] ?? 'info'),
  }
}

function readFlags(argv: readonly string[]) {
  const text = { type: 'string' } as const
  try {
    const options = {
      listen: text,
      'health-port': text,
      kubeconfig: text,
      zone: text,
      'source-rate': text,
      'log-level': text,
      'own-namespace': { type: 'boolean' },
    } as const
    return parseArgs({ args: [...argv], options }).values
  } catch (error) {
    throw new UsageError(`dns: ${describeError(error)}`, { cause: error })
  }
}

/** Without cluster rights the namespace of the pod is all that can be watched. */
function watchedNamespace(
  flags: ReturnType<typeof readFlags>,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const { POD_NAMESPACE: namespace } = env
  if (flags['own-namespace'] !== true && env[Env.ownNamespace] !== 'true') return undefined
  if (namespace === undefined) throw new UsageError('--own-namespace needs POD_NAMESPACE in the environment')
  return namespace
}

/** `host:port`; an IPv6 address stands in brackets. */
function parseListen(value: string): { host: string; port: number } {
  const [, bracketedHost, plainHost, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(value) ?? []
  const host = bracketedHost ?? plainHost
  if (host === undefined || port === undefined)
    throw new UsageError(`--listen ${value}: give host:port, such as 0.0.0.0:${Port.dns}`)
  return { host, port: parsePort(port) }
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address
}

function parseRate(value: string): number {
  if (/^\d{1,9}$/.test(value)) return Number(value)
  throw new UsageError(`--source-rate ${value}: give queries a second for each source, or 0 for no limit`)
}

function parseZone(value: string): string {
  const zone = value.toLowerCase().replace(/\.$/, '')
  const label = '[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?'
  if (zone.length <= 190 && new RegExp(`^${label}(\\.${label})*$`).test(zone)) return zone
  throw new UsageError(`--zone ${value}: give a domain name such as ${CLUSTERSET_ZONE}`)
}
