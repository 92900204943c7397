/**
 * Who owns a state folder. The lock is a listening socket of the kernel's abstract name space: it ends with its
 * process however that ends, so that a stale one cannot exist.
 */
import { createHash } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { errorCode } from '../../core/errors.ts'
import { LabError } from '../errors.ts'

export interface StateLock {
  release(): Promise<void>
}

/** Takes the lock of an existing state folder. Throws LabError when another process holds it. */
export async function lockState(state: string): Promise<StateLock> {
  const server = createServer((socket) => socket.destroy())
  const listening = Promise.withResolvers<void>()
  server.once('error', listening.reject)
  server.listen(lockName(state), listening.resolve)
  try {
    await listening.promise
  } catch (cause) {
    if (errorCode(cause) !== 'EADDRINUSE') throw cause
    throw new LabError(
      `a lab runs in ${state} already: see "fairlead lab status", or end it with "fairlead lab down"`,
    )
  }
  server.unref()
  return { release: () => close(server) }
}

/** True while a process holds the lock of that name. */
export async function isLocked(name: string): Promise<boolean> {
  const socket = connect(name)
  const outcome = Promise.withResolvers<boolean>()
  socket.once('connect', () => outcome.resolve(true))
  socket.once('error', (error) => {
    if (errorCode(error) === 'ECONNREFUSED') outcome.resolve(false)
    else outcome.reject(error)
  })
  try {
    return await outcome.promise
  } finally {
    socket.destroy()
  }
}

/** Name of the lock of an existing folder. Abstract names are the machine's, so that it carries the folder's path. */
export function lockName(state: string): string {
  const digest = createHash('sha256').update(realpathSync(state)).digest('hex').slice(0, 32)
  return `\0fairlead-lab-${digest}`
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}
