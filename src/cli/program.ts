/**
 * The `fairlead` command line: which commands there are. Each command's code is loaded only when it runs, so that
 * `--help` stays quick.
 */
import { Command, CommanderError } from 'commander'
import { describeError, errorCode } from '../core/errors.ts'
import { type CliContext, ExitCode } from './context.ts'

/** Errors of these codes mean that a cluster could not be reached. */
const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'unreachable',
])

/** A command known by name and summary; `load` brings the real one, with options and arguments, when it is used. */
interface CommandEntry {
  readonly name: string
  readonly summary: string
  readonly load: (context: CliContext) => Promise<Command>
}

const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'demo',
    summary: 'two clusters on this machine, one export, one curl',
    load: async (context) => (await import('./demo/demo-command.ts')).demoCommand(context),
  },
  {
    name: 'lab',
    summary: 'small Kubernetes clusters on this machine, in seconds',
    load: async (context) => (await import('./lab/lab-command.ts')).labCommand(context),
  },
  {
    name: 'install',
    summary: 'install fairlead into a cluster',
    load: async (context) => (await import('./install-command.ts')).installCommand(context),
  },
  {
    name: 'uninstall',
    summary: 'remove fairlead from a cluster',
    load: async (context) => (await import('./uninstall-command.ts')).uninstallCommand(context),
  },
  {
    name: 'invite',
    summary: 'let another cluster join the clusterset',
    load: async (context) => (await import('./invite-command.ts')).inviteCommand(context),
  },
  {
    name: 'join',
    summary: 'join the clusterset of an invite',
    load: async (context) => (await import('./join-command.ts')).joinCommand(context),
  },
  {
    name: 'link',
    summary: 'link a cluster to another one; list, show and delete links',
    load: async (context) => (await import('./link-command.ts')).linkCommand(context),
  },
  {
    name: 'certs',
    summary: "when a cluster's certificates end, and having them made anew",
    load: async (context) => (await import('./certs/certs-command.ts')).certsCommand(context),
  },
  {
    name: 'certificate',
    summary: 'issue a certificate for the router of a site without Kubernetes',
    load: async (context) => (await import('./certificate-command.ts')).certificateCommand(context),
  },
  {
    name: 'export',
    summary: 'export a Service to the clusterset',
    load: async (context) => (await import('./export-command.ts')).exportCommand(context),
  },
  {
    name: 'unexport',
    summary: 'stop exporting a Service',
    load: async (context) => (await import('./unexport-command.ts')).unexportCommand(context),
  },
  {
    name: 'status',
    summary: 'processes, links, exports, imports and service policies of a cluster',
    load: async (context) => (await import('./status-command.ts')).statusCommand(context),
  },
  {
    name: 'topology',
    summary: 'routers of all clusters and the links between them',
    load: async (context) => (await import('./network/topology-command.ts')).topologyCommand(context),
  },
  {
    name: 'trace',
    summary: 'where new flows of an imported service would go, hop by hop',
    load: async (context) => (await import('./network/trace-command.ts')).traceCommand(context),
  },
  {
    name: 'check',
    summary: 'is everything as it should be in a cluster, and if not, why',
    load: async (context) => (await import('./check/check-command.ts')).checkCommand(context),
  },
  {
    name: 'globalnet',
    summary: 'global addresses of a cluster; source addresses of a namespace',
    load: async (context) => (await import('./globalnet/globalnet-command.ts')).globalnetCommand(context),
  },
  {
    name: 'revoke',
    summary: 'take a cluster out of the clusterset, whether it answers or not',
    load: async (context) => (await import('./trust/revoke-command.ts')).revokeCommand(context),
  },
  {
    name: 'leave',
    summary: 'take this cluster out of its clusterset',
    load: async (context) => (await import('./trust/leave-command.ts')).leaveCommand(context),
  },
  {
    name: 'version',
    summary: 'print the version',
    load: async (context) => (await import('./version-command.ts')).versionCommand(context),
  },
]

const PROCESSES = {
  router: 'run the router process (in a pod, or at a site without Kubernetes)',
  controller: 'run the controller process (in a pod)',
  dns: 'run the clusterset.local resolver (in a pod)',
  agent: 'run the agent that translates global addresses on a node (in a pod on its network)',
} as const

/** Parses `argv` (without node and script) and runs the command. Never throws: errors end in an exit code and a line on standard error. */
export async function runCli(context: CliContext, argv: readonly string[]): Promise<void> {
  try {
    await (await createProgram(context, argv)).parseAsync([...argv], { from: 'user' })
  } catch (error) {
    context.setExitCode(reportFailure(context, error))
  }
}

async function createProgram(context: CliContext, argv: readonly string[]): Promise<Command> {
  const program = new Command('fairlead')
    .description('Multi-cluster service connectivity: Kubernetes clusters joined one Service at a time.')
    .enablePositionalOptions()
    .showHelpAfterError('(add --help for the options)')
  const wanted = argv.find((word) => !word.startsWith('-'))
  for (const entry of COMMANDS) {
    program.addCommand(
      entry.name === wanted
        ? await entry.load(context)
        : new Command(entry.name).summary(entry.summary).description(entry.summary),
    )
  }
  for (const name of Object.keys(PROCESSES) as (keyof typeof PROCESSES)[]) addProcess(program, context, name)
  inheritOutput(program, context)
  return program
}

/** Processes parse their own flags: they are started by manifests, not by people. */
function addProcess(program: Command, context: CliContext, name: keyof typeof PROCESSES): void {
  program
    .command(name)
    .description(PROCESSES[name])
    .allowUnknownOption()
    .allowExcessArguments()
    .helpOption(false)
    .action(async (_options: unknown, command: Command) => context.processes[name](command.args))
}

function inheritOutput(command: Command, context: CliContext): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => context.stdout.write(text),
    writeErr: (text) => context.stderr.write(text),
  })
  for (const child of command.commands) inheritOutput(child, context)
}

function reportFailure(context: CliContext, error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage
  context.stderr.write(`fairlead: ${describeError(error)}\n`)
  return exitCodeOf(error)
}

function exitCodeOf(error: unknown): number {
  // By code, not by class: a process is a bundle of its own, with a copy of every class.
  const code = errorCode(error)
  if (code === 'usage') return ExitCode.usage
  if (code === 'timeout') return ExitCode.timedOut
  if (code !== undefined && UNREACHABLE.has(code)) return ExitCode.unreachable
  return ExitCode.failed
}
