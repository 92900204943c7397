/** `fairlead lab status`. */
import { Command } from 'commander'
import { ask } from '../../lab/control/client.ts'
import type { LabStatus } from '../../lab/control/protocol.ts'
import { labFiles } from '../../lab/layout.ts'
import type { CliContext } from '../context.ts'
import { type OutputFormat, outputOption, printResult } from '../output.ts'
import { stateOption } from './state-option.ts'
import { statusTable } from './status-table.ts'

/** Clusters of the running lab and how they do. */
export function statusCommand(context: CliContext): Command {
  return new Command('status')
    .description('the clusters of the running lab')
    .addOption(stateOption())
    .addOption(outputOption())
    .action(async (options: { state: string; output: OutputFormat }) => {
      const status = await ask<LabStatus>(labFiles(options.state).controlSocket, { command: 'status' })
      await printResult(context, options.output, status, statusTable)
    })
}
