/**
 * How many flows the process's limit of open files allows. At that limit the kernel's connections would be taken and
 * dropped without a word, and links could not be dialled any more: so the router refuses clients before, by reset.
 */
import { readFile } from 'node:fs/promises'
import { errorCode } from '../core/errors.ts'
import { MAX_OPEN_FLOWS, RESERVED_FILES } from './limits.ts'

/** Flows that may be open, each with one socket, out of `files`. */
export function flowsWithin(files: number): number {
  return Math.min(MAX_OPEN_FLOWS, files - Math.min(RESERVED_FILES, Math.floor(files / 4)))
}

/** The soft limit in the text of /proc/PID/limits; infinite when there is none. */
export function openFilesOf(limits: string): number {
  const soft = /^Max open files +(\d+) /m.exec(limits)?.[1]
  return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft)
}

/** This process's limit of open files, which Node raised as far as it may; infinite where it cannot be known. */
export async function openFilesLimit(): Promise<number> {
  try {
    return openFilesOf(await readFile('/proc/self/limits', 'utf8'))
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return Number.POSITIVE_INFINITY
    throw error
  }
}
