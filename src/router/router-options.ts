/**
 * The flags of the router process. Reads nothing but what it is given.
 */
import { isIP, isIPv4, isIPv6 } from 'node:net'
import { parseArgs } from 'node:util'
import { Env, Port } from '../api/names.ts'
import { describeError, UsageError } from '../core/errors.ts'
import { LogLevel } from '../core/log.ts'
import { FlowLogLevel } from './flow-log.ts'

export interface RouterOptions {
  /** Folder with ca.crt, tls.crt and tls.key; undefined: they are in a Secret. */
  readonly tlsDir: string | undefined
  /** Address of the link port and of every listener. */
  readonly listenHost: string
  readonly linkPort: number
  readonly healthPort: number
  readonly reportPort: number
  /** File with the token that reports are told for; processes of the same machine or pod need none. */
  readonly reportTokenFile: string
  /** Serve the namespace that the router runs in, and no other. */
  readonly ownNamespace: boolean
  /** Undefined: no WebSockets are taken. */
  readonly webSocketPort: number | undefined
  /** Folder of resources of a site without Kubernetes; undefined: they are read from the Kubernetes API. */
  readonly resources: string | undefined
  /** Undefined: the pod's service account, else KUBECONFIG. */
  readonly kubeconfig: string | undefined
  /** How long new clients are still taken after SIGTERM: whoever sends them here has to hear of it first. */
  readonly handoverMs: number
  /** How long open flows may go on after that. */
  readonly drainMs: number
  /** Bytes of flows that may be buffered; undefined: a share of the memory there is. */
  readonly bufferMemory: number | undefined
  readonly logLevel: LogLevel
  readonly flowLog: FlowLogLevel
  /** Backends see the global addresses of their clients; agents translate. */
  readonly globalnet: boolean
}

/** Parses the flags; throws UsageError that names the flag. */
export function parseRouterOptions(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): RouterOptions {
  const values = parseFlags(argv)
  const { resources, kubeconfig } = values
  const globalnet = values.globalnet || env[Env.globalnet] === 'true'
  const ownNamespace = values['own-namespace'] || env[Env.ownNamespace] === 'true'
  if (ownNamespace && globalnet)
    throw new UsageError('--globalnet is for whole clusters: leave --own-namespace out')
  if (resources !== undefined && kubeconfig !== undefined)
    throw new UsageError('--resources is for a site without Kubernetes: leave --kubeconfig out')
  if (resources !== undefined && globalnet)
    throw new UsageError(
      '--resources is for a site without Kubernetes, which has no agents: leave --globalnet out',
    )
  // What a site imports is for its own machine, unless it says otherwise.
  const host = resources === undefined ? (podHost(env['POD_IPS']) ?? env['POD_IP'] ?? '0.0.0.0') : '127.0.0.1'
  return {
    resources,
    tlsDir: values['tls-dir'] ?? (resources === undefined ? undefined : SITE_TLS_DIR),
    listenHost: values['listen-host'] ?? host,
    linkPort: numberOf('--link-port', values['link-port'], 65_535),
    healthPort: numberOf('--health-port', values['health-port'], 65_535),
    reportPort: numberOf('--report-port', values['report-port'], 65_535),
    reportTokenFile: values['report-token-file'],
    ownNamespace,
    webSocketPort: numberOf('--websocket-port', values['websocket-port'], 65_535) || undefined,
    kubeconfig,
    handoverMs: numberOf('--handover-seconds', values['handover-seconds'], 600) * 1000,
    drainMs: numberOf('--drain-seconds', values['drain-seconds'], 3_600) * 1000,
    bufferMemory: bytesOf('--buffer-memory', values['buffer-memory']),
    logLevel: oneOf('--log-level', values['log-level'], LogLevel),
    flowLog: oneOf('--flow-log', values['flow-log'], FlowLogLevel),
    globalnet,
  }
}

/** A pod with addresses of both families listens at all it has; with one, at that (`status.podIPs`, joined by commas). */
function podHost(addresses = ''): string | undefined {
  const all = addresses.split(',').filter((address) => isIP(address) !== 0)
  return all.some(isIPv4) && all.some(isIPv6) ? '::' : all[0]
}

/** Where a site without Kubernetes has its files unless it says otherwise. */
const SITE_TLS_DIR = '/etc/fairlead/tls'

const FLAGS = {
  'tls-dir': { type: 'string' },
  'listen-host': { type: 'string' },
  'link-port': { type: 'string', default: String(Port.link) },
  'health-port': { type: 'string', default: String(Port.health) },
  'report-port': { type: 'string', default: String(Port.reports) },
  'report-token-file': { type: 'string', default: '/etc/fairlead/reports/token' },
  'own-namespace': { type: 'boolean', default: false },
  'websocket-port': { type: 'string', default: '0' },
  resources: { type: 'string' },
  kubeconfig: { type: 'string' },
  'handover-seconds': { type: 'string', default: '4' },
  'drain-seconds': { type: 'string', default: '10' },
  'buffer-memory': { type: 'string' },
  'log-level': { type: 'string', default: 'info' },
  'flow-log': { type: 'string', default: 'debug' },
  globalnet: { type: 'boolean', default: false },
} as const

function parseFlags(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: FLAGS }).values
  } catch (error) {
    throw new UsageError(`router: ${describeError(error)}`, { cause: error })
  }
}

function numberOf(flag: string, text: string, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!(value <= max)) throw new UsageError(`${flag} must be a whole number from 0 to ${max}, not "${text}"`)
  return value
}

const UNITS: Readonly<Record<string, number>> = { '': 1, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 }

/** A number of bytes as Kubernetes writes quantities of memory. */
function bytesOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const [, digits, unit = ''] = /^(\d{1,15})(Ki|Mi|Gi)?$/.exec(text) ?? []
  const bytes = Number(digits) * (UNITS[unit] ?? Number.NaN)
  if (bytes > 0) return bytes
  throw new UsageError(`${flag} must be a number of bytes like 67108864 or 64Mi, not "${text}"`)
}

function oneOf<T extends string>(flag: string, text: string, allowed: readonly T[]): T {
  const value = allowed.find((candidate) => candidate === text)
  if (value === undefined) throw new UsageError(`${flag} must be one of ${allowed.join(', ')}, not "${text}"`)
  return value
}
