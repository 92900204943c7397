/** `fairlead join`. */
import { readFile } from 'node:fs/promises'
import { text as readAll } from 'node:stream/consumers'
import { Command } from 'commander'
import type { JoinRequest } from '../api/invite.ts'
import { describeError, errorCode, UsageError } from '../core/errors.ts'
import type { KubeConnection } from '../kube/client.ts'
import { type CliContext, ExitCode } from './context.ts'
import { WAIT_MS } from './install/limits.ts'
import { checkedClusterId, presentMembership } from './install/membership.ts'
import { applyJoinFile, joined } from './join/join-cluster.ts'
import { readJoinFile } from './join/read-join-file.ts'
import { addKubeOptions, type KubeOptions, timeoutOption, withKube } from './kube-options.ts'
import { MAX_COST } from './link-command.ts'
import { say } from './output.ts'
import { wholeNumber } from './whole-number.ts'

interface Options extends KubeOptions {
  readonly clusterId?: string
  readonly cost?: number
  readonly wait: boolean
  readonly timeout: number
}

/** Makes the cluster a member by the file that `fairlead invite` printed. */
export function joinCommand(context: CliContext): Command {
  return addKubeOptions(
    new Command('join').description('join the clusterset of an invite; fairlead has to be installed'),
  )
    .argument('<file>', 'what "fairlead invite" printed; - reads standard input')
    .option(
      '--cluster-id <id>',
      "id that the cluster is to have (default: the invite's, else what the cluster has, else the context's name)",
    )
    .option('--cost <number>', "cost of the link (default: the invite's)", wholeNumber(1, MAX_COST))
    .option('--no-wait', 'do not wait until the cluster is a member and linked')
    .addOption(timeoutOption(WAIT_MS))
    .action((file: string, options: Options) => join(context, file, options))
}

async function join(context: CliContext, path: string, options: Options): Promise<void> {
  const { secret, request } = readJoinFile(await readText(context, path))
  const talk = (message: string): void => say(context, message)
  await withKube(options, async (kube) => {
    const wanted = await completed(kube, request, options)
    await applyJoinFile(kube.client, { secret, request: wanted })
    const { name = '' } = wanted.metadata
    say(context, `joining as cluster ${wanted.spec.clusterId} (joinrequest/${name})`)
    if (!options.wait) return
    const { link } = await joined(kube.client, name, { timeoutMs: options.timeout, say: talk })
    if (link !== undefined) say(context, `link ${link} is ready`)
  })
  context.setExitCode(ExitCode.ok)
}

/** With the id that the cluster is to have: as for install, the context's name when nobody said another. */
async function completed(
  { client, contextName }: KubeConnection,
  request: JoinRequest,
  { clusterId, cost }: Options,
): Promise<JoinRequest> {
  const present = await presentMembership(client)
  const id = clusterId ?? request.spec.clusterId ?? present.clusterId ?? contextName
  const spec = {
    ...request.spec,
    clusterId: checkedClusterId(id),
    ...(cost === undefined ? {} : { cost }),
  }
  return { ...request, spec }
}

async function readText(context: CliContext, path: string): Promise<string> {
  if (path === '-') return await readAll(context.stdin)
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const why = errorCode(cause) === 'ENOENT' ? 'there is no such file' : describeError(cause)
    throw new UsageError(`${path}: ${why}`, { cause })
  }
}
