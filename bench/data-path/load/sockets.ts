/** Client sockets of the load: read into one shared buffer, so that receiving allocates nothing. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { HOST } from '../ports.ts'

/** A buffer that all sockets of a load may share: each read is counted before the next one. */
export function sharedBuffer(bytes: number): Uint8Array {
  return new Uint8Array(bytes)
}

/** Starts a connection whose reads are only counted. */
export function dial(port: number, buffer: Uint8Array, onBytes: (bytes: number) => void): Socket {
  const callback = (bytes: number): boolean => {
    onBytes(bytes)
    return true
  }
  return connect({ host: HOST, port, noDelay: true, onread: { buffer, callback } })
}

/** Waits for the connection. Later errors are the end of the measurement, or a reset that the counts show. */
export async function established(socket: Socket): Promise<void> {
  await once(socket, 'connect')
  socket.on('error', () => {})
}
