/**
 * The base of every error the project throws. Each folder adds its own subclasses.
 */

/** What every error carries besides its message. */
export interface FairleadErrorOptions extends ErrorOptions {
  /** Trying the same call again may succeed. Default false. */
  retryable?: boolean
}

/** Base error: a stable `code` for programs, a message for people, the cause kept. */
export class FairleadError extends Error {
  override readonly name: string = 'FairleadError'
  readonly code: string
  readonly retryable: boolean

  constructor(code: string, message: string, options: FairleadErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retryable = options.retryable ?? false
  }
}

/** A flag, file or variable the user gave cannot be used: says what, where and what to do. */
export class UsageError extends FairleadError {
  override readonly name = 'UsageError'

  constructor(message: string, options: FairleadErrorOptions = {}) {
    super('usage', message, options)
  }
}

/** A wait reached its bound. */
export class TimeoutError extends FairleadError {
  override readonly name = 'TimeoutError'

  constructor(message: string, options: FairleadErrorOptions = {}) {
    super('timeout', message, { retryable: true, ...options })
  }
}

/** The message of anything thrown, with the messages of its causes where it does not repeat them, on one line. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const message = (error.message || error.name).replace(/\s*\n\s*/g, ' ')
  const cause = error.cause === undefined ? '' : describeError(error.cause)
  return message.includes(cause) ? message : `${message}: ${cause}`
}

/** The `code` of a system or project error, or undefined. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
