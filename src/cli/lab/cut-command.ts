/** `fairlead lab cut` and `fairlead lab heal`. */
import { Command } from 'commander'
import { ask } from '../../lab/control/client.ts'
import { labFiles } from '../../lab/layout.ts'
import type { CliContext } from '../context.ts'
import { say } from '../output.ts'
import { stateOption } from './state-option.ts'

/** Drops every packet between two clusters, both ways, open connections included. */
export function cutCommand(context: CliContext): Command {
  return pairCommand(context, 'cut', 'drop every packet between two clusters', 'are cut off from each other')
}

/** Undoes `cut`. */
export function healCommand(context: CliContext): Command {
  return pairCommand(context, 'heal', 'let packets between two clusters through again', 'reach each other')
}

function pairCommand(context: CliContext, name: 'cut' | 'heal', summary: string, outcome: string): Command {
  return new Command(name)
    .description(summary)
    .argument('<a>', 'a cluster')
    .argument('<b>', 'another cluster')
    .addOption(stateOption())
    .action(async (a: string, b: string, options: { state: string }) => {
      await ask(labFiles(options.state).controlSocket, { command: name, clusters: [a, b] })
      say(context, `${a} and ${b} ${outcome}`)
    })
}
