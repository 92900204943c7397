/**
 * Runs the demo's commands where people can see and repeat them: each is printed as it would be typed, with its output.
 */
import { spawn } from 'node:child_process'
import { FairleadError } from '../../core/errors.ts'
import type { CliContext } from '../context.ts'
import { say } from '../output.ts'

/** A command of the demo failed; its output says why. */
export class DemoError extends FairleadError {
  override readonly name = 'DemoError'

  constructor(message: string) {
    super('demo', message)
  }
}

export interface ShellStep {
  /** What a user would type. */
  readonly shown: string
  /** What is run. */
  readonly command: readonly [string, ...string[]]
  readonly env?: Readonly<Record<string, string>>
}

export class DemoShell {
  readonly #context: CliContext
  readonly #signal: AbortSignal

  constructor(context: CliContext, signal: AbortSignal) {
    this.#context = context
    this.#signal = signal
  }

  /** A line that tells what comes. */
  tell(message: string): void {
    say(this.#context, message)
  }

  /** Prints and runs a step; its output goes to standard output. Throws DemoError when it fails. */
  async run(step: ShellStep): Promise<void> {
    this.#show(step.shown)
    const code = await this.#spawn(step)
    if (code !== 0) throw new DemoError(`"${step.shown}" ended with exit code ${code}`)
  }

  /** Prints a step that this process does itself, and its result. */
  async act(shown: string, action: () => Promise<string>): Promise<void> {
    this.#show(shown)
    this.#context.stdout.write(`${await action()}\n`)
  }

  #show(command: string): void {
    this.#signal.throwIfAborted()
    this.#context.stdout.write(`$ ${command}\n`)
  }

  #spawn({ command, env }: ShellStep): Promise<number> {
    const [file, ...args] = command
    const child = spawn(file, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...this.#context.env, ...env },
      signal: this.#signal,
      killSignal: 'SIGTERM',
    })
    child.stdout.pipe(this.#context.stdout, { end: false })
    child.stderr.pipe(this.#context.stderr, { end: false })
    const outcome = Promise.withResolvers<number>()
    child.once('error', outcome.reject)
    child.once('close', (code) => outcome.resolve(code ?? 1))
    return outcome.promise
  }
}
