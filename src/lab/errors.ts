/** Errors of the lab. */
import { FairleadError, type FairleadErrorOptions } from '../core/errors.ts'

/** The lab cannot do what was asked; the message says what to do about it. */
export class LabError extends FairleadError {
  override readonly name = 'LabError'

  constructor(message: string, options: FairleadErrorOptions = {}) {
    super('lab', message, options)
  }
}

/** A program the lab ran (ip, nft, mount...) failed. */
export class CommandError extends FairleadError {
  override readonly name = 'CommandError'
  /** Undefined when a signal ended it. */
  readonly exitCode: number | undefined
  readonly stderr: string

  constructor(
    command: string,
    exitCode: number | undefined,
    stderr: string,
    options: FairleadErrorOptions = {},
  ) {
    super('command', `${command}: ${stderr.trim() || `exit code ${exitCode ?? 'none (killed)'}`}`, options)
    this.exitCode = exitCode
    this.stderr = stderr
  }
}

/** The user wants no more of it. */
export class InterruptedError extends FairleadError {
  override readonly name = 'InterruptedError'

  constructor() {
    super('interrupted', 'interrupted')
  }
}
