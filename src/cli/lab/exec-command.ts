/** `fairlead lab exec`. */
import { Command } from 'commander'
import { askAndHold } from '../../lab/control/client.ts'
import type { ClientPod } from '../../lab/control/protocol.ts'
import { execCommandLine } from '../../lab/exec.ts'
import { labFiles } from '../../lab/layout.ts'
import { systemEnv } from '../../lab/system-env.ts'
import type { CliContext } from '../context.ts'
import { say } from '../output.ts'
import { runInForeground } from './foreground.ts'
import { stateOption } from './state-option.ts'

interface ExecOptions {
  readonly state: string
  readonly namespace: string
  readonly node?: string
}

/** Runs a command of this machine in a fresh client pod. Its input, output, signals and exit code are the command's. */
export function execCommand(context: CliContext): Command {
  return new Command('exec')
    .description('run a command of this machine in a fresh client pod of a cluster')
    .argument('<cluster>', 'the cluster')
    .argument('<command...>', 'the command and its arguments, after --')
    .option('-n, --namespace <name>', 'namespace of the pod: where short names are looked up', 'default')
    .option('--node <name>', 'node of the pod; the first one without')
    .addOption(stateOption())
    .action(async (cluster: string, command: string[], options: ExecOptions) => {
      await exec(context, cluster, command, options)
    })
}

async function exec(
  context: CliContext,
  cluster: string,
  command: readonly string[],
  options: ExecOptions,
): Promise<void> {
  const { controlSocket } = labFiles(options.state)
  const { namespace, node } = options
  const pod = await askAndHold<ClientPod>(controlSocket, { command: 'exec', cluster, namespace, node })
  try {
    if (pod.result.namespaces === undefined) say(context, `fairlead: ${withoutNetwork(pod.result.dns)}`)
    const env = { ...systemEnv(context.env), LC_ALL: context.env['LC_ALL'], FAIRLEAD_DNS: pod.result.dns }
    const end = await runInForeground(execCommandLine(pod.result, command), env, {
      lost: pod.lost,
      isTerminal: context.stdin.isTTY,
    })
    if (end.lost) say(context, 'fairlead: the lab went down')
    context.setExitCode(end.exitCode)
    if (end.signal !== undefined) process.kill(process.pid, end.signal)
  } finally {
    pod.release()
  }
}

function withoutNetwork(dns: string): string {
  return `in loopback mode the command runs in this machine's own network; names of the cluster are known to the DNS at ${dns} ($FAIRLEAD_DNS) only`
}
