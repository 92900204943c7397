/** `fairlead install`. */
import { Command, Option } from 'commander'
import { GLOBAL_DEFAULTS, type GlobalNetwork } from '../api/globalnet.ts'
import { parseCidr } from '../core/cidr.ts'
import { UsageError } from '../core/errors.ts'
import { type CliContext, ExitCode } from './context.ts'
import { trustObject } from './install/first-keys.ts'
import { installFairlead } from './install/install.ts'
import {
  manifestObjects,
  membershipProperties,
  OVERLAYS,
  type Overlay,
  withGlobalnet,
  withRouterReplicas,
} from './install/installation.ts'
import { WAIT_MS } from './install/limits.ts'
import { checkWanted } from './install/membership.ts'
import { addKubeOptions, type KubeOptions, timeoutOption } from './kube-options.ts'
import { type OutputFormat, outputOption, printResult, say } from './output.ts'
import { wholeNumber } from './whole-number.ts'

interface Options extends KubeOptions {
  readonly clusterId?: string
  readonly clusterset?: string
  readonly pki?: string
  readonly overlay: Overlay
  readonly routerReplicas?: number
  readonly admission: boolean
  readonly globalnet?: boolean
  readonly globalRange?: string
  readonly globalBlockSize?: number
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
  const report = await installFairlead({
    ...options,
    globalnet: globalSpec(options),
    ...(pki === undefined ? {} : { pkiDir: pki }),
    timeoutMs: timeout,
    say: (message) => say(context, message),
  })
  await printResult(context, output, report, ({ objects, dns }) => [
    ['OBJECT', 'OUTCOME'],
    ...objects.map(({ object, outcome }) => [object, outcome]),
    ['cluster DNS', dns.outcome],
  ])
  context.setExitCode(ExitCode.ok)
}

async function printManifests(context: CliContext, options: Options): Promise<void> {
  const { clusterId, clusterset } = options
  checkWanted(options)
  const policies = options.admission ? await manifestObjects('admission') : []
  const overlay = withRouterReplicas(await manifestObjects(options.overlay), options.routerReplicas)
  const spec = globalSpec(options)
  const objects = [
    ...(spec === undefined ? overlay : await withGlobalnet(overlay, spec)),
    ...policies,
    ...membershipProperties({ clusterId, clusterset }),
    trustObject(clusterset === undefined || options.pki !== undefined ? {} : { found: true }),
  ]
  const { stringify } = await import('./yaml.ts')
  context.stdout.write(objects.map((object) => stringify(object)).join('---\n'))
  say(
    context,
    'not shown: Secrets with keys, which the controller makes as well; the forwarding in cluster DNS',
  )
}
