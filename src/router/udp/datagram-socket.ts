/**
 * Node's datagram sockets as UDP needs them: names are never looked up, sends never throw, and what the kernel does not
 * take is dropped and counted.
 */
import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { errorCode } from '../../core/errors.ts'
import { SEND_QUEUE_BYTES } from './limits.ts'
import { DropReason } from './udp-stats.ts'

type Looked = (error: Error | null, address: string, family: number) => void

/** Addresses only, and at once: Node would otherwise put off every send to a later tick. */
const NO_LOOKUP = {
  udp4: (host: string, _options: unknown, done: Looked): void => done(null, host, 4),
  udp6: (host: string, _options: unknown, done: Looked): void => done(null, host, 6),
} as const

/** A socket of the address's family; neither bound nor connected. */
export function datagramSocket(address: string): Socket {
  const type = isIPv6(address) ? 'udp6' : 'udp4'
  return createSocket({ type, lookup: NO_LOOKUP[type] })
}

/** Whether a further datagram may be given to the socket: it holds those that the kernel did not take yet. */
export function hasRoom(socket: Socket): boolean {
  return socket.getSendQueueSize() <= SEND_QUEUE_BYTES
}

/** Why a datagram was not sent, by the kernel's error. */
export function dropReasonOf(error: Error): DropReason {
  switch (errorCode(error)) {
    case 'EMSGSIZE':
      return DropReason.tooBig
    case 'ENOBUFS':
    case 'ENOMEM':
    case 'EAGAIN':
      return DropReason.noBuffers
    case 'ECONNREFUSED':
      return DropReason.refused
    default:
      return DropReason.sendFailed
  }
}

/** Asks for kernel buffers; a kernel that gives less says nothing. */
export function setBuffers(socket: Socket, bytes: number): void {
  socket.setRecvBufferSize(bytes)
  socket.setSendBufferSize(bytes)
}
