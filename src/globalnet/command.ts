/**
 * Runs one program of the node to its end: input in, bounded output out.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { CommandError } from './nat-errors.ts'
import { COMMAND_OUTPUT_MAX, COMMAND_TIMEOUT_MS } from './nat-limits.ts'

/** Runs `command`; gives its standard output. Throws CommandError. */
export type RunCommand = (command: readonly [string, ...string[]], input?: string) => Promise<string>

/** Folders in which Debian keeps nft and conntrack, and which a PATH may lack. */
const SYSTEM_FOLDERS = '/usr/local/sbin:/usr/sbin:/sbin'

/** Kills what takes too long or prints too much: half of an output is no output. */
export const runCommand: RunCommand = async ([file, ...args], input = '') => {
  const child = spawn(file, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    signal: AbortSignal.timeout(COMMAND_TIMEOUT_MS),
    killSignal: 'SIGKILL',
    env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:${SYSTEM_FOLDERS}`, LC_ALL: 'C' },
  })
  // A program that ends without reading its input is judged by its exit code, not by the broken pipe.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  return await outcome(child, [file, ...args].join(' '))
}

async function outcome(child: ChildProcess, name: string): Promise<string> {
  const stdout = collect(child, child.stdout)
  const stderr = collect(child, child.stderr)
  const ended = Promise.withResolvers<number | null>()
  child.once('error', (cause) => ended.reject(new CommandError(name, undefined, cause.message, { cause })))
  child.once('close', (code) => ended.resolve(code))
  const code = await ended.promise
  if (code === null) throw new CommandError(name, undefined, `killed or printed too much ${stderr()}`)
  if (code !== 0) throw new CommandError(name, code, stderr())
  return stdout()
}

function collect(child: ChildProcess, stream: NodeJS.ReadableStream | null): () => string {
  const chunks: Buffer[] = []
  let size = 0
  stream?.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size <= COMMAND_OUTPUT_MAX) chunks.push(chunk)
    else child.kill('SIGKILL')
  })
  return () => Buffer.concat(chunks).toString('utf8')
}
