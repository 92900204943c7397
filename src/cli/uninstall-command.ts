/** `fairlead uninstall`. */
import { Command } from 'commander'
import { UsageError } from '../core/errors.ts'
import type { CliContext } from './context.ts'
import { WAIT_MS } from './install/limits.ts'
import { uninstallFairlead } from './install/uninstall.ts'
import { addKubeOptions, type KubeOptions, timeoutOption } from './kube-options.ts'
import { type OutputFormat, outputOption, printResult, say } from './output.ts'

interface Options extends KubeOptions {
  readonly namespaceScoped: boolean
  readonly namespace?: string
  readonly crds: boolean
  readonly timeout: number
  readonly output: OutputFormat
}

/** Undoes install. */
export function uninstallCommand(context: CliContext): Command {
  return addKubeOptions(
    new Command('uninstall').description('remove fairlead and all it made from a cluster'),
  )
    .option(
      '--crds',
      'delete the CRDs too, and with them every ServiceExport, ServiceImport, policy and Link',
      false,
    )
    .option('--namespace-scoped', 'remove the member of one namespace', false)
    .option('-n, --namespace <name>', "with --namespace-scoped: that namespace (default: the context's)")
    .addOption(timeoutOption(WAIT_MS))
    .addOption(outputOption())
    .action(async ({ timeout, output, ...options }: Options) => {
      const { namespaceScoped, namespace, crds } = options
      if (!namespaceScoped && namespace !== undefined)
        throw new UsageError('--namespace is for --namespace-scoped')
      if (namespaceScoped && crds) throw new UsageError("the CRDs are the whole cluster's: leave --crds out")
      const tell = (message: string): void => say(context, message)
      const report = await uninstallFairlead({ ...options, timeoutMs: timeout, say: tell })
      if (report.dns.outcome === 'left alone') tell(`warning: ${report.dns.advice}`)
      await printResult(context, output, report, ({ deleted }) => [
        ['DELETED'],
        ...deleted.map((object) => [object]),
      ])
    })
}
