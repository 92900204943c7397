/**
 * Waiting for a stream to open: one event, with a bound, and nothing left behind when it fails.
 */
import type { Duplex } from 'node:stream'
import type { Clock } from '../core/clock.ts'
import { TimeoutError } from '../core/errors.ts'
import { LinkLostError } from './errors.ts'

/** One step of dialling. */
export interface OpeningStep {
  /** For people: `connecting to east:5671`. */
  readonly what: string
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/**
 * Resolves with what `begin` gives to its callback. When the stream fails, closes or takes too long, or the signal
 * aborts, the stream is destroyed and the error thrown; `errorOf` says what an error of the stream means.
 */
export async function opening<T>(
  clock: Clock,
  stream: Duplex,
  { what, timeoutMs, signal }: OpeningStep,
  begin: (resolve: (value: T) => void, reject: (error: unknown) => void) => void,
  errorOf: (what: string, error: Error) => Error = failed,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const onError = (error: Error) => reject(errorOf(what, error))
  const onClose = () => reject(new LinkLostError(`${what}: connection closed`))
  const onAbort = () => reject(signal.reason)
  const onDeadline = () => reject(new TimeoutError(`${what} took longer than ${timeoutMs} ms`))
  stream.once('error', onError).once('close', onClose)
  signal.addEventListener('abort', onAbort)
  const cancel = clock.after(timeoutMs, onDeadline)
  if (signal.aborted) onAbort()
  begin(resolve, reject)
  try {
    return await promise
  } catch (error) {
    stream.on('error', () => {}).destroy()
    throw error
  } finally {
    cancel()
    signal.removeEventListener('abort', onAbort)
    stream.off('error', onError).off('close', onClose)
  }
}

/** The network's fault. */
export function failed(what: string, cause: Error): LinkLostError {
  return new LinkLostError(`${what} failed`, { cause })
}
