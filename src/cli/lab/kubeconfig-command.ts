/** `fairlead lab kubeconfig`. */
import { existsSync } from 'node:fs'
import { Command } from 'commander'
import { LabError } from '../../lab/errors.ts'
import { labFiles } from '../../lab/layout.ts'
import type { CliContext } from '../context.ts'
import { stateOption } from './state-option.ts'

/** Prints the path of the kubeconfig with a context for each cluster. */
export function kubeconfigCommand(context: CliContext): Command {
  return new Command('kubeconfig')
    .description('print the path of a kubeconfig with a context for each cluster')
    .addOption(stateOption())
    .action((options: { state: string }) => {
      const { kubeconfig, state } = labFiles(options.state)
      if (!existsSync(kubeconfig)) {
        throw new LabError(`no lab runs in ${state}: start one with "fairlead lab up"`)
      }
      context.stdout.write(`${kubeconfig}\n`)
    })
}
