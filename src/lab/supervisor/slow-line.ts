/** The process of one slow line, from the supervisor's side: started, told, started again when it dies, drained. */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Clock } from '../../core/clock.ts'
import { describeError } from '../../core/errors.ts'
import { within } from '../../core/lifecycle.ts'
import type { Logger } from '../../core/log.ts'
import { readLines } from '../control/line-reader.ts'
import { LabError } from '../errors.ts'
import { LINE_START_TIMEOUT, RESTART_BACKOFF } from '../limits.ts'
import type { LineReady, LineRequest } from '../slow/line-protocol.ts'
import type { PathShape } from '../slow/path-shape.ts'
import type { SocketEnd } from '../slow/wanted-end.ts'
import { systemEnv } from '../system-env.ts'

export interface SlowLineDeps {
  readonly clock: Clock
  readonly log: Logger
  /** Told where it listens, at first and whenever that changes. */
  readonly redirect: (ends: readonly SocketEnd[]) => Promise<void>
}

export class SlowLine {
  readonly #deps: SlowLineDeps
  readonly #command: readonly [string, ...string[]]
  #shape: PathShape
  #child: ChildProcess | undefined
  #isDraining = false

  /** `command` runs the process in its node. */
  constructor(deps: SlowLineDeps, command: readonly [string, ...string[]], shape: PathShape) {
    this.#deps = deps
    this.#command = command
    this.#shape = shape
  }

  /** Resolves when connections go through it. */
  async start(): Promise<void> {
    const [file, ...args] = this.#command
    const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'], env: systemEnv() })
    const ended = new Promise<never>((_, reject) => {
      child.once('error', reject)
      child.once('exit', (code) => reject(new LabError(`a slow line ended with exit code ${code}`)))
    })
    child.stdin.on('error', () => {}) // its exit is told
    this.#child = child
    try {
      await Promise.race([this.#ready(child), ended])
    } catch (error) {
      child.kill('SIGKILL')
      throw error
    }
    ended.catch((error) => this.#lost(describeError(error)))
  }

  reshape(shape: PathShape): void {
    this.#shape = shape
    this.#tell({ shape })
  }

  /** Its open connections go on, unslowed; it ends with the last of them. */
  drain(): void {
    this.#isDraining = true
    this.#tell({ drain: true })
  }

  async #ready(child: ChildProcess): Promise<void> {
    this.#tell({ shape: this.#shape })
    const { ends } = await within(firstLine(child), LINE_START_TIMEOUT, 'a slow line', this.#deps.clock)
    if (!this.#isDraining) await this.#deps.redirect(ends)
  }

  #lost(reason: string): void {
    if (this.#isDraining) return
    this.#deps.log.warn({ reason }, 'starting a slow line again')
    this.#deps.clock.after(RESTART_BACKOFF.max, () => {
      if (!this.#isDraining) this.start().catch((error) => this.#lost(describeError(error)))
    })
  }

  #tell(request: LineRequest): void {
    this.#child?.stdin?.write(`${JSON.stringify(request)}\n`)
  }
}

async function firstLine({ stdout }: ChildProcess): Promise<LineReady> {
  if (stdout === null) throw new LabError('a slow line says nothing')
  for await (const line of readLines(stdout)) return JSON.parse(line) as LineReady
  throw new LabError('a slow line ended before it listened')
}
