/** `fairlead lab up`. */
import { Command, Option } from 'commander'
import { terminationSignal } from '../../core/lifecycle.ts'
import { InterruptedError } from '../../lab/errors.ts'
import { LabHost } from '../../lab/host/lab-host.ts'
import { LabMode } from '../../lab/topology.ts'
import { type CliContext, ExitCode } from '../context.ts'
import { say } from '../output.ts'
import { installIntoLab } from './install-into-lab.ts'
import { stateOption } from './state-option.ts'
import { upDetached } from './up-detached.ts'
import type { UpOptions } from './up-options.ts'

/** Starts clusters and keeps them until Ctrl-C, `lab down`, or, with --detach, until `lab down`. */
export function upCommand(context: CliContext): Command {
  return new Command('up')
    .description('start clusters on this machine, with fairlead installed and linked')
    .option('--clusters <names>', 'names of the clusters', splitNames, ['east', 'west'])
    .option('--detach', 'return when the clusters are ready')
    .option('--bare', 'leave fairlead out')
    .addOption(
      new Option('--mode <mode>', 'network namespaces, or plain processes on 127.0.0.0/8')
        .choices(Object.values(LabMode))
        .default(LabMode.namespaces),
    )
    .addOption(
      new Option('--log-level <level>', 'detail of the logs in the state folder')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('info'),
    )
    .addOption(stateOption())
    .action(async (options: UpOptions) => {
      if (options.detach) await upDetached(context, options)
      else await up(context, options)
    })
}

async function up(context: CliContext, options: UpOptions): Promise<void> {
  const host = new LabHost({ progress: (message) => say(context, message) }, options)
  const interrupt = new AbortController()
  const interrupted = terminationSignal().then((signal) => {
    context.setExitCode(signal === 'SIGINT' ? ExitCode.interrupted : ExitCode.ok)
    interrupt.abort(new InterruptedError())
  })
  try {
    await host.start(interrupt.signal)
    if (options.bare !== true)
      await installIntoLab(host, { say: (message) => say(context, message), signal: interrupt.signal })
    say(context, `ready: export KUBECONFIG=${host.files.kubeconfig}`)
    process.send?.({ ready: true })
    await Promise.race([interrupted, host.ended])
  } catch (error) {
    if (!interrupt.signal.aborted) {
      await host.abandon()
      throw error
    }
  }
  await host.stop()
}

function splitNames(text: string): readonly string[] {
  return text.split(',').map((name) => name.trim())
}
