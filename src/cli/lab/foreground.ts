/** Runs a command as if it had been called instead of us: same streams, same signals, same end. */
import { spawn } from 'node:child_process'
import { constants } from 'node:os'

/** Signals that are handed on. Those a terminal sends reach the whole foreground group already. */
const PASSED_ON = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGCONT'] as const
const FROM_TERMINAL = ['SIGINT', 'SIGQUIT'] as const

export interface ForegroundOptions {
  /** The command is killed when this resolves. */
  readonly lost: Promise<void>
  /** Standard input is a terminal, which sends Ctrl-C to the command itself. */
  readonly isTerminal: boolean
}

export interface ForegroundEnd {
  /** As a shell would give it: 128 and the signal's number when one ended the command. */
  readonly exitCode: number
  readonly signal: NodeJS.Signals | undefined
  /** It was killed because `lost` resolved. */
  readonly lost: boolean
}

/** Resolves when the command ended. Rejects when it cannot be started. */
export async function runInForeground(
  command: readonly [string, ...string[]],
  env: NodeJS.ProcessEnv,
  options: ForegroundOptions,
): Promise<ForegroundEnd> {
  const [file, ...args] = command
  // Before the command runs: what it prints at once may make somebody send a signal.
  const stopPassing = passSignals(options.isTerminal, (signal) => void child.kill(signal))
  const child = spawn(file, args, { stdio: 'inherit', env })
  let lost = false
  void options.lost.then(() => {
    lost = true
    child.kill('SIGKILL')
  })
  try {
    const { code, signal } = await ended(child)
    return {
      exitCode: code ?? 128 + (signal === null ? 0 : constants.signals[signal]),
      signal: signal ?? undefined,
      lost: lost && signal === 'SIGKILL',
    }
  } finally {
    stopPassing()
  }
}

function ended(
  child: ReturnType<typeof spawn>,
): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  const outcome = Promise.withResolvers<{ code: number | null; signal: NodeJS.Signals | null }>()
  child.once('error', outcome.reject)
  child.once('exit', (code, signal) => outcome.resolve({ code, signal }))
  return outcome.promise
}

function passSignals(isTerminal: boolean, pass: (signal: NodeJS.Signals) => void): () => void {
  const ignore = (): void => {}
  const handlers = [
    ...PASSED_ON.map((signal) => [signal, pass] as const),
    ...FROM_TERMINAL.map((signal) => [signal, isTerminal ? ignore : pass] as const),
  ]
  for (const [signal, handler] of handlers) process.on(signal, handler)
  return () => {
    for (const [signal, handler] of handlers) process.off(signal, handler)
  }
}
