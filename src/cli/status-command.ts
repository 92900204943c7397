/** `fairlead status`. */
import { Command } from 'commander'
import { type CliContext, ExitCode } from './context.ts'
import { addMemberOptions, type MemberOptions, withMember } from './member.ts'
import { formatTable, type OutputFormat, outputOption, printText, type Table } from './output.ts'
import { type ClusterStatus, clusterStatus } from './status/cluster-status.ts'

interface Options extends MemberOptions {
  readonly output: OutputFormat
}

/** Ends with 1 when a process or a link is not ready. */
export function statusCommand(context: CliContext): Command {
  return addMemberOptions(
    new Command('status').description('processes, links, exports, imports and service policies of a cluster'),
  )
    .addOption(outputOption())
    .action(async (options: Options) => {
      const status = await withMember(options, clusterStatus)
      await printText(context, options.output, status, statusText)
      if (!status.healthy) context.setExitCode(ExitCode.failed)
    })
}

function statusText(status: ClusterStatus): string {
  return statusTables(status).map(formatTable).join('\n')
}

/** One table per part, those without rows left out. */
function statusTables({ context, namespace, clusterId, clusterset, ...status }: ClusterStatus): Table[] {
  const tables: Table[] = [
    [
      ['CONTEXT', ...(namespace === undefined ? [] : ['NAMESPACE']), 'CLUSTER', 'CLUSTERSET'],
      [
        context,
        ...(namespace === undefined ? [] : [namespace]),
        clusterId ?? '<none>',
        clusterset ?? '<none>',
      ],
    ],
    [
      ['PROCESS', 'READY'],
      ...status.processes.map(({ name, ready, wanted }) => [name, `${ready}/${wanted}`]),
    ],
    [
      ['LINK', 'REMOTE', 'READY', 'MESSAGE'],
      ...status.links.map(({ name, remoteCluster, ready, message }) => [
        name,
        remoteCluster ?? '',
        ready,
        message,
      ]),
    ],
    [
      ['EXPORT', 'VALID', 'READY', 'CONFLICT', 'MESSAGE'],
      ...status.exports.map((each) => [nameOf(each), each.valid, each.ready, each.conflict, each.message]),
    ],
    [
      ['IMPORT', 'TYPE', 'IP', 'PORTS', 'CLUSTERS'],
      ...status.imports.map((each) => [
        nameOf(each),
        each.type,
        each.ips.join(','),
        each.ports.join(','),
        each.clusters.join(','),
      ]),
    ],
    [
      ['POLICY', 'ACCEPTED', 'EXPORTS', 'DENIED', 'MESSAGE'],
      ...status.policies.map((each) => [
        nameOf(each),
        each.accepted,
        each.exports.join(','),
        `${each.denied}`,
        each.message,
      ]),
    ],
  ]
  return tables.filter((table) => table.length > 1)
}

function nameOf({ namespace, name }: { namespace: string; name: string }): string {
  return `${namespace}/${name}`
}
