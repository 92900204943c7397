/** Waiting for a condition instead of for a time. */
import { setTimeout as sleep } from 'node:timers/promises'

export interface EventuallyOptions {
  /** Milliseconds until the last error is thrown. Default 10 s. */
  readonly within?: number
  /** Milliseconds between attempts. Default 50. */
  readonly every?: number
}

/** Calls `attempt` until it neither throws nor gives false; its result, or its last error after the bound. */
export async function eventually<T>(
  attempt: () => Promise<T> | T,
  options: EventuallyOptions = {},
): Promise<T> {
  const deadline = performance.now() + (options.within ?? 10_000)
  for (;;) {
    const outcome = await settle(attempt)
    if (outcome.ok) return outcome.value
    if (performance.now() > deadline) throw outcome.error
    await sleep(options.every ?? 50)
  }
}

async function settle<T>(
  attempt: () => Promise<T> | T,
): Promise<{ ok: true; value: T } | { ok: false; error: unknown }> {
  try {
    const value = await attempt()
    return value === false
      ? { ok: false, error: new Error('the condition stayed false') }
      : { ok: true, value }
  } catch (error) {
    return { ok: false, error }
  }
}
