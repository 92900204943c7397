/** `fairlead lab down`. */
import { existsSync } from 'node:fs'
import { Command } from 'commander'
import { endLab } from '../../lab/host/end-lab.ts'
import { labFiles } from '../../lab/layout.ts'
import type { CliContext } from '../context.ts'
import { say } from '../output.ts'
import { stateOption } from './state-option.ts'

/** Ends the lab and waits until everything of it is gone; without a lab it does nothing. */
export function downCommand(context: CliContext): Command {
  return new Command('down')
    .description('end the lab and remove everything of it')
    .addOption(stateOption())
    .action(async (options: { state: string }) => {
      const files = labFiles(options.state)
      if (!existsSync(files.state)) return say(context, `no lab runs in ${files.state}`)
      const ended = await endLab(files)
      say(context, ended ? 'the lab is down' : `no lab runs in ${files.state}`)
    })
}
