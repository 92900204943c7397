/**
 * The socket as the AMQP library sees it: incoming bytes pass the frame guard first, everything else is passed through.
 */
import { EventEmitter } from 'node:events'
import type { Duplex } from 'node:stream'
import { FrameGuard } from './frame-guard.ts'

/** Implements what rhea uses of a net.Socket. `onViolation` is called once, after which nothing more is read. */
export class GuardedSocket extends EventEmitter {
  readonly #socket: Duplex
  readonly #guard = new FrameGuard()
  readonly #onViolation: (error: unknown) => void
  #open = true
  /** Bytes read so far: shows that the peer lives. */
  bytesRead = 0

  constructor(socket: Duplex, onViolation: (error: unknown) => void) {
    super()
    this.#socket = socket
    this.#onViolation = onViolation
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    // rhea drops its listeners when it gives a socket up; an error event without any would end the process.
    socket.on('error', (error) => this.listenerCount('error') > 0 && this.emit('error', error))
    socket.on('end', () => this.emit('end'))
    // A destroyed socket has no end; without one rhea would keep its timers.
    socket.once('close', () => this.emit('end'))
  }

  write(bytes: Buffer): boolean {
    return this.#socket.write(bytes)
  }

  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #read(chunk: Buffer): void {
    if (!this.#open) return
    this.bytesRead += chunk.length
    try {
      const frames = this.#guard.push(chunk)
      if (frames.length > 0) this.emit('data', frames)
    } catch (error) {
      this.#open = false
      this.#onViolation(error)
    }
  }
}
