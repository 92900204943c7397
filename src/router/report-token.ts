/**
 * The token that a router's reports are told for, as a mounted Secret has it now.
 */
import { readFile } from 'node:fs/promises'
import { describeError, errorCode } from '../core/errors.ts'
import type { Logger } from '../core/log.ts'

/** Reads the file again for each request, so that a changed Secret holds at once. No file, no token: an optional Secret. */
export function reportToken(file: string, log: Logger): () => Promise<string | undefined> {
  return async () => {
    try {
      return (await readFile(file, 'utf8')).trim()
    } catch (error) {
      if (errorCode(error) !== 'ENOENT')
        log.warn({ file, error: describeError(error) }, 'the token of reports cannot be read')
      return undefined
    }
  }
}
