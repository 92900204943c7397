/** A real control plane as child processes: etcd, kube-apiserver, kube-controller-manager. They end with this process, however it ends. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, constants, open } from 'node:fs/promises'
import { join } from 'node:path'
import { LabError } from '../errors.ts'
import {
  apiServerCommand,
  type ControlPlaneAddresses,
  type ControlPlaneFiles,
  controllerManagerCommand,
  etcdCommand,
} from './command-lines.ts'

/** What the folder of programs must hold, as `KUBEBUILDER_ASSETS` has it. */
export const CONTROL_PLANE_PROGRAMS = ['etcd', 'kube-apiserver', 'kube-controller-manager'] as const

export interface ControlPlaneConfig {
  /** Folder of the programs. */
  readonly assets: string
  readonly files: ControlPlaneFiles
  readonly addresses: ControlPlaneAddresses
  /** Folder of the processes' logs. */
  readonly logs: string
  readonly env?: NodeJS.ProcessEnv
}

/** Names the programs that `folder` lacks. */
export async function missingPrograms(folder: string): Promise<string[]> {
  const there = await Promise.all(
    CONTROL_PLANE_PROGRAMS.map((name) =>
      access(join(folder, name), constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  )
  return CONTROL_PLANE_PROGRAMS.filter((_, index) => !there[index])
}

/** The processes from `start` to `stop`. They find each other: none waits for another to be ready. */
export class ControlPlane {
  readonly #config: ControlPlaneConfig
  readonly #running: ChildProcess[] = []
  readonly #ended = Promise.withResolvers<string>()
  #stopping = false

  constructor(config: ControlPlaneConfig) {
    this.#config = config
  }

  /** Resolves, with what happened, when one of them ends that was not stopped. */
  get ended(): Promise<string> {
    return this.#ended.promise
  }

  /** Throws LabError when a program is missing. */
  async start(): Promise<void> {
    const { assets, files, addresses } = this.#config
    const missing = await missingPrograms(assets)
    if (missing.length > 0) throw new LabError(`${assets} lacks ${missing.join(', ')}`)
    const program = (name: (typeof CONTROL_PLANE_PROGRAMS)[number]) => join(assets, name)
    await this.#launch('etcd', etcdCommand(program('etcd'), files, addresses))
    await this.#launch('kube-apiserver', apiServerCommand(program('kube-apiserver'), files, addresses))
    const manager = controllerManagerCommand(program('kube-controller-manager'), files)
    await this.#launch('kube-controller-manager', manager)
  }

  async stop(): Promise<void> {
    this.#stopping = true
    for (const child of this.#running.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    }
  }

  async #launch(name: string, command: readonly string[]): Promise<void> {
    const log = await open(join(this.#config.logs, `${name}.log`), 'a', 0o600)
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...command], {
      stdio: ['ignore', log.fd, log.fd],
      ...(this.#config.env === undefined ? {} : { env: this.#config.env }),
    })
    this.#running.push(child)
    child.once('exit', (code, signal) => {
      if (!this.#stopping) this.#ended.resolve(`${name} ended with ${signal ?? `exit code ${code}`}`)
    })
    try {
      await once(child, 'spawn')
    } catch (cause) {
      throw new LabError(`cannot start ${name}`, { cause })
    } finally {
      await log.close()
    }
  }
}
