/** `fairlead topology`. */
import { Command } from 'commander'
import { ReportPath, type TopologyReport } from '../../api/network-report.ts'
import type { CliContext } from '../context.ts'
import { type KubeOptions, withKube } from '../kube-options.ts'
import { addMemberOptions } from '../member.ts'
import { type OutputFormat, outputOption, printText } from '../output.ts'
import { routerReport } from './router-report.ts'
import { topologyText } from './topology-text.ts'

interface Options extends KubeOptions {
  readonly systemNamespace: string
  readonly output: OutputFormat
}

/** The network as a router of the cluster sees it. */
export function topologyCommand(context: CliContext): Command {
  return addMemberOptions(
    new Command('topology').description('routers of all clusters and the links between them'),
  )
    .addOption(outputOption())
    .action(async (options: Options) => {
      const report = await withKube(options, ({ client }) =>
        routerReport<TopologyReport>({ client, namespace: options.systemNamespace }, ReportPath.topology),
      )
      await printText(context, options.output, report, topologyText)
    })
}
