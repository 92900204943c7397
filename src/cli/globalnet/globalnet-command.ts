/** `fairlead globalnet`. */
import { Command, InvalidArgumentError } from 'commander'
import { findCondition } from '../../api/conditions.ts'
import { GlobalCondition, type GlobalEgressIP, MAX_EGRESS_ADDRESSES } from '../../api/globalnet.ts'
import { Resource } from '../../api/resources.ts'
import { UsageError } from '../../core/errors.ts'
import type { KubeConnection } from '../../kube/client.ts'
import { isUnknownApi } from '../../kube/errors.ts'
import { type CliContext, ExitCode } from '../context.ts'
import { InstallError } from '../install/errors.ts'
import { WAIT_MS } from '../install/limits.ts'
import { addKubeOptions, type KubeOptions, timeoutOption, withKube } from '../kube-options.ts'
import { formatTable, type OutputFormat, outputOption, printText, say } from '../output.ts'
import { waitFor } from '../wait.ts'
import { wholeNumber } from '../whole-number.ts'
import { globalnetReport, globalnetTables } from './globalnet-report.ts'

/** Field manager of what users make by commands. */
const MANAGER = 'fairlead-cli'

interface StatusOptions extends KubeOptions {
  readonly output: OutputFormat
}

interface EgressOptions extends KubeOptions {
  readonly namespace?: string
  readonly timeout: number
}

interface AllocateOptions extends EgressOptions {
  readonly count: number
  readonly selector?: Readonly<Record<string, string>>
}

/** Global addresses: what there is, and source addresses of one's own for a namespace or some of its pods. */
export function globalnetCommand(context: CliContext): Command {
  return new Command('globalnet')
    .description('global addresses of a cluster: its block, and who has which address')
    .addCommand(statusCommand(context))
    .addCommand(allocateCommand(context))
    .addCommand(releaseCommand(context))
}

function statusCommand(context: CliContext): Command {
  return addKubeOptions(
    new Command('status').description('the block, and every address that was given out of it'),
  )
    .addOption(outputOption())
    .action(async ({ output, ...options }: StatusOptions) => {
      const report = await withKube(options, globalnetReport)
      await printText(context, output, report, (each) => globalnetTables(each).map(formatTable).join('\n'))
      const allocated = report.network?.conditions.find(({ type }) => type === GlobalCondition.allocated)
      if (allocated?.status !== 'True') context.setExitCode(ExitCode.failed)
    })
}

function allocateCommand(context: CliContext): Command {
  return addKubeOptions(
    new Command('allocate').description(
      'give the pods of a namespace, or those with some labels, source addresses of their own (a GlobalEgressIP)',
    ),
  )
    .argument('<name>', 'name of the GlobalEgressIP')
    .option('-n, --namespace <name>', "namespace of the pods (default: the context's)")
    .option('--count <number>', 'how many addresses', wholeNumber(1, MAX_EGRESS_ADDRESSES), 1)
    .option('-l, --selector <labels>', 'only pods with these labels: key=value,...', parseLabels)
    .addOption(timeoutOption(WAIT_MS))
    .action(async (name: string, options: AllocateOptions) => {
      const addresses = await withKube(options, (kube) => allocate(kube, name, options))
      context.stdout.write(addresses.map((address) => `${address}\n`).join(''))
    })
}

async function allocate(
  { client, namespace: usual }: KubeConnection,
  name: string,
  { namespace = usual, count, selector, timeout }: AllocateOptions,
): Promise<readonly string[]> {
  const spec = { count, ...(selector === undefined ? {} : { podSelector: { matchLabels: { ...selector } } }) }
  const object = { metadata: { name, namespace }, spec }
  const { metadata } = await client
    .apply<GlobalEgressIP>(Resource.globalEgressIP, object, { fieldManager: MANAGER })
    .catch(explained)
  return await waitFor(`the addresses of ${namespace}/${name}`, timeout, async () => {
    const found = await client.get<GlobalEgressIP>(Resource.globalEgressIP, { name, namespace })
    const allocated = findCondition(found?.status?.conditions, GlobalCondition.allocated)
    if (allocated === undefined || (allocated.observedGeneration ?? 0) < (metadata.generation ?? 0))
      return undefined
    if (allocated.status !== 'True')
      throw new InstallError(`no addresses (${allocated.reason}): ${allocated.message}`)
    return found?.status?.allocatedIPs
  })
}

function releaseCommand(context: CliContext): Command {
  return addKubeOptions(new Command('release').description('give the addresses of a GlobalEgressIP back'))
    .argument('<name>', 'name of the GlobalEgressIP')
    .option('-n, --namespace <name>', "its namespace (default: the context's)")
    .addOption(timeoutOption(WAIT_MS))
    .action(async (name: string, options: EgressOptions) => {
      await withKube(options, async ({ client, namespace }) => {
        const ref = { name, namespace: options.namespace ?? namespace }
        const found = await client.get<GlobalEgressIP>(Resource.globalEgressIP, ref).catch(explained)
        if (found === undefined) throw new UsageError(`there is no GlobalEgressIP ${ref.namespace}/${name}`)
        await client.delete(Resource.globalEgressIP, ref)
        say(context, `released ${found.status?.allocatedIPs?.join(', ') ?? 'no address'}`)
      })
    })
}

function explained(error: unknown): never {
  if (!isUnknownApi(error)) throw error
  throw new InstallError('this cluster knows no global addresses: run "fairlead install --globalnet" first', {
    cause: error,
  })
}

function parseLabels(text: string): Record<string, string> {
  const entries = text.split(',').map((pair) => pair.split('='))
  if (entries.some((entry) => entry.length !== 2 || entry[0] === ''))
    throw new InvalidArgumentError('give key=value, more of them with commas between')
  return Object.fromEntries(entries) as Record<string, string>
}
