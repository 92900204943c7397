/** The main job, step by step: a web server in east, its export, and a pod in west that asks for it. */
import { LabMode } from '../../lab/topology.ts'
import { packagePath } from '../install/package-root.ts'
import { FETCH_SCRIPT } from './demo-client.ts'
import type { DemoShell, ShellStep } from './demo-shell.ts'
import type { DemoTools } from './demo-tools.ts'

export interface DemoDeps {
  readonly shell: DemoShell
  /** Applies a YAML file of examples/ without kubectl; the lines to print. */
  readonly applyFile: (cluster: string, file: string) => Promise<string>
  /** Resolves when the web server is rolled out. */
  readonly untilReady: () => Promise<void>
}

export interface DemoConfig {
  readonly tools: DemoTools
  readonly mode: LabMode
  readonly state: string
  readonly kubeconfig: string
}

const URL = 'http://hello.demo.svc.clusterset.local:8080/'
/** Where commands look for a lab unless told. */
const DEFAULT_STATE = '.lab'

/** Runs the steps in order. */
export async function runDemoSteps(deps: DemoDeps, config: DemoConfig): Promise<void> {
  const { shell } = deps
  const apply = (cluster: string, file: string) => applyStep(deps, config, cluster, file)
  shell.tell(
    '\nA web server in east, and a namespace of the same name in west (the clusterset has one "demo"):',
  )
  await apply('east', 'examples/hello/hello.yaml')
  await apply('west', 'examples/hello/namespace.yaml')
  await deps.untilReady()
  shell.tell('\nOne ServiceExport in east:')
  await apply('east', 'examples/hello/export.yaml')
  shell.tell('\nAnd from a pod in west, over mutual TLS between the two routers:')
  await shell.run(requestStep(config))
  await shell.run(requestStep(config))
}

async function applyStep(deps: DemoDeps, config: DemoConfig, cluster: string, file: string): Promise<void> {
  if (!config.tools.kubectl) {
    return deps.shell.act(`(own client) apply -f ${file}   # in ${cluster}`, () =>
      deps.applyFile(cluster, file),
    )
  }
  const args = ['--context', cluster, 'apply', '-f']
  await deps.shell.run({
    shown: `kubectl ${args.join(' ')} ${file}`,
    command: ['kubectl', ...args, packagePath(file)],
    env: { KUBECONFIG: config.kubeconfig },
  })
}

/** The flag that users must add when the lab is not where commands look for it. */
function stateFlag(state: string): string {
  return state === DEFAULT_STATE ? '' : ` --state ${state}`
}

/** The request as a user would make it. curl asks again until the import is there: that takes a fraction of a second. */
function requestStep({ tools, mode, state }: DemoConfig): ShellStep {
  const exec = [
    process.execPath,
    packagePath('bin/fairlead.mjs'),
    'lab',
    'exec',
    'west',
    '--state',
    state,
    '--',
  ] as const
  if (tools.curl && mode === LabMode.namespaces) {
    const retry = ['--retry', '20', '--retry-delay', '1', '--retry-all-errors', '--max-time', '5']
    return {
      shown: `npx fairlead lab exec${stateFlag(state)} west -- curl -sS ${URL}`,
      command: [...exec, 'curl', '--silent', '--show-error', '--fail', ...retry, URL],
    }
  }
  const script = ['sh', '-c', `exec node --eval "$1" "$2" $FAIRLEAD_DNS`, 'sh', FETCH_SCRIPT, URL]
  return {
    shown: `npx fairlead lab exec${stateFlag(state)} west -- (own client) ${URL}`,
    command: [...exec, ...script],
  }
}

/** What a user may try while the demo stays up. */
export function whatNext({ kubeconfig, mode, state }: DemoConfig): string {
  const lab = (command: string) => `npx fairlead lab ${command.replace(' ', `${stateFlag(state)} `)}`
  const lines = [
    `export KUBECONFIG=${kubeconfig}`,
    'kubectl --context west get serviceimports -A        # what west imports, and its address',
    'kubectl --context east describe serviceexport hello -n demo',
    'npx fairlead status --context west',
    ...(mode === LabMode.namespaces
      ? [
          lab('exec west -- dig hello.demo.svc.clusterset.local'),
          `${lab('cut east west')}; ${lab('heal east west')}`,
        ]
      : []),
    'kubectl --context east delete serviceexport hello -n demo   # and nothing reaches it any more',
  ]
  return `\nTry in another terminal:\n${lines.map((line) => `  ${line}`).join('\n')}\n`
}
