/**
 * Time as a dependency: the system's clock here, a virtual one in tests.
 */
import { setTimeout as sleepFor } from 'node:timers/promises'

/** Stops a timer; calling it again does nothing. */
export type Cancel = () => void

export interface Clock {
  /** Wall time, milliseconds since 1970. */
  now(): number
  /** Monotonic time in milliseconds, for durations. */
  monotonic(): number
  /** Resolves after `ms`; rejects with the signal's reason when it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Calls `action` once after `ms`. */
  after(ms: number, action: () => void): Cancel
  /** Calls `action` every `ms`. */
  every(ms: number, action: () => void): Cancel
}

/** The clock of the running system. Its timers do not keep the process alive, its sleeps do. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(ms, signal) {
    await sleepFor(ms, undefined, signal === undefined ? undefined : { signal })
  },
  after(ms, action) {
    const timer = setTimeout(action, ms).unref()
    return () => clearTimeout(timer)
  },
  every(ms, action) {
    const timer = setInterval(action, ms).unref()
    return () => clearInterval(timer)
  },
}
