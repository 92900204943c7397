/** Asks a running lab something over its control socket. */
import { connect, type Socket } from 'node:net'
import { systemClock } from '../../core/clock.ts'
import { errorCode } from '../../core/errors.ts'
import { within } from '../../core/lifecycle.ts'
import { LabError } from '../errors.ts'
import { CONTROL_TIMEOUT, MAX_CONTROL_LINE } from '../limits.ts'
import type { ControlReply, ControlRequest } from './protocol.ts'

/** An answer, and the connection that keeps what was asked for alive. */
export interface Lease<T> {
  readonly result: T
  /** Resolves when the lab goes away. */
  readonly lost: Promise<void>
  release(): void
}

/** Asks and closes. Throws LabError when no lab runs there or it refuses. */
export async function ask<T>(path: string, request: ControlRequest): Promise<T> {
  const lease = await askAndHold<T>(path, request)
  lease.release()
  return lease.result
}

/** Asks and keeps the connection open until `release`. */
export async function askAndHold<T>(path: string, request: ControlRequest): Promise<Lease<T>> {
  const socket = await dial(path)
  const lost = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  try {
    socket.write(`${JSON.stringify(request)}\n`)
    const reply = await within(firstReply<T>(socket), CONTROL_TIMEOUT, `lab ${request.command}`, systemClock)
    if (!reply.ok) throw new LabError(reply.message)
    return { result: reply.result, lost, release: () => void socket.destroy() }
  } catch (error) {
    socket.destroy()
    throw error
  }
}

async function dial(path: string): Promise<Socket> {
  const socket = connect({ path })
  const connected = Promise.withResolvers<void>()
  socket.once('connect', connected.resolve)
  socket.once('error', connected.reject)
  try {
    await connected.promise
  } catch (cause) {
    if (!['ENOENT', 'ECONNREFUSED'].includes(errorCode(cause) ?? '')) throw cause
    throw new LabError(`no lab runs here (${path}): start one with "fairlead lab up"`)
  }
  socket.off('error', connected.reject)
  // What breaks later is seen as the end of the connection.
  socket.on('error', () => {})
  return socket
}

/** The first line the lab sends; the listener stays, because an unread socket would not tell that it was closed. */
function firstReply<T>(socket: Socket): Promise<ControlReply<T>> {
  const reply = Promise.withResolvers<ControlReply<T>>()
  let text = ''
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => {
    text += chunk
    const end = text.indexOf('\n')
    if (end !== -1) reply.resolve(JSON.parse(text.slice(0, end)) as ControlReply<T>)
    else if (text.length > MAX_CONTROL_LINE) reply.reject(new LabError('the answer of the lab is too long'))
  })
  socket.once('close', () => reply.reject(new LabError('the lab ended before it answered')))
  return reply.promise
}
