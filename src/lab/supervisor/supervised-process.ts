/** One long-running process of the lab: started, logged to a file, started again with backoff whenever it ends. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, fstatSync, ftruncateSync, openSync } from 'node:fs'
import { Backoff } from '../../core/backoff.ts'
import type { Cancel, Clock } from '../../core/clock.ts'
import type { Startable } from '../../core/lifecycle.ts'
import type { Logger } from '../../core/log.ts'
import { LOG_CHECK_INTERVAL, MAX_PROCESS_LOG, RESTART_BACKOFF, RESTART_HEALTHY_AFTER } from '../limits.ts'

export interface SupervisedProcessDeps {
  readonly clock: Clock
  readonly log: Logger
}

export interface SupervisedProcessConfig {
  readonly name: string
  readonly command: readonly [string, ...string[]]
  readonly env: NodeJS.ProcessEnv
  /** Standard output and error are appended here. */
  readonly logFile: string
}

export class SupervisedProcess implements Startable {
  readonly #deps: SupervisedProcessDeps
  readonly #config: SupervisedProcessConfig
  readonly #backoff = new Backoff(RESTART_BACKOFF)
  #cancelLogCheck: Cancel = () => {}
  #cancelRestart: Cancel = () => {}
  #child: ChildProcess | undefined
  #starts = 0
  #stopped = false

  constructor(deps: SupervisedProcessDeps, config: SupervisedProcessConfig) {
    this.#deps = deps
    this.#config = config
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  get restarts(): number {
    return Math.max(0, this.#starts - 1)
  }

  async start(): Promise<void> {
    const fd = openSync(this.#config.logFile, 'a', 0o600)
    const cancel = this.#deps.clock.every(LOG_CHECK_INTERVAL, () => keepSmall(fd))
    this.#cancelLogCheck = () => {
      cancel()
      closeSync(fd)
    }
    this.#launch(fd)
  }

  async stop(): Promise<void> {
    if (this.#stopped) return
    this.#stopped = true
    this.#cancelRestart()
    this.#cancelLogCheck()
    this.#child?.kill('SIGKILL')
  }

  #launch(fd: number): void {
    const [file, ...args] = this.#config.command
    const began = this.#deps.clock.monotonic()
    const child = spawn(file, args, { stdio: ['ignore', fd, fd], env: this.#config.env })
    this.#child = child
    this.#starts += 1
    child.once('error', (error) => this.#ended(fd, began, error.message))
    child.once('exit', (code, signal) => this.#ended(fd, began, signal ?? `exit code ${code}`))
  }

  #ended(fd: number, began: number, reason: string): void {
    this.#child = undefined
    if (this.#stopped) return
    if (this.#deps.clock.monotonic() - began > RESTART_HEALTHY_AFTER) this.#backoff.reset()
    const delay = this.#backoff.next()
    this.#deps.log.warn({ process: this.#config.name, reason, delay }, 'process ended, starting it again')
    this.#cancelRestart = this.#deps.clock.after(delay, () => this.#launch(fd))
  }
}

/** The file is opened for appending, so that writers go on at the new end. */
function keepSmall(fd: number): void {
  if (fstatSync(fd).size > MAX_PROCESS_LOG) ftruncateSync(fd, 0)
}
