/** `fairlead lab up`. */
import { Command, Option } from 'commander'
import { MAX_NODES } from '../../lab/limits.ts'
import { LabMode } from '../../lab/topology.ts'
import type { CliContext } from '../context.ts'
import { wholeNumber } from '../whole-number.ts'
import { LinkShape } from './link-shape.ts'
import { stateOption } from './state-option.ts'
import { upDetached } from './up-detached.ts'
import { LabApi, type UpOptions } from './up-options.ts'

/** Starts clusters and keeps them until Ctrl-C, `lab down`, or, with --detach, until `lab down`. */
export function upCommand(context: CliContext): Command {
  return new Command('up')
    .description('start clusters on this machine, with fairlead installed and linked')
    .option('--clusters <names>', 'names of the clusters', splitNames, ['east', 'west'])
    .addOption(
      new Option('--topology <shape>', 'which clusters are linked; the first one is the centre of a star')
        .choices(Object.values(LinkShape))
        .default(LinkShape.full),
    )
    .option('--private <names>', 'clusters that can dial others and cannot be dialled', splitNames, [])
    .option('--nodes <number>', 'nodes of each cluster', wholeNumber(1, MAX_NODES), 1)
    .option('--routers <number>', 'router replicas of each cluster', wholeNumber(1, MAX_ROUTERS), 1)
    .option(
      '--globalnet',
      'global addresses: an agent on every node, addresses that are unique in all clusters',
    )
    .option('--detach', 'return when the clusters are ready')
    .option('--bare', 'leave fairlead out')
    .option('--ipv4-only', 'leave IPv6 out, as on a machine that has none')
    .addOption(
      new Option('--mode <mode>', 'network namespaces, or plain processes on 127.0.0.0/8')
        .choices(Object.values(LabMode))
        .default(LabMode.namespaces),
    )
    .addOption(
      new Option(
        '--api <api>',
        'the API server: embedded, or the real one in the folder that KUBEBUILDER_ASSETS names',
      )
        .choices(Object.values(LabApi))
        .default(LabApi.embedded),
    )
    .addOption(
      new Option('--log-level <level>', 'detail of the logs in the state folder')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('info'),
    )
    .addOption(stateOption())
    .action(async (options: UpOptions) => {
      if (options.detach) await upDetached(context, options)
      // Loaded here, because the other lab commands have no use for all that starting a lab takes.
      else await (await import('./up.ts')).up(context, options)
    })
}

/** More than a laptop takes is a slip of the finger. */
const MAX_ROUTERS = 9

function splitNames(text: string): readonly string[] {
  return text.split(',').map((name) => name.trim())
}
