/** `fairlead version`. */
import { Command } from 'commander'
import type { CliContext } from './context.ts'
import { type OutputFormat, outputOption, printResult } from './output.ts'
import { VERSION } from './version.ts'

/** Prints the version of fairlead and of the Node it runs on. */
export function versionCommand(context: CliContext): Command {
  return new Command('version')
    .description('print the version')
    .addOption(outputOption())
    .action(async (options: { output: OutputFormat }) => {
      const value = { version: VERSION, node: process.version }
      await printResult(context, options.output, value, () => [
        ['VERSION', 'NODE'],
        [value.version, value.node],
      ])
    })
}
