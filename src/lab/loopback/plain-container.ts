/** A container as a plain process group. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import type { Environment } from '../kubelet/environment.ts'
import { collectOutput } from '../kubelet/exec-output.ts'
import { signalProcess } from '../kubelet/process-tree.ts'
import type { ContainerProcess, ExecOutcome, ExitStatus } from '../kubelet/runtime.ts'
import { dieWithParent } from './die-with-parent.ts'

export interface PlainContainerConfig {
  readonly command: readonly string[]
  readonly environment: Environment
  readonly workingDir: string
  /** Applied to commands of probes, as it was to the container's own. */
  readonly rewrite: (text: string) => string
}

export class PlainContainer implements ContainerProcess {
  readonly stdout: Readable
  readonly stderr: Readable
  readonly exited: Promise<ExitStatus>
  readonly #config: PlainContainerConfig
  readonly #child: ChildProcessByStdio<null, Readable, Readable>
  #ended = false

  constructor(config: PlainContainerConfig) {
    this.#config = config
    this.#child = this.#spawn(config.command)
    this.stdout = this.#child.stdout
    this.stderr = this.#child.stderr
    this.exited = new Promise((resolve) => {
      this.#child.once('error', () => resolve({ code: 127, signal: undefined }))
      // What the command leaves behind ends with it, as in a real container.
      this.#child.once('exit', () => this.kill())
      this.#child.once('close', (code, signal) => {
        this.#ended = true
        resolve({ code: code ?? undefined, signal: signal ?? undefined })
      })
    })
  }

  pid(): number | undefined {
    return this.#ended ? undefined : this.#child.pid
  }

  signal(name: NodeJS.Signals): void {
    if (this.#child.pid !== undefined && !this.#ended) signalProcess(-this.#child.pid, name)
  }

  kill(): void {
    this.signal('SIGKILL')
  }

  async exec(command: readonly string[], timeout: number): Promise<ExecOutcome> {
    return await collectOutput(this.#spawn(command.map(this.#config.rewrite)), timeout)
  }

  #spawn(command: readonly string[]): ChildProcessByStdio<null, Readable, Readable> {
    const [file, ...args] = dieWithParent(command)
    const { environment, workingDir } = this.#config
    return spawn(file, args, {
      cwd: workingDir,
      env: Object.fromEntries(environment),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
  }
}
