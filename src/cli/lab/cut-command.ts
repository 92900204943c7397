/** `fairlead lab cut` and `fairlead lab heal`. */
import { Command } from 'commander'
import { UsageError } from '../../core/errors.ts'
import { ask } from '../../lab/control/client.ts'
import type { ControlRequest } from '../../lab/control/protocol.ts'
import { labFiles } from '../../lab/layout.ts'
import type { CliContext } from '../context.ts'
import { say } from '../output.ts'
import { stateOption } from './state-option.ts'

interface CutOptions {
  readonly state: string
  readonly reset?: boolean
}

/** Drops every packet between two clusters, both ways, open connections included; or resets what is open. */
export function cutCommand(context: CliContext): Command {
  return new Command('cut')
    .description('drop every packet between two clusters')
    .argument('<a>', 'a cluster')
    .argument('[b]', 'another cluster; with --reset it may be left out, and all others are meant')
    .option('--reset', 'drop nothing: answer open TCP connections with resets, at both ends; new ones live')
    .addOption(stateOption())
    .action(async (a: string, b: string | undefined, { state, reset }: CutOptions) => {
      const { controlSocket } = labFiles(state)
      if (reset) {
        await ask(controlSocket, resetRequest(a, b))
        return say(context, `connections between ${a} and ${b ?? 'the others'} were reset`)
      }
      if (b === undefined) throw new UsageError('name the other cluster too, or ask for --reset')
      await ask(controlSocket, { command: 'cut', clusters: [a, b] })
      say(context, `${a} and ${b} are cut off from each other`)
    })
}

/** Undoes `cut`. */
export function healCommand(context: CliContext): Command {
  return new Command('heal')
    .description('let packets between two clusters through again')
    .argument('<a>', 'a cluster')
    .argument('<b>', 'another cluster')
    .addOption(stateOption())
    .action(async (a: string, b: string, { state }: CutOptions) => {
      await ask(labFiles(state).controlSocket, { command: 'heal', clusters: [a, b] })
      say(context, `${a} and ${b} reach each other`)
    })
}

function resetRequest(cluster: string, peer: string | undefined): ControlRequest {
  return { command: 'reset', cluster, ...(peer !== undefined && { peer }) }
}
