/** Runs one program to its end: input in, bounded output out, a clear error when it fails. */
import { type ChildProcess, spawn } from 'node:child_process'
import { CommandError } from './errors.ts'
import { COMMAND_TIMEOUT, MAX_COMMAND_OUTPUT } from './limits.ts'

export interface RunOptions {
  /** Written to standard input. */
  readonly input?: string
  readonly env?: NodeJS.ProcessEnv
  /** Milliseconds until the program is killed. Default COMMAND_TIMEOUT. */
  readonly timeout?: number
  readonly signal?: AbortSignal
}

/** Runs `command` and gives its standard output. Throws CommandError when it cannot start or does not end with 0. */
export async function run(
  command: readonly [string, ...string[]],
  options: RunOptions = {},
): Promise<string> {
  const [file, ...args] = command
  const signals = [AbortSignal.timeout(options.timeout ?? COMMAND_TIMEOUT)]
  if (options.signal !== undefined) signals.push(options.signal)
  const child = spawn(file, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    signal: AbortSignal.any(signals),
    killSignal: 'SIGKILL',
    ...(options.env !== undefined && { env: options.env }),
  })
  // A program that ends without reading its input is judged by its exit code, not by the broken pipe.
  child.stdin.on('error', () => {})
  child.stdin.end(options.input ?? '')
  return await outcome(child, command.join(' '))
}

async function outcome(child: ChildProcess, name: string): Promise<string> {
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  const ended = Promise.withResolvers<number | null>()
  child.once('error', (cause) => ended.reject(new CommandError(name, undefined, cause.message, { cause })))
  child.once('close', (code) => ended.resolve(code))
  const code = await ended.promise
  if (code !== 0) throw new CommandError(name, code ?? undefined, stderr())
  return stdout()
}

/** Keeps the first MAX_COMMAND_OUTPUT bytes and lets the rest go. */
function collect(stream: NodeJS.ReadableStream | null): () => string {
  const chunks: Buffer[] = []
  let size = 0
  stream?.on('data', (chunk: Buffer) => {
    if (size < MAX_COMMAND_OUTPUT) chunks.push(chunk)
    size += chunk.length
  })
  return () => Buffer.concat(chunks).toString('utf8', 0, MAX_COMMAND_OUTPUT)
}
