/** One direction of a connection over a long path: bytes leave a fixed time after they came, in order, and bounded. */
import type { Socket } from 'node:net'

/**
 * Bytes under way in one direction before the sender has to wait. 50 ms at 1 Gbit/s are 6 MB; this lets a path of
 * that delay carry five times as much.
 */
export const MAX_UNDER_WAY = 32 * 1024 * 1024

/** How far apart the queue looks for what is due, milliseconds. */
const STEP_MS = 1

interface Piece {
  /** Undefined: the end of the stream. */
  readonly bytes: Buffer | undefined
  readonly dueAt: number
}

/** Carries what `from` sends to `to`. */
export class DelayQueue {
  readonly #from: Socket
  readonly #to: Socket
  readonly #delayMs: number
  #pieces: Piece[] = []
  /** Index of the first piece that has not left. */
  #next = 0
  #underWay = 0
  #timer: NodeJS.Timeout | undefined

  constructor(from: Socket, to: Socket, delayMs: number) {
    this.#from = from
    this.#to = to
    this.#delayMs = delayMs
    from.on('data', (chunk: Buffer) => this.#take(chunk)).on('end', () => this.#take(undefined))
    to.on('drain', () => this.#resume())
  }

  /** Drops what is under way. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#pieces = []
    this.#next = 0
  }

  #take(bytes: Buffer | undefined): void {
    this.#pieces.push({ bytes, dueAt: performance.now() + this.#delayMs })
    this.#underWay += bytes?.length ?? 0
    if (this.#underWay > MAX_UNDER_WAY) this.#from.pause()
    this.#timer ??= setTimeout(() => this.#deliver(), this.#delayMs)
  }

  #deliver(): void {
    this.#timer = undefined
    const now = performance.now()
    this.#to.cork()
    for (let piece = this.#due(now); piece !== undefined; piece = this.#due(now)) {
      this.#underWay -= piece.bytes?.length ?? 0
      if (piece.bytes === undefined) this.#to.end()
      else this.#to.write(piece.bytes)
    }
    this.#to.uncork()
    this.#forgetDelivered()
    if (this.#pieces.length > 0) this.#timer = setTimeout(() => this.#deliver(), STEP_MS)
    this.#resume()
  }

  /** The next piece whose time has come, while the receiver takes it. */
  #due(now: number): Piece | undefined {
    const piece = this.#pieces[this.#next]
    if (piece === undefined || piece.dueAt > now || this.#to.writableLength > MAX_UNDER_WAY) return undefined
    this.#next += 1
    return piece
  }

  #forgetDelivered(): void {
    this.#pieces.splice(0, this.#next)
    this.#next = 0
  }

  #resume(): void {
    if (this.#underWay <= MAX_UNDER_WAY && this.#to.writableLength <= MAX_UNDER_WAY) this.#from.resume()
  }
}
