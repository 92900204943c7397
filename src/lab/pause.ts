/** Sleeping until a time or until it is over. */
import type { Clock } from '../core/clock.ts'

/** Sleeps `ms` milliseconds; false when `signal` aborted, which ends the sleep. */
export async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false
  try {
    await clock.sleep(ms, signal)
  } catch (error) {
    if (!signal.aborted) throw error
  }
  return !signal.aborted
}
