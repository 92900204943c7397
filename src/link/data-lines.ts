/**
 * The data connections of one link: as many as configured, each dialled again when it alone is lost.
 */
import { within } from '../core/lifecycle.ts'
import { type AttemptOutcome, type KeepConnectedDeps, keepConnected } from './keep-connected.ts'

/** One data connection, whatever runs on it. */
export interface DataLine {
  /** Resolves with why, when it is gone. Never rejects. */
  readonly whenClosed: Promise<unknown>
  /** Resolves with the process at the other end (Hello.id), once it has said who it is; with undefined when it does not. */
  readonly whenKnown: Promise<string | undefined>
  /** It carries flows from now on; before that only who is at the other end is learnt. */
  use(): void
  /** Resolves when the other end takes no more new flows. */
  readonly whenDraining: Promise<void>
  close(reason: string): void
}

export interface DataLinesConfig {
  readonly count: number
  /** Until all stood once. */
  readonly timeoutMs: number
}

export interface DataLinesDeps extends KeepConnectedDeps {
  /** Makes one; throws why it could not. */
  readonly dial: (signal: AbortSignal) => Promise<DataLine>
  readonly onPause: (error: unknown, ms: number) => void
}

/** Keeps data connections until `signal` aborts. Resolves when all stood once, rejects when they do not in time. */
export async function keepDataLines(
  deps: DataLinesDeps,
  { count, timeoutMs }: DataLinesConfig,
  signal: AbortSignal,
): Promise<void> {
  const firsts = Array.from({ length: count }, () => keepLine(deps, signal))
  await within(Promise.all(firsts), timeoutMs, 'the first data connections', deps.clock)
}

function keepLine(deps: DataLinesDeps, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const attempt = () => oneLine(deps, signal, resolve)
  void keepConnected(deps, attempt, deps.onPause, signal).then(() => reject(signal.reason), reject)
  return promise
}

async function oneLine(deps: DataLinesDeps, signal: AbortSignal, onUp: () => void): Promise<AttemptOutcome> {
  let line: DataLine
  try {
    line = await deps.dial(signal)
  } catch (error) {
    return { error, stoodMs: 0 }
  }
  const since = deps.clock.monotonic()
  const onAbort = () => line.close('the link is closing')
  signal.addEventListener('abort', onAbort)
  if (signal.aborted) onAbort()
  onUp()
  const error = await line.whenClosed
  signal.removeEventListener('abort', onAbort)
  return { error, stoodMs: deps.clock.monotonic() - since }
}
