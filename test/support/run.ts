/** Runs commands for tests: bounded, output kept, the reason in the error. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

export interface RunOptions {
  readonly input?: string | Buffer
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  /** Milliseconds until the command is killed. Default 60 s. */
  readonly timeout?: number
  /** Exit codes that are not an error. Default only 0. */
  readonly codes?: readonly number[]
}

export interface RunResult {
  readonly stdout: string
  readonly stderr: string
  readonly code: number
}

/** Runs a command to its end; throws with both outputs when the exit code is not one of `codes`. */
export async function run(command: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const child = start(command, options)
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeout ?? 60_000)
  child.stdin?.on('error', () => {}) // a command may end without reading its input
  child.stdin?.end(options.input ?? '')
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  clearTimeout(timer)
  const result = { stdout: await stdout, stderr: await stderr, code: code ?? -1 }
  if (!(options.codes ?? [0]).includes(result.code)) {
    throw new Error(`${command.join(' ')}: exit ${signal ?? result.code}\n${result.stdout}${result.stderr}`)
  }
  return result
}

/** Starts a command whose end the test decides. */
export function start(command: readonly string[], options: RunOptions = {}): ChildProcess {
  const [program, ...args] = command
  if (program === undefined) throw new Error('no command')
  return spawn(program, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
}

/** All that a stream gives, as text. */
export async function collect(stream: NodeJS.ReadableStream | null): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream ?? []) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString('utf8')
}
