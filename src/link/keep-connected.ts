/**
 * Tries again for ever, with pauses that fit the cause: short when the network failed, longer when the peer refused.
 */
import { Backoff } from '../core/backoff.ts'
import type { Clock } from '../core/clock.ts'
import { PeerRefusedError, ViolationError } from './errors.ts'
import { MIN_STABLE_MS, REFUSED_BACKOFF, RETRY_BACKOFF, REVOKED_BACKOFF } from './limits.ts'

export interface KeepConnectedDeps {
  readonly clock: Clock
  readonly random?: () => number
  /** Calls `wake` when whoever was revoked may be a member again. Returns the way to stop. */
  readonly onReadmission?: (wake: () => void) => () => void
}

/** What came of one attempt. A connection that stood for a while was no failure: the next attempt follows at once. */
export interface AttemptOutcome {
  readonly error: unknown
  /** How long the connection stood, milliseconds; 0 when it never did. */
  readonly stoodMs: number
}

/** Runs attempts one after the other until `signal` aborts. `onPause` is told before each pause. */
export async function keepConnected(
  deps: KeepConnectedDeps,
  attempt: () => Promise<AttemptOutcome>,
  onPause: (error: unknown, ms: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const lost = new Backoff(RETRY_BACKOFF, deps.random)
  const refused = new Backoff(REFUSED_BACKOFF, deps.random)
  const revoked = new Backoff(REVOKED_BACKOFF, deps.random)
  while (!signal.aborted) {
    const { error, stoodMs } = await attempt()
    if (signal.aborted) return
    const isNoFailure = stoodMs >= MIN_STABLE_MS
    if (isNoFailure) {
      lost.reset()
      refused.reset()
    }
    if (isRevoked(error)) {
      const ms = revoked.next()
      onPause(error, ms)
      await untilReadmitted(deps, ms, signal)
      continue
    }
    const ms = isNoFailure ? 0 : (isRefusal(error) ? refused : lost).next()
    onPause(error, ms)
    await pause(deps.clock, ms, signal)
  }
}

/** The peer's certificate, or ours in its eyes as it has told us, is void. */
export function isRevoked(error: unknown): boolean {
  return error instanceof PeerRefusedError && error.reason === 'revoked'
}

async function untilReadmitted(deps: KeepConnectedDeps, ms: number, signal: AbortSignal): Promise<void> {
  const woken = new AbortController()
  const unfollow = deps.onReadmission?.(() => woken.abort()) ?? (() => {})
  await pause(deps.clock, ms, AbortSignal.any([signal, woken.signal]))
  unfollow()
}

function isRefusal(error: unknown): boolean {
  return error instanceof PeerRefusedError || error instanceof ViolationError
}

async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(ms, signal)
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
