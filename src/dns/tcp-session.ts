/**
 * One TCP connection: queries behind their lengths (RFC 1035 section 4.2.2), many in work at once (RFC 7766).
 * A client that sends slowly, reads slowly or asks too much only holds up itself.
 */
import type { Socket } from 'node:net'
import type { Cancel, Clock } from '../core/clock.ts'
import type { Logger } from '../core/log.ts'
import { TCP_FRAME_MS, TCP_IDLE_MS, TCP_MAX_PIPELINED, TCP_MAX_UNREAD, TCP_QUERY_MAX } from './limits.ts'
import { HEADER_LENGTH } from './query-reader.ts'
import type { MessageHandler } from './responder.ts'

export interface TcpSessionDeps {
  readonly handler: MessageHandler
  readonly log: Logger
  readonly clock: Clock
}

/** Octets of the length in front of each message. */
const PREFIX = 2

/** Answers the queries of one socket until either side ends. */
export class TcpSession {
  readonly #deps: TcpSessionDeps
  readonly #socket: Socket
  /** Octets received and not handled yet: at most one read beyond one query. */
  #received: Buffer = Buffer.alloc(0)
  #inWork = 0
  #ending = false
  #cancelFrame: Cancel | undefined

  constructor(deps: TcpSessionDeps, socket: Socket) {
    this.#deps = deps
    this.#socket = socket
    socket.setTimeout(TCP_IDLE_MS, () => socket.destroy())
    socket.on('data', (chunk) => this.#receive(chunk))
    socket.on('drain', () => this.#advance())
    socket.on('end', () => this.drain())
    socket.on('error', (error) => deps.log.debug({ error: error.message }, 'a TCP client failed'))
    socket.on('close', () => this.#stopFrameTimer())
  }

  /** Takes no more queries; ends when those in work are answered. */
  drain(): void {
    this.#advance()
    this.#ending = true
    this.#endIfDone()
  }

  #receive(chunk: Buffer): void {
    if (this.#ending) return
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
    this.#advance()
  }

  /** Handles what is complete, as far as this client may have queries in work. */
  #advance(): void {
    while (this.#mayWork()) {
      const frame = this.#nextFrame()
      if (frame === undefined) break
      this.#stopFrameTimer()
      this.#handle(frame)
    }
    this.#mayWork() ? this.#socket.resume() : this.#socket.pause()
    this.#watchFrame()
  }

  #mayWork(): boolean {
    return (
      !this.#ending &&
      !this.#socket.destroyed &&
      this.#inWork < TCP_MAX_PIPELINED &&
      this.#socket.writableLength < TCP_MAX_UNREAD
    )
  }

  #nextFrame(): Buffer | undefined {
    if (this.#received.length < PREFIX) return undefined
    const length = this.#received.readUInt16BE(0)
    if (length < HEADER_LENGTH || length > TCP_QUERY_MAX) {
      this.#socket.destroy()
      return undefined
    }
    if (this.#received.length < PREFIX + length) return undefined
    const frame = this.#received.subarray(PREFIX, PREFIX + length)
    this.#received = this.#received.subarray(PREFIX + length)
    return frame
  }

  #handle(frame: Buffer): void {
    const response = this.#deps.handler(frame, 'tcp')
    if (response instanceof Promise) this.#await(response)
    else this.#send(response)
  }

  #await(response: Promise<Buffer | undefined>): void {
    this.#inWork += 1
    void response
      .catch((error: unknown) => {
        this.#deps.log.error({ error: String(error) }, 'a query could not be answered')
        return undefined
      })
      .then((late) => this.#finish(late))
  }

  #finish(response: Buffer | undefined): void {
    this.#inWork -= 1
    this.#send(response)
    this.#advance()
    this.#endIfDone()
  }

  /** One write for length and message, so that they share a segment. */
  #send(response: Buffer | undefined): void {
    if (response === undefined || !this.#socket.writable) return
    const frame = Buffer.allocUnsafe(PREFIX + response.length)
    frame.writeUInt16BE(response.length, 0)
    response.copy(frame, PREFIX)
    this.#socket.write(frame)
  }

  #endIfDone(): void {
    if (this.#ending && this.#inWork === 0) this.#socket.destroySoon()
  }

  /** Runs while a query has begun and is not complete. */
  #watchFrame(): void {
    const begun = this.#received.length > 0 && this.#mayWork()
    if (begun && this.#cancelFrame === undefined)
      this.#cancelFrame = this.#deps.clock.after(TCP_FRAME_MS, () => this.#socket.destroy())
    if (!begun) this.#stopFrameTimer()
  }

  #stopFrameTimer(): void {
    this.#cancelFrame?.()
    this.#cancelFrame = undefined
  }
}
