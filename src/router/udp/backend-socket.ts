/**
 * A connected datagram socket to one backend: only its datagrams come in, and the kernel tells when nobody listens there.
 */
import type { Socket } from 'node:dgram'
import { errorCode } from '../../core/errors.ts'
import { datagramSocket, dropReasonOf, hasRoom, setBuffers } from './datagram-socket.ts'
import { BACKEND_BUFFER_BYTES } from './limits.ts'
import { DropReason } from './udp-stats.ts'

/** What the socket tells its owner; nothing after `close`. */
export interface BackendSocketOwner {
  fromBackend(datagram: Buffer): void
  /** Nobody listens there, or the socket could not be made. */
  backendFailed(error: Error): void
  /** The kernel did not take a datagram that `send` had given it. */
  notSent(reason: DropReason): void
}

export class BackendSocket {
  readonly #owner: BackendSocketOwner
  readonly #socket: Socket
  readonly #sent = (error: Error | null): void => this.#onSent(error)
  #state: 'opening' | 'connected' | 'closed' = 'opening'

  /** `localPort`: the datagrams leave from there, or the owner is told that somebody else has it. */
  constructor(owner: BackendSocketOwner, address: string, port: number, localPort?: number) {
    this.#owner = owner
    this.#socket = datagramSocket(address)
    this.#socket
      .on('message', (datagram) => this.#onMessage(datagram))
      .on('error', (error) => this.#onError(error))
    // At once: the addresses need no look-up. After a failure a connect would take any port.
    if (localPort !== undefined) this.#socket.bind({ port: localPort, exclusive: true })
    if (localPort !== undefined && !isBound(this.#socket)) return
    this.#socket.connect(port, address)
    if (isConnected(this.#socket)) {
      setBuffers(this.#socket, BACKEND_BUFFER_BYTES)
      this.#state = 'connected'
    }
  }

  /** Why the datagram is dropped; undefined when it was sent, or Node's queue has it. `header` goes in front of it. */
  send(datagram: Buffer, header: Buffer | undefined): DropReason | undefined {
    if (this.#state !== 'connected') return DropReason.sendFailed
    if (!hasRoom(this.#socket)) return DropReason.sendQueue
    this.#socket.send(header === undefined ? datagram : [header, datagram], this.#sent)
    return undefined
  }

  close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#socket.close()
  }

  #onMessage(datagram: Buffer): void {
    if (this.#state === 'connected') this.#owner.fromBackend(datagram)
  }

  /** The answer to an earlier datagram may come with the next send instead, which then did not happen. */
  #onSent(error: Error | null): void {
    if (error === null || this.#state === 'closed') return
    this.#owner.notSent(dropReasonOf(error))
    if (errorCode(error) === 'ECONNREFUSED') this.#onError(error)
  }

  /** From a task of its own: the constructor may still be at work. */
  #onError(error: Error): void {
    setImmediate(() => {
      if (this.#state !== 'closed') this.#owner.backendFailed(error)
    })
  }
}

function isBound(socket: Socket): boolean {
  try {
    return socket.address().port !== 0
  } catch {
    return false
  }
}

/** Node connects to an address at once, and tells of a failure only later. */
function isConnected(socket: Socket): boolean {
  try {
    socket.remoteAddress()
    return true
  } catch {
    return false
  }
}
