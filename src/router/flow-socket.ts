/**
 * The sockets of flows: their options, and how they are tied to the flows that own them. The listeners are shared by
 * all sockets, so that a flow costs no closures.
 */
import type { Socket } from 'node:net'
import { KEEP_ALIVE_MS, SOCKET_BUFFER_BYTES } from './limits.ts'

/** Options of every flow socket, accepted or connected. */
export const FLOW_SOCKET_OPTIONS = {
  allowHalfOpen: true,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: KEEP_ALIVE_MS,
  highWaterMark: SOCKET_BUFFER_BYTES,
} as const

/** What a socket tells its owner. After `socketFailed` or `socketClosed` nothing more is told. */
export interface SocketOwner {
  socketConnected(): void
  socketData(chunk: Buffer): void
  /** The peer half-closed. */
  socketEnded(): void
  socketDrained(): void
  socketFailed(error: Error): void
  /** Closed without an error. */
  socketClosed(): void
}

const owner = Symbol('owner')

const NOTHING = Buffer.alloc(0)

type OwnedSocket = Socket & { [owner]?: SocketOwner | undefined }

/** Starts telling `flow` what happens on `socket`; reading starts with it. */
export function bindSocket(socket: Socket, flow: SocketOwner): void {
  const owned: OwnedSocket = socket
  owned[owner] = flow
  if (socket.connecting) socket.on('connect', connected)
  socket.on('data', data).on('end', ended).on('drain', drained).on('error', failed).on('close', closed)
}

/** Stops telling. The listeners stay, so that a late error is still taken and not thrown. */
export function unbindSocket(socket: Socket): void {
  const owned: OwnedSocket = socket
  owned[owner] = undefined
}

/**
 * Ends the socket with RST and stops telling. libuv refuses a reset while a FIN is on its way out, and Node would then
 * never close the handle: so it waits for the FIN, which flows send only when nothing is queued before it.
 */
export function resetSocket(socket: Socket): void {
  unbindSocket(socket)
  if (socket.destroyed) return
  if (!socket.writableEnded || socket.writableFinished) socket.resetAndDestroy()
  else socket.once('finish', () => socket.resetAndDestroy())
}

/** Tells the owner that the socket drained, also when less is queued than makes it say so by itself. */
export function whenWritten(socket: OwnedSocket): void {
  socket.write(NOTHING, () => socket[owner]?.socketDrained())
}

/**
 * Notices the reset of a socket that is not read from: nobody polls it then. An empty write sends nothing, and fails if
 * there was one. A socket that has sent its FIN cannot be asked; one that has bytes to write is polled for that.
 */
export function probeSocket(socket: Socket): void {
  if (!socket.writableEnded && socket.writableLength === 0) socket.write(NOTHING)
}

/** Sends FIN once everything written before has left Node's queues. */
export function endSocket(socket: Socket): void {
  if (socket.writableEnded || socket.destroyed) return
  if (socket.writableLength === 0) socket.end()
  else socket.write(NOTHING, () => socket.end())
}

function connected(this: OwnedSocket): void {
  this[owner]?.socketConnected()
}

function data(this: OwnedSocket, chunk: Buffer): void {
  this[owner]?.socketData(chunk)
}

function ended(this: OwnedSocket): void {
  this[owner]?.socketEnded()
}

function drained(this: OwnedSocket): void {
  this[owner]?.socketDrained()
}

function failed(this: OwnedSocket, error: Error): void {
  const flow = this[owner]
  unbindSocket(this)
  flow?.socketFailed(error)
}

function closed(this: OwnedSocket): void {
  const flow = this[owner]
  unbindSocket(this)
  flow?.socketClosed()
}
