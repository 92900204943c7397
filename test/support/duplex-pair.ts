/** Two streams joined in memory, whose bytes can be cut at any place and delayed by turns of the event loop. */
import { Duplex } from 'node:stream'

export interface DuplexPairOptions {
  /** Bytes of the next piece handed over; default: all there are. */
  readonly cut?: (available: number) => number
  readonly highWaterMark?: number
  /** Called before each piece is handed over; nothing moves until `go` is. */
  readonly stall?: (go: () => void) => void
  /** What the reader gets instead of what was written. */
  readonly change?: (bytes: Buffer) => Buffer
}

const now = (go: () => void): void => go()
const all = (available: number): number => available

/** What one end writes the other reads. */
export function duplexPair(options: DuplexPairOptions = {}): [Duplex, Duplex] {
  const left = new End(options)
  const right = new End(options)
  left.peer = right
  right.peer = left
  return [left, right]
}

class End extends Duplex {
  peer: End | undefined
  readonly #cut: (available: number) => number
  readonly #change: (bytes: Buffer) => Buffer
  readonly #stall: (go: () => void) => void
  #wanted = false
  #waiting: (() => void) | undefined

  constructor({ cut = all, change = Buffer.from, stall = now, highWaterMark = 65_536 }: DuplexPairOptions) {
    super({ highWaterMark, allowHalfOpen: true })
    this.#cut = cut
    this.#change = change
    this.#stall = stall
  }

  override _read(): void {
    this.#wanted = true
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const bytes = this.#change(chunk)
    setImmediate(() => this.#stall(() => this.#hand(bytes, done)))
  }

  override _final(done: (error?: Error | null) => void): void {
    setImmediate(() => {
      this.peer?.push(null)
      done()
    })
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    done(error)
    const { peer } = this
    if (peer !== undefined && !peer.destroyed) setImmediate(() => peer.destroy())
  }

  /** Gives the peer a piece when it wants one, then the rest. */
  #hand(chunk: Buffer, done: (error?: Error | null) => void): void {
    const { peer } = this
    if (peer === undefined || peer.destroyed || chunk.length === 0) {
      done()
      return
    }
    peer.#whenWanted(() => {
      const size = Math.max(1, Math.min(chunk.length, this.#cut(chunk.length)))
      // A copy, as a socket's read is: what the writer does with its memory later must not matter.
      peer.push(Buffer.from(chunk.subarray(0, size)))
      if (size === chunk.length) done()
      else setImmediate(() => this.#hand(chunk.subarray(size), done))
    })
  }

  #whenWanted(action: () => void): void {
    if (!this.#wanted) {
      this.#waiting = () => this.#whenWanted(action)
      return
    }
    this.#wanted = false
    action()
  }
}
