/** A container as processes in namespaces: the command, its first process that reaps, and the unshare(1) that holds both. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { CommandError } from '../errors.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import { systemEnv } from '../system-env.ts'
import type { Environment } from './environment.ts'
import { collectOutput } from './exec-output.ts'
import { childrenOf, signalProcess } from './process-tree.ts'
import type { ContainerProcess, ExecOutcome, ExitStatus } from './runtime.ts'

type Child = ChildProcess & { readonly stdout: Readable; readonly stderr: Readable }

/** Mount and process numbers are each container's own; network, host name and IPC are the pod's. */
const OWN = ['--mount', '--pid', '--fork', '--kill-child']

export class NamespacedContainer implements ContainerProcess {
  readonly stdout: Readable
  readonly stderr: Readable
  readonly exited: Promise<ExitStatus>
  readonly #child: Child
  readonly #sandbox: Sandbox
  readonly #environment: Environment

  private constructor(child: Child, sandbox: Sandbox, environment: Environment) {
    this.#child = child
    this.#sandbox = sandbox
    this.#environment = environment
    this.stdout = child.stdout
    this.stderr = child.stderr
    this.exited = exitStatus(child)
  }

  /**
   * Runs the script in the sandbox. It dies with this process. Resolves when its root is made, so that what is executed
   * in it is never executed outside; or when it ended because that cannot be.
   */
  static async start(
    sandbox: Sandbox,
    scriptFile: string,
    environment: Environment,
  ): Promise<NamespacedContainer> {
    const inside = [
      'nsenter',
      ...namespaceFlags(sandbox),
      '--',
      'unshare',
      ...OWN,
      '--',
      '/bin/sh',
      scriptFile,
    ]
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...inside], {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      env: { PATH: systemEnv()['PATH'] },
    }) as Child
    const container = new NamespacedContainer(child, sandbox, environment)
    await rootIsMade(child)
    return container
  }

  pid(): number | undefined {
    return this.#commands()[0]
  }

  signal(name: NodeJS.Signals): void {
    for (const pid of this.#commands()) signalProcess(pid, name)
  }

  /** The end of unshare is the end of the first process, and with it of all others. */
  kill(): void {
    this.#child.kill('SIGKILL')
  }

  async exec(command: readonly string[], timeout: number): Promise<ExecOutcome> {
    const first = this.#first()
    if (first === undefined)
      throw new CommandError(command.join(' '), undefined, 'the container does not run')
    const flags = [
      `--mount=/proc/${first}/ns/mnt`,
      `--pid=/proc/${first}/ns/pid`,
      ...namespaceFlags(this.#sandbox),
    ]
    const program = [
      'env',
      '-i',
      ...[...this.#environment].map(([name, value]) => `${name}=${value}`),
      ...command,
    ]
    const child = spawn('nsenter', [...flags, '--', ...program], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: systemEnv()['PATH'] },
      detached: true,
    })
    return await collectOutput(child, timeout)
  }

  /** The shell that made the root and waits for the command. */
  #first(): number | undefined {
    return this.#child.pid === undefined ? undefined : childrenOf(this.#child.pid)[0]
  }

  #commands(): readonly number[] {
    const first = this.#first()
    return first === undefined ? [] : childrenOf(first)
  }
}

/** The script writes to file descriptor 3 (READY_FD) when its root is made. */
async function rootIsMade(child: Child): Promise<void> {
  const ready = child.stdio[3] as Readable
  await Promise.race([once(ready, 'data'), once(ready, 'close'), once(child, 'error').catch(() => {})])
  ready.destroy()
}

function namespaceFlags(sandbox: Sandbox): string[] {
  return (['net', 'uts', 'ipc'] as const).map((kind) => `--${kind}=${sandbox.namespace(kind)}`)
}

function exitStatus(child: Child): Promise<ExitStatus> {
  return new Promise((resolve) => {
    child.once('error', () => resolve({ code: 127, signal: undefined }))
    // 'close' comes after the last output was read.
    child.once('close', (code, signal) => resolve({ code: code ?? undefined, signal: signal ?? undefined }))
  })
}
