/** `fairlead install`. */
import { Command, Option } from 'commander'
import { GLOBAL_DEFAULTS, type GlobalNetwork } from '../api/globalnet.ts'
import { membershipProperties } from '../api/membership.ts'
import type { KubeObject } from '../api/objects.ts'
import { parseCidr } from '../core/cidr.ts'
import { UsageError } from '../core/errors.ts'
import { type CliContext, ExitCode } from './context.ts'
import { trustObject } from './install/first-keys.ts'
import { installFairlead } from './install/install.ts'
import {
  manifestObjects,
  namespacedObjects,
  OVERLAYS,
  type Overlay,
  withGlobalnet,
  withoutNetworkPolicies,
  withRouterReplicas,
} from './install/installation.ts'
import { WAIT_MS } from './install/limits.ts'
import { checkWanted } from './install/membership.ts'
import { installNamespaced } from './install/namespaced-install.ts'
import { addKubeOptions, type KubeOptions, timeoutOption } from './kube-options.ts'
import { type OutputFormat, outputOption, printResult, say } from './output.ts'
import { wholeNumber } from './whole-number.ts'

interface Options extends KubeOptions {
  readonly clusterId?: string
  readonly clusterset?: string
  readonly pki?: string
  readonly readmit: boolean
  readonly overlay: Overlay
  readonly routerReplicas?: number
  readonly admission: boolean
  readonly globalnet?: boolean
  readonly globalRange?: string
  readonly globalBlockSize?: number
  readonly namespaceScoped: boolean
  readonly namespace?: string
  readonly networkPolicies: boolean
  readonly dryRun?: boolean
  readonly wait: boolean
  readonly timeout: number
  readonly output: OutputFormat
}

/** More is a slip of the finger. */
const MAX_ROUTERS = 100

/** Applies the manifests with what a cluster needs to be a member of a clusterset. */
export function installCommand(context: CliContext): Command {
  return addKubeOptions(
    new Command('install').description('install fairlead into a cluster, or bring it up to date'),
  )
    .option(
      '--cluster-id <id>',
      "the cluster's id in the clusterset (default: what it is already, else the context's name)",
    )
    .option(
      '--clusterset <name>',
      'name of the clusterset that this cluster founds; leave it out where the cluster is to join one',
    )
    .option(
      '--pki <dir>',
      "folder of the clusterset's root key, made when missing, where no cluster is to hold it; the same for every cluster",
    )
    .option('--readmit', 'with --pki: let a cluster in again that was revoked', false)
    .addOption(
      new Option('--overlay <name>', 'which of manifests/ to apply').choices([...OVERLAYS]).default('base'),
    )
    .option(
      '--router-replicas <number>',
      'routers of this cluster, all of which carry traffic (default: what the overlay says)',
      wholeNumber(1, MAX_ROUTERS),
    )
    .option(
      '--admission',
      'have the API server refuse ServiceExports and ServiceImports that make no sense (Kubernetes 1.30)',
      false,
    )
    .option(
      '--globalnet',
      'give exports and clients addresses that are unique in the clusterset; needs an agent with NET_ADMIN on every node',
    )
    .option(
      '--global-range <cidr>',
      'with --globalnet: the range of all clusters, the same in each (default: 242.0.0.0/8)',
    )
    .option(
      '--global-block-size <number>',
      "with --globalnet: addresses in this cluster's block, a power of two (default: 65536)",
      wholeNumber(BLOCK_SIZES.least, BLOCK_SIZES.most),
    )
    .option(
      '--namespace-scoped',
      'a member of one namespace, with no right beyond it: what a team can install for itself (docs/security.md)',
      false,
    )
    .option('-n, --namespace <name>', "with --namespace-scoped: that namespace (default: the context's)")
    .option('--no-network-policies', 'leave the NetworkPolicies of the processes out')
    .option(
      '--dry-run',
      'print the objects as YAML and change nothing; Secrets and cluster DNS are not shown',
    )
    .option('--wait', 'wait until every process is ready', false)
    .addOption(timeoutOption(WAIT_MS))
    .addOption(outputOption())
    .action(async (options: Options) => {
      if (options.dryRun) await printManifests(context, options)
      else await install(context, options)
    })
}

