/** `fairlead trace`. */
import { Command, InvalidArgumentError } from 'commander'
import { isDnsLabel } from '../../api/names.ts'
import { ReportPath, type TraceReport } from '../../api/network-report.ts'
import type { CliContext } from '../context.ts'
import { type KubeOptions, withKube } from '../kube-options.ts'
import { addMemberOptions } from '../member.ts'
import { type OutputFormat, outputOption, printText } from '../output.ts'
import { serviceArgument } from '../service-argument.ts'
import { ReportError, routerReport } from './router-report.ts'
import { traceText } from './trace-text.ts'

interface Options extends KubeOptions {
  readonly namespace?: string
  readonly port?: string
  readonly systemNamespace: string
  readonly output: OutputFormat
}

/** The paths that new flows of an imported service would take. */
export function traceCommand(context: CliContext): Command {
  return addMemberOptions(
    new Command('trace').description('where new flows of an imported service would go, hop by hop'),
  )
    .argument('<service>', 'NAME or service/NAME')
    .option('-n, --namespace <name>', "namespace of the service (default: the context's)")
    .option('--port <name|number>', 'that port alone (default: all ports of the import)', readPort)
    .addOption(outputOption())
    .action(async (service: string, options: Options) => {
      const refIn = serviceArgument(service, options.namespace)
      const { port, systemNamespace } = options
      const report = await withKube(options, async (kube) => {
        const { namespace, name } = refIn(kube)
        const query = { namespace, name, ...(port === undefined ? {} : { port }) }
        const routers = { client: kube.client, namespace: systemNamespace }
        const found = await routerReport<TraceReport>(routers, ReportPath.trace, query)
        if (found.ports.length > 0) return found
        throw new ReportError(
          `${namespace}/${name} is not imported in this cluster: see "kubectl get serviceimports -n ${namespace}"`,
        )
      })
      await printText(context, options.output, report, traceText)
    })
}

function readPort(text: string): string {
  if (isDnsLabel(text)) return text
  throw new InvalidArgumentError('the name of a port, or its number, is wanted')
}
