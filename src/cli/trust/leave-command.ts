/** `fairlead leave`. */
import { Command } from 'commander'
import { findCondition } from '../../api/conditions.ts'
import { SYSTEM_NAMESPACE } from '../../api/names.ts'
import { Resource } from '../../api/resources.ts'
import { TRUST, type Trust, TrustCondition, TrustReason } from '../../api/trust.ts'
import { UsageError } from '../../core/errors.ts'
import type { KubeClient } from '../../kube/types.ts'
import { confirmed } from '../confirm.ts'
import { type CliContext, ExitCode } from '../context.ts'
import { WAIT_MS } from '../install/limits.ts'
import { addKubeOptions, type KubeOptions, timeoutOption, withKube } from '../kube-options.ts'
import { say } from '../output.ts'
import { waitFor } from '../wait.ts'

interface Options extends KubeOptions {
  readonly yes: boolean
  readonly timeout: number
}

const REF = { namespace: SYSTEM_NAMESPACE, name: TRUST }

/** Takes this cluster out of its clusterset; fairlead stays installed. */
export function leaveCommand(context: CliContext): Command {
  return addKubeOptions(
    new Command('leave').description(
      'take this cluster out of its clusterset: its exports, imports, links and keys end, fairlead stays',
    ),
  )
    .option('--yes', 'do not ask', false)
    .addOption(timeoutOption(WAIT_MS))
    .action(async (options: Options) => {
      await withKube(options, ({ client }) => run(context, client, options))
    })
}

async function run(context: CliContext, client: KubeClient, { yes, timeout }: Options): Promise<void> {
  const { status } = await requireMember(client)
  const question = `Cluster ${status?.cluster} can then come back to ${status?.clusterset} by a new invite only. Leave?`
  if (!(await confirmed(context, question, yes))) {
    context.setExitCode(ExitCode.failed)
    return
  }
  await client.patch(Resource.trust, REF, 'merge', { spec: { leave: true } })
  say(context, 'the other clusters are told')
  await waitFor('leaving', timeout, async () => await hasLeft(client))
  say(context, `left ${status?.clusterset}: its links, imports and keys are deleted here`)
}

async function requireMember(client: Pick<KubeClient, 'get'>): Promise<Trust> {
  const trust = await client.get<Trust>(Resource.trust, REF)
  if (trust?.status?.role === 'founder')
    throw new UsageError('this cluster has founded the clusterset, and others are members by its root')
  if (trust?.status?.role !== 'member') throw new UsageError('this cluster is no member of a clusterset')
  return trust
}

async function hasLeft(client: Pick<KubeClient, 'get' | 'list'>): Promise<true | undefined> {
  const trust = await client.get<Trust>(Resource.trust, REF)
  const ready = findCondition(trust?.status?.conditions, TrustCondition.ready)
  if (ready?.reason !== TrustReason.left) return undefined
  const imports = await client.list(Resource.serviceImport)
  return imports.items.length === 0 ? true : undefined
}
