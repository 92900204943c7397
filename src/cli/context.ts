/**
 * What every command is given instead of reaching for the process: streams, environment, and the loaders of the
 * long-running processes, which only src/bin knows.
 */
import type { Writable } from 'node:stream'

/** Exit codes of `fairlead`, documented in docs/cli.md. */
export const ExitCode = {
  ok: 0,
  /** A check failed or something went wrong. */
  failed: 1,
  /** The command line cannot be used. */
  usage: 2,
  /** A cluster cannot be reached. */
  unreachable: 3,
  /** A wait reached its bound. */
  timedOut: 4,
  interrupted: 130,
} as const

/** Long-running processes by command name; each resolves when the process should end. */
export type ProcessRunner = (args: readonly string[]) => Promise<void>

export interface CliContext {
  /** Results, for people and programs. */
  readonly stdout: Writable
  /** Talk: progress, warnings, errors. */
  readonly stderr: Writable
  readonly stdin: NodeJS.ReadStream
  readonly env: Readonly<Record<string, string | undefined>>
  readonly processes: Readonly<Record<'router' | 'controller' | 'dns' | 'agent', ProcessRunner>>
  /** Ends the process with this code once the command returns; the last call wins. */
  setExitCode(code: number): void
}
