/**
 * A WebSocket as a stream of bytes: binary frames only, and no more in memory than one write and what the reader has
 * not taken. Frames have no meaning; TLS runs inside.
 */
import { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { LinkLostError } from './errors.ts'
import { MAX_PONG_BACKLOG, WEB_SOCKET_FRAME } from './limits.ts'

/** Close codes of RFC 6455 section 7.4.1. */
const CloseCode = { normal: 1000, unsupported: 1003 } as const

/** Address of the other side, as far as the connection below tells it. */
export interface RemoteAddress {
  readonly remoteAddress?: string | undefined
  readonly remotePort?: number | undefined
}

const SEND = { binary: true, compress: false } as const

/** Takes over an open WebSocket. */
export class WebSocketStream extends Duplex {
  readonly remoteAddress: string | undefined
  readonly remotePort: number | undefined
  readonly #socket: WebSocket
  #ended = false

  constructor(socket: WebSocket, { remoteAddress, remotePort }: RemoteAddress = {}) {
    super({ allowHalfOpen: false })
    this.remoteAddress = remoteAddress
    this.remotePort = remotePort
    this.#socket = socket
    socket.on('message', (data, isBinary) => this.#onMessage(data, isBinary))
    socket.on('ping', (data) => this.#onPing(data))
    socket.on('error', (error) => this.destroy(new LinkLostError('the WebSocket failed', { cause: error })))
    socket.on('close', () => this.#onClose())
  }

  /** Ends the connection without the closing handshake. */
  resetAndDestroy(): this {
    return this.destroy()
  }

  override _read(): void {
    this.#socket.resume()
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#send(chunk, done)
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#send(Buffer.concat(chunks.map(({ chunk }) => chunk)), done)
  }

  override _final(done: () => void): void {
    this.#socket.close(CloseCode.normal)
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#ended = true
    this.#socket.terminate()
    done(error)
  }

  /** The next write comes when the last frame of this one is with the kernel. */
  #send(bytes: Buffer, done: (error?: Error | null) => void): void {
    for (let start = 0; start < bytes.length || start === 0; start += WEB_SOCKET_FRAME) {
      const isLast = start + WEB_SOCKET_FRAME >= bytes.length
      this.#socket.send(bytes.subarray(start, start + WEB_SOCKET_FRAME), SEND, (error) => {
        if (isLast) done(error)
      })
    }
  }

  #onMessage(data: Buffer, isBinary: boolean): void {
    if (this.#ended) return
    if (!isBinary) {
      this.#socket.close(CloseCode.unsupported, 'binary frames only')
      this.destroy(new LinkLostError('the peer sent a text frame'))
      return
    }
    if (data.length > 0 && !this.push(data)) this.#socket.pause()
  }

  /** Answers are not queued for a peer that does not read them. */
  #onPing(data: Buffer): void {
    if (this.#socket.bufferedAmount < MAX_PONG_BACKLOG) this.#socket.pong(data)
  }

  #onClose(): void {
    if (this.#ended) return
    this.#ended = true
    this.push(null)
    // A WebSocket cannot be half open: what was not sent yet is lost.
    if (!this.writableFinished) this.destroy(new LinkLostError('the WebSocket was closed'))
  }
}
