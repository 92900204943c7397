/**
 * Starting parts in order and stopping them in reverse, with a bound on how long stopping may take.
 */
import type { Clock } from './clock.ts'
import { TimeoutError } from './errors.ts'

/** A part of a process. `stop` may be called after a failed `start`, and twice. */
export interface Startable {
  start(): Promise<void>
  stop(): Promise<void>
}

/** Starts parts in order; when one fails, those already started are stopped and the error is thrown. */
export class Lifecycle implements Startable {
  readonly #parts: readonly Startable[]
  #started: Startable[] = []

  constructor(parts: readonly Startable[]) {
    this.#parts = parts
  }

  async start(): Promise<void> {
    for (const part of this.#parts) {
      this.#started.push(part)
      try {
        await part.start()
      } catch (error) {
        await this.stop()
        throw error
      }
    }
  }

  async stop(): Promise<void> {
    const started = this.#started.reverse()
    this.#started = []
    for (const part of started) await part.stop()
  }
}

/** Resolves with the name of the first SIGTERM or SIGINT. */
export function terminationSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    process.once('SIGTERM', resolve)
    process.once('SIGINT', resolve)
  })
}

/** Rejects with TimeoutError when `work` takes longer than `ms`; `what` names it in the message. */
export async function within<T>(work: Promise<T>, ms: number, what: string, clock: Clock): Promise<T> {
  const done = new AbortController()
  const deadline = clock.sleep(ms, done.signal).then(() => {
    throw new TimeoutError(`${what} took longer than ${ms} ms`)
  })
  deadline.catch(() => {})
  try {
    return await Promise.race([work, deadline])
  } finally {
    done.abort()
  }
}

/** Settles as `work` does; rejects with the signal's reason when that aborts first. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const aborted = Promise.withResolvers<never>()
  const onAbort = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', onAbort)
  try {
    return await Promise.race([work, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
