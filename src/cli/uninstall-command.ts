/** `fairlead uninstall`. */
import { Command } from 'commander'
import type { CliContext } from './context.ts'
import { WAIT_MS } from './install/limits.ts'
import { uninstallFairlead } from './install/uninstall.ts'
import { addKubeOptions, type KubeOptions, timeoutOption } from './kube-options.ts'
import { type OutputFormat, outputOption, printResult, say } from './output.ts'

interface Options extends KubeOptions {
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
    .addOption(timeoutOption(WAIT_MS))
    .addOption(outputOption())
    .action(async ({ timeout, output, ...options }: Options) => {
      const tell = (message: string): void => say(context, message)
      const report = await uninstallFairlead({ ...options, timeoutMs: timeout, say: tell })
      if (report.dns.outcome === 'left alone') tell(`warning: ${report.dns.advice}`)
      await printResult(context, output, report, ({ deleted }) => [
        ['DELETED'],
        ...deleted.map((object) => [object]),
      ])
    })
}
