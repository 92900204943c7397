/**
 * The secret names of resumable flows: 128 random bits each, drawn many at a time because thousands are needed a second.
 */
import { randomFillSync } from 'node:crypto'
import { TOKEN_BATCH } from './limits.ts'

const TOKEN_BYTES = 16

export class TokenSource {
  readonly #pool = Buffer.alloc(TOKEN_BYTES * TOKEN_BATCH)
  readonly #fill: (pool: Buffer) => void
  #next = 0

  constructor(fill: (pool: Buffer) => void = randomFillSync) {
    this.#fill = fill
  }

  /** 32 lower-case hex digits. */
  next(): string {
    if (this.#next === 0) this.#fill(this.#pool)
    const start = this.#next
    this.#next = (start + TOKEN_BYTES) % this.#pool.length
    return this.#pool.toString('hex', start, start + TOKEN_BYTES)
  }
}