/** What is said of the GlobalNetwork; undefined without globalnet. */
function globalSpec({ globalnet, globalRange, globalBlockSize }: GlobalOptions): GlobalNetwork['spec'] {
  if (globalnet !== true) {
    if (globalRange === undefined && globalBlockSize === undefined) return undefined
    throw new UsageError('--global-range and --global-block-size are for --globalnet')
  }
  if (globalRange !== undefined && parseCidr(globalRange)?.family !== 4)
    throw new UsageError(
      `--global-range ${globalRange}: give a block of IPv4 addresses such as ${GLOBAL_DEFAULTS.range}`,
    )
  return {
    ...(globalRange === undefined ? {} : { range: globalRange }),
    ...(globalBlockSize === undefined ? {} : { blockSize: globalBlockSize }),
  }
}

type GlobalOptions = Pick<Options, 'globalnet' | 'globalRange' | 'globalBlockSize'>

/** The CRD says the same. */
const BLOCK_SIZES = { least: 4, most: 8_388_608 } as const

async function install(context: CliContext, { pki, timeout, output, ...options }: Options): Promise<void> {
  if (options.readmit && pki === undefined)
    throw new UsageError('--readmit is for --pki: where the root is in a cluster, invite from there')
  const common = {
    ...options,
    ...(pki === undefined ? {} : { pkiDir: pki }),
    timeoutMs: timeout,
    say: (message: string) => say(context, message),
  }
  const report = isNamespaceScoped(options)
    ? await installNamespaced(common)
    : await installFairlead({ ...common, globalnet: globalSpec(options) })
  if (report.dns.outcome === 'left alone' && options.namespaceScoped) say(context, report.dns.advice)
  await printResult(context, output, report, ({ objects, dns }) => [
    ['OBJECT', 'OUTCOME'],
    ...objects.map(({ object, outcome }) => [object, outcome]),
    ['cluster DNS', dns.outcome],
  ])
  context.setExitCode(ExitCode.ok)
}

/** Refuses what only whole clusters have. */
function isNamespaceScoped(options: Omit<Options, 'pki' | 'timeout' | 'output'>): boolean {
  const { namespaceScoped, namespace, admission } = options
  if (!namespaceScoped) {
    if (namespace === undefined) return false
    throw new UsageError(
      '--namespace is for --namespace-scoped: a whole cluster has fairlead in fairlead-system',
    )
  }
  if (globalSpec(options) !== undefined || admission)
    throw new UsageError(
      '--globalnet and --admission take rights of the whole cluster: leave --namespace-scoped out',
    )
  return true
}

async function printManifests(context: CliContext, options: Options): Promise<void> {
  const all = isNamespaceScoped(options)
    ? await namespacedObjects(options.overlay, options.namespace ?? 'default')
    : await clusterObjects(options)
  const objects = options.networkPolicies ? all : withoutNetworkPolicies(all)
  const { stringify } = await import('./yaml.ts')
  context.stdout.write(objects.map((object) => stringify(object)).join('---\n'))
  say(
    context,
    'not shown: Secrets with keys, which the controller makes as well; Secret fairlead-reports; the forwarding in cluster DNS',
  )
}

async function clusterObjects(options: Options): Promise<KubeObject[]> {
  const { clusterId, clusterset } = options
  checkWanted(options)
  const policies = options.admission ? await manifestObjects('admission') : []
  const overlay = withRouterReplicas(await manifestObjects(options.overlay), options.routerReplicas)
  const spec = globalSpec(options)
  return [
    ...(spec === undefined ? overlay : await withGlobalnet(overlay, spec)),
    ...policies,
    ...membershipProperties({ clusterId, clusterset }),
    trustObject(clusterset === undefined || options.pki !== undefined ? {} : { found: true }),
  ]
}
