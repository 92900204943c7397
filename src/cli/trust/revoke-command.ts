/** `fairlead revoke`. */
import { Command } from 'commander'
import { SYSTEM_NAMESPACE } from '../../api/names.ts'
import { Resource } from '../../api/resources.ts'
import { TRUST, type Trust } from '../../api/trust.ts'
import type { KubeClient } from '../../kube/types.ts'
import { confirmed } from '../confirm.ts'
import { type CliContext, ExitCode } from '../context.ts'
import { WAIT_MS } from '../install/limits.ts'
import { checkedClusterId } from '../install/membership.ts'
import { addKubeOptions, type KubeOptions, timeoutOption, withKube } from '../kube-options.ts'
import { say } from '../output.ts'
import { waitFor } from '../wait.ts'
import { requireRevocable, revoke } from './revoke.ts'
import { hasRemains, remainsOf, remainsText } from './revoked-cluster.ts'

interface Options extends KubeOptions {
  readonly yes: boolean
  readonly pki?: string
  readonly timeout: number
}

/** Takes a cluster out of the clusterset, whether it answers or not. */
export function revokeCommand(context: CliContext): Command {
  return addKubeOptions(
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
      await withKube(options, ({ client }) => run(context, client, cluster, options))
    })
}

async function run(
  context: CliContext,
  client: KubeClient,
  cluster: string,
  { pki, yes, timeout }: Options,
): Promise<void> {
  const trust = await requireRevocable(client, { cluster, pki })
  const members = trust.status?.members
  if (members !== undefined && !members.some((member) => member.cluster === cluster))
    say(context, `${cluster} is not in the list of members: if it is a site, what it got until now is void`)
  const question = `Cluster ${cluster} can then come back by a new invite only. Revoke it?`
  if (!(await confirmed(context, question, yes))) {
    context.setExitCode(ExitCode.failed)
    return
  }
  const before = await remainsOf(client, cluster)
  const { version, unkept } = await revoke(client, { cluster, pki, at: Date.now() })
  if (unkept !== undefined)
    say(context, `warning: ${unkept}: a cluster that is let in from there is not told of the revocation`)
  const inForce = version ?? (trust.status?.statement ?? 0) + 1
  await waitFor('the new trust statement', timeout, async () => await isInForce(client, inForce))
  await waitFor(`the end of what is shared with ${cluster}`, timeout, async () =>
    hasRemains(await remainsOf(client, cluster)) ? undefined : true,
  )
  say(context, `revoked ${cluster}: ended ${remainsText(before)} in this cluster, and all others are told`)
}

async function isInForce(client: Pick<KubeClient, 'get'>, version: number): Promise<true | undefined> {
  const trust = await client.get<Trust>(Resource.trust, { namespace: SYSTEM_NAMESPACE, name: TRUST })
  return (trust?.status?.statement ?? 0) >= version ? true : undefined
}
