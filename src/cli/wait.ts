/**
 * Waiting for a cluster to become as we want it.
 */
import { type Clock, systemClock } from '../core/clock.ts'
import { TimeoutError } from '../core/errors.ts'
import { POLL_MS } from './install/limits.ts'

/** Asks again and again until `look` gives something; TimeoutError naming `what` after `timeoutMs`. */
export async function waitFor<T>(
  what: string,
  timeoutMs: number,
  look: () => Promise<T | undefined>,
  clock: Clock = systemClock,
): Promise<T> {
  const deadline = clock.monotonic() + timeoutMs
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (clock.monotonic() >= deadline)
      throw new TimeoutError(`${what} took longer than ${timeoutMs / 1000} s`)
    await clock.sleep(POLL_MS)
  }
}
