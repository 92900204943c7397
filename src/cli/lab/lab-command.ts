/** `fairlead lab`: the group of lab commands. */
import { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { cutCommand, healCommand } from './cut-command.ts'
import { downCommand } from './down-command.ts'
import { execCommand } from './exec-command.ts'
import { killCommand } from './kill-command.ts'
import { kubeconfigCommand } from './kubeconfig-command.ts'
import { slowCommand } from './slow-command.ts'
import { statusCommand } from './status-command.ts'
import { upCommand } from './up-command.ts'

/** Small Kubernetes clusters on this machine. */
export function labCommand(context: CliContext): Command {
  const lab = new Command('lab')
    .description('small Kubernetes clusters on this machine, in seconds')
    .enablePositionalOptions()
  const commands = [
    upCommand,
    downCommand,
    statusCommand,
    kubeconfigCommand,
    execCommand,
    cutCommand,
    healCommand,
    slowCommand,
    killCommand,
  ]
  for (const command of commands) lab.addCommand(command(context))
  return lab
}
