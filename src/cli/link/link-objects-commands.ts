/** `fairlead link list`, `show` and `delete`: the Link objects of a cluster. */
import { Command } from 'commander'
import type { LinkResource } from '../../api/link.ts'
import { Resource } from '../../api/resources.ts'
import { isUnknownApi } from '../../kube/errors.ts'
import type { CliContext } from '../context.ts'
import { InstallError, notInstalled } from '../install/errors.ts'
import { addMemberOptions, type Member, type MemberOptions, withMember } from '../member.ts'
import { type OutputFormat, outputOption, printResult, say } from '../output.ts'
import { linkDetails, linkSummary, linkTable } from './link-summary.ts'

interface ResultOptions extends MemberOptions {
  readonly output: OutputFormat
}

/** The links that this cluster dials. */
export function linkListCommand(context: CliContext): Command {
  return addMemberOptions(new Command('list').description('the links that this cluster dials'))
    .addOption(outputOption())
    .action(async (_own: unknown, command: Command) => {
      const options = command.optsWithGlobals<ResultOptions>()
      const links = await withMember(options, (member) => known(listLinks(member)))
      await printResult(context, options.output, links.map(linkSummary), linkTable)
    })
}

/** One link, with its conditions. */
export function linkShowCommand(context: CliContext): Command {
  return addMemberOptions(new Command('show').description('one link, with what its routers say of it'))
    .argument('<name>', 'name of the link')
    .addOption(outputOption())
    .action(async (name: string, _own: unknown, command: Command) => {
      const options = command.optsWithGlobals<ResultOptions>()
      const link = await withMember(options, (member) => known(findLink(member, name)))
      await printResult(context, options.output, linkSummary(link), linkDetails)
    })
}

/** Deletes a Link object; its routers say goodbye and stop to dial. */
export function linkDeleteCommand(context: CliContext): Command {
  return addMemberOptions(new Command('delete').description('stop dialling a cluster'))
    .argument('<name>', 'name of the link')
    .action(async (name: string, _own: unknown, command: Command) => {
      await withMember(command.optsWithGlobals<MemberOptions>(), async (member) => {
        const ref = { namespace: member.systemNamespace, name }
        if (!(await known(member.client.delete(Resource.link, ref)))) throw await noLink(member, name)
      })
      say(context, `link ${name} is deleted`)
    })
}

async function listLinks({ client, systemNamespace: namespace }: Member): Promise<readonly LinkResource[]> {
  const { items } = await client.list<LinkResource>(Resource.link, { namespace })
  return items
}

async function findLink(member: Member, name: string): Promise<LinkResource> {
  const ref = { namespace: member.systemNamespace, name }
  const link = await member.client.get<LinkResource>(Resource.link, ref)
  if (link === undefined) throw await noLink(member, name)
  return link
}

async function noLink(member: Member, name: string): Promise<InstallError> {
  const names = (await known(listLinks(member))).map(({ metadata }) => metadata.name)
  return new InstallError(
    `this ${member.served.namespace === undefined ? 'cluster' : 'member'} has no link "${name}"; it has ${names.length === 0 ? 'none' : names.join(', ')}`,
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
