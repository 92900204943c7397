/** `fairlead lab kill`: faults on demand. */
import { constants } from 'node:os'
import { Command, InvalidArgumentError } from 'commander'
import { ask } from '../../lab/control/client.ts'
import type { Killed } from '../../lab/control/protocol.ts'
import { labFiles } from '../../lab/layout.ts'
import type { CliContext } from '../context.ts'
import { say } from '../output.ts'
import { stateOption } from './state-option.ts'

/** Kills processes of a cluster, which then come back by themselves. */
export function killCommand(context: CliContext): Command {
  return new Command('kill')
    .description('kill a process of a cluster; it comes back by itself')
    .argument('<cluster>', 'the cluster')
    .argument(
      '<role>',
      'api-server, node (all), the name of a node, router, controller, dns, or the start of a pod name ([namespace/]name)',
    )
    .option('--signal <name>', 'signal to send', parseSignal, 'SIGKILL')
    .addOption(stateOption())
    .action(async (cluster: string, role: string, options: { state: string; signal: NodeJS.Signals }) => {
      const { controlSocket } = labFiles(options.state)
      const killed = await ask<Killed>(controlSocket, {
        command: 'kill',
        cluster,
        role,
        signal: options.signal,
      })
      for (const { name } of killed.processes) say(context, `sent ${options.signal} to ${name} in ${cluster}`)
    })
}

function parseSignal(text: string): NodeJS.Signals {
  const name = text.startsWith('SIG') ? text : `SIG${text}`
  if (name in constants.signals) return name as NodeJS.Signals
  throw new InvalidArgumentError('it is not the name of a signal')
}
