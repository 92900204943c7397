/** Two streams joined over a long path: what one end writes the other reads a fixed time later, however much it is. */
import { Duplex } from 'node:stream'
import type { Clock } from '../../src/core/clock.ts'

/** `ms` is the time one way. */
export function longPath(clock: Clock, ms: number): [Duplex, Duplex] {
  const left = new End(clock, ms)
  const right = new End(clock, ms)
  left.peer = right
  right.peer = left
  return [left, right]
}

class End extends Duplex {
  peer: End | undefined
  readonly #clock: Clock
  readonly #ms: number

  constructor(clock: Clock, ms: number) {
    super({ allowHalfOpen: true })
    this.#clock = clock
    this.#ms = ms
  }

  override _read(): void {}

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    const bytes = Buffer.concat(chunks.map(({ chunk }) => chunk))
    this.#clock.after(this.#ms, () => this.peer?.push(bytes))
    setImmediate(done)
  }

  override _final(done: () => void): void {
    this.#clock.after(this.#ms, () => this.peer?.push(null))
    done()
  }
}
