/** `fairlead revoke`. */
import { Command } from 'commander'
import { confirmed } from '../confirm.ts'
import { type CliContext, ExitCode } from '../context.ts'
import { WAIT_MS } from '../install/limits.ts'
import { checkedClusterId } from '../install/membership.ts'
import { timeoutOption } from '../kube-options.ts'
import { addMemberOptions, type Member, type MemberOptions, withMember } from '../member.ts'
import { say } from '../output.ts'
import { waitFor } from '../wait.ts'
import { presentTrust } from './present-trust.ts'
import { requireRevocable, revoke } from './revoke.ts'
import { hasRemains, remainsOf, remainsText } from './revoked-cluster.ts'

interface Options extends MemberOptions {
  readonly yes: boolean
  readonly pki?: string
  readonly timeout: number
}

/** Takes a cluster out of the clusterset, whether it answers or not. */
export function revokeCommand(context: CliContext): Command {
  return addMemberOptions(
    new Command('revoke').description(
      'take a cluster out of the clusterset: its links, flows, records and imports end everywhere, at once',
    ),
  )
    .argument('<cluster-id>', 'its id in the clusterset')
    .option('--pki <dir>', 'folder of the root, where it is not in the cluster that founded the clusterset')
    .option('--yes', 'do not ask', false)
    .addOption(timeoutOption(WAIT_MS))
    .action(async (id: string, options: Options) => {
      const cluster = checkedClusterId(id)
      await withMember(options, (member) => run(context, member, cluster, options))
    })
}

async function run(
  context: CliContext,
  member: Member,
  cluster: string,
  { pki, yes, timeout }: Options,
): Promise<void> {
  const trust = await requireRevocable(member, { cluster, pki })
  const members = trust.status?.members
  if (members !== undefined && !members.some((each) => each.cluster === cluster))
    say(context, `${cluster} is not in the list of members: if it is a site, what it got until now is void`)
  const question = `Cluster ${cluster} can then come back by a new invite only. Revoke it?`
  if (!(await confirmed(context, question, yes))) {
    context.setExitCode(ExitCode.failed)
    return
  }
  const before = await remainsOf(member, cluster)
  const { version, unkept } = await revoke(member, { cluster, pki, at: Date.now() })
  if (unkept !== undefined)
    say(context, `warning: ${unkept}: a cluster that is let in from there is not told of the revocation`)
  const inForce = version ?? (trust.status?.statement ?? 0) + 1
  await waitFor('the new trust statement', timeout, async () => await isInForce(member, inForce))
  await waitFor(`the end of what is shared with ${cluster}`, timeout, async () =>
    hasRemains(await remainsOf(member, cluster)) ? undefined : true,
  )
  say(context, `revoked ${cluster}: ended ${remainsText(before)} in this cluster, and all others are told`)
}

async function isInForce(member: Member, version: number): Promise<true | undefined> {
  const trust = await presentTrust(member)
  return (trust?.status?.statement ?? 0) >= version ? true : undefined
}
