/** `fairlead demo`: the main job on this machine, with nothing left behind. */
import { readFile } from 'node:fs/promises'
import { Command, Option } from 'commander'
import type { KubeObject } from '../../api/objects.ts'
import { describeError } from '../../core/errors.ts'
import { terminationSignal } from '../../core/lifecycle.ts'
import { InterruptedError, LabError } from '../../lab/errors.ts'
import { LabHost } from '../../lab/host/lab-host.ts'
import { requireNamespaces } from '../../lab/host/requirements.ts'
import { LabMode } from '../../lab/topology.ts'
import { type CliContext, ExitCode } from '../context.ts'
import { applyObjects } from '../install/apply-objects.ts'
import { Discovery } from '../install/discovery.ts'
import { WAIT_MS } from '../install/limits.ts'
import { packagePath } from '../install/package-root.ts'
import { rolledOut } from '../install/rollout.ts'
import { withKube } from '../kube-options.ts'
import { installIntoLab } from '../lab/install-into-lab.ts'
import { stateOption } from '../lab/state-option.ts'
import { say } from '../output.ts'
import { DemoShell } from './demo-shell.ts'
import { type DemoConfig, type DemoDeps, runDemoSteps, whatNext } from './demo-steps.ts'
import { adviceOn, findTools } from './demo-tools.ts'

interface DemoOptions {
  readonly state: string
  readonly mode: LabMode | 'auto'
}

/** Two clusters, one export, one curl; stays until Ctrl-C on a terminal, else ends by itself. */
export function demoCommand(context: CliContext): Command {
  return new Command('demo')
    .description('two clusters on this machine, one export, one curl')
    .addOption(
      new Option(
        '--mode <mode>',
        'network namespaces, plain processes on 127.0.0.0/8, or what this machine can do',
      )
        .choices(['auto', ...Object.values(LabMode)])
        .default('auto'),
    )
    .addOption(stateOption())
    .action(async (options: DemoOptions) => demo(context, options))
}

async function demo(context: CliContext, options: DemoOptions): Promise<void> {
  const interrupt = new AbortController()
  const interrupted = terminationSignal().then((signal) => {
    context.setExitCode(signal === 'SIGINT' ? ExitCode.interrupted : 128 + 15)
    interrupt.abort(new InterruptedError())
  })
  const mode = await chooseMode(context, options.mode)
  const host = new LabHost(
    { progress: (message) => say(context, message) },
    { state: options.state, clusters: ['east', 'west'], mode, logLevel: 'info' },
  )
  try {
    await host.start(interrupt.signal)
    await show(context, host, { mode, state: options.state }, interrupt.signal)
    if (context.stdin.isTTY) await Promise.race([interrupted, host.ended])
  } catch (error) {
    if (!interrupt.signal.aborted) throw error
  } finally {
    say(context, 'cleaning up')
    await host.stop()
  }
}

async function show(
  context: CliContext,
  host: LabHost,
  { mode, state }: { mode: LabMode; state: string },
  signal: AbortSignal,
): Promise<void> {
  const shell = new DemoShell(context, signal)
  const links = [{ from: 'west', to: 'east' }]
  await installIntoLab(host, { links, routers: 1, say: (message) => shell.tell(message), signal })
  const tools = findTools(context.env['PATH'] ?? '')
  for (const advice of adviceOn(tools)) shell.tell(advice)
  const config: DemoConfig = { tools, mode, state, kubeconfig: host.files.kubeconfig }
  await runDemoSteps(demoDeps(shell, config), config)
  shell.tell(whatNext(config))
  shell.tell(context.stdin.isTTY ? 'Ctrl-C ends it and cleans up.' : 'Standard input is no terminal: done.')
}

function demoDeps(shell: DemoShell, { kubeconfig }: DemoConfig): DemoDeps {
  return {
    shell,
    applyFile: (cluster, file) =>
      withKube({ kubeconfig, context: cluster }, async ({ client }) => {
        const applied = await applyObjects(client, new Discovery(client), await readObjects(file))
        return applied.map(({ object, outcome }) => `${object} ${outcome}`).join('\n')
      }),
    untilReady: () =>
      withKube({ kubeconfig, context: 'east' }, ({ client }) =>
        rolledOut(client, { namespace: 'demo', name: 'hello' }, WAIT_MS),
      ),
  }
}

async function readObjects(file: string): Promise<KubeObject[]> {
  const { parseAllDocuments } = await import('../yaml.ts')
  const documents = parseAllDocuments(await readFile(packagePath(file), 'utf8'))
  return documents.map((document) => document.toJS() as KubeObject)
}

/** Namespaces where the machine has them; else loopback, saying what is missing and how to get it. */
async function chooseMode(context: CliContext, wanted: DemoOptions['mode']): Promise<LabMode> {
  if (wanted !== 'auto') return wanted
  try {
    await requireNamespaces()
    return LabMode.namespaces
  } catch (error) {
    if (!(error instanceof LabError)) throw error
    say(context, describeError(error))
    say(context, 'going on in loopback mode')
    return LabMode.loopback
  }
}
