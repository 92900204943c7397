/** `fairlead link list`, `show` and `delete`: the Link objects of a cluster. */
import { Command } from 'commander'
import type { LinkResource } from '../../api/link.ts'
import { SYSTEM_NAMESPACE } from '../../api/names.ts'
import { Resource } from '../../api/resources.ts'
import { isUnknownApi } from '../../kube/errors.ts'
import type { KubeClient } from '../../kube/types.ts'
import type { CliContext } from '../context.ts'
import { InstallError, notInstalled } from '../install/errors.ts'
import { addKubeOptions, type KubeOptions, withKube } from '../kube-options.ts'
import { type OutputFormat, outputOption, printResult, say } from '../output.ts'
import { linkDetails, linkSummary, linkTable } from './link-summary.ts'

interface ResultOptions extends KubeOptions {
  readonly output: OutputFormat
}

/** The links that this cluster dials. */
export function linkListCommand(context: CliContext): Command {
  return addKubeOptions(new Command('list').description('the links that this cluster dials'))
    .addOption(outputOption())
    .action(async (_own: unknown, command: Command) => {
      const options = command.optsWithGlobals<ResultOptions>()
      const links = await withKube(options, ({ client }) => known(listLinks(client)))
      await printResult(context, options.output, links.map(linkSummary), linkTable)
    })
}

/** One link, with its conditions. */
export function linkShowCommand(context: CliContext): Command {
  return addKubeOptions(new Command('show').description('one link, with what its routers say of it'))
    .argument('<name>', 'name of the link')
    .addOption(outputOption())
    .action(async (name: string, _own: unknown, command: Command) => {
      const options = command.optsWithGlobals<ResultOptions>()
      const link = await withKube(options, ({ client }) => known(findLink(client, name)))
      await printResult(context, options.output, linkSummary(link), linkDetails)
    })
}

/** Deletes a Link object; its routers say goodbye and stop to dial. */
export function linkDeleteCommand(context: CliContext): Command {
  return addKubeOptions(new Command('delete').description('stop dialling a cluster'))
    .argument('<name>', 'name of the link')
    .action(async (name: string, _own: unknown, command: Command) => {
      const ref = { namespace: SYSTEM_NAMESPACE, name }
      await withKube(command.optsWithGlobals<KubeOptions>(), async ({ client }) => {
        if (!(await known(client.delete(Resource.link, ref)))) throw await noLink(client, name)
      })
      say(context, `link ${name} is deleted`)
    })
}

async function listLinks(client: KubeClient): Promise<readonly LinkResource[]> {
  const { items } = await client.list<LinkResource>(Resource.link, { namespace: SYSTEM_NAMESPACE })
  return items
}

async function findLink(client: KubeClient, name: string): Promise<LinkResource> {
  const link = await client.get<LinkResource>(Resource.link, { namespace: SYSTEM_NAMESPACE, name })
  if (link === undefined) throw await noLink(client, name)
  return link
}

async function noLink(client: KubeClient, name: string): Promise<InstallError> {
  const names = (await known(listLinks(client))).map(({ metadata }) => metadata.name)
  return new InstallError(
    `this cluster has no link "${name}"; it has ${names.length === 0 ? 'none' : names.join(', ')}`,
  )
}

async function known<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    if (!isUnknownApi(error)) throw error
    throw notInstalled(error)
  }
}
