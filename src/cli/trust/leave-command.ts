/** `fairlead leave`. */
import { Command } from 'commander'
import { findCondition } from '../../api/conditions.ts'
import { Resource } from '../../api/resources.ts'
import { type Trust, TrustCondition, TrustReason } from '../../api/trust.ts'
import { UsageError } from '../../core/errors.ts'
import { confirmed } from '../confirm.ts'
import { type CliContext, ExitCode } from '../context.ts'
import { WAIT_MS } from '../install/limits.ts'
import { timeoutOption } from '../kube-options.ts'
import { addMemberOptions, type Member, type MemberOptions, withMember } from '../member.ts'
import { say } from '../output.ts'
import { waitFor } from '../wait.ts'
import { presentTrust, trustRef } from './present-trust.ts'

interface Options extends MemberOptions {
  readonly yes: boolean
  readonly timeout: number
}

/** Takes this cluster out of its clusterset; fairlead stays installed. */
export function leaveCommand(context: CliContext): Command {
  return addMemberOptions(
    new Command('leave').description(
      'take this cluster out of its clusterset: its exports, imports, links and keys end, fairlead stays',
    ),
  )
    .option('--yes', 'do not ask', false)
    .addOption(timeoutOption(WAIT_MS))
    .action(async (options: Options) => {
      await withMember(options, (member) => run(context, member, options))
    })
}

async function run(context: CliContext, member: Member, { yes, timeout }: Options): Promise<void> {
  const { status } = await requireMember(member)
  const question = `Cluster ${status?.cluster} can then come back to ${status?.clusterset} by a new invite only. Leave?`
  if (!(await confirmed(context, question, yes))) {
    context.setExitCode(ExitCode.failed)
    return
  }
  await member.client.patch(Resource.trust, trustRef(member), 'merge', { spec: { leave: true } })
  say(context, 'the other clusters are told')
  await waitFor('leaving', timeout, async () => await hasLeft(member))
  say(context, `left ${status?.clusterset}: its links, imports and keys are deleted here`)
}

async function requireMember(member: Member): Promise<Trust> {
  const trust = await presentTrust(member)
  if (trust?.status?.role === 'founder')
    throw new UsageError('this cluster has founded the clusterset, and others are members by its root')
  if (trust?.status?.role !== 'member') throw new UsageError('this cluster is no member of a clusterset')
  return trust
}

async function hasLeft(member: Member): Promise<true | undefined> {
  const trust = await presentTrust(member)
  const ready = findCondition(trust?.status?.conditions, TrustCondition.ready)
  if (ready?.reason !== TrustReason.left) return undefined
  const imports = await member.client.list(Resource.serviceImport, member.served)
  return imports.items.length === 0 ? true : undefined
}
