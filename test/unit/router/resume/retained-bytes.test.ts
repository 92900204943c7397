/** The bytes kept for a second sending, against a plain buffer. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { ByteBudget } from '../../../../src/core/byte-budget.ts'
import { RetainedBytes } from '../../../../src/router/resume/retained-bytes.ts'
import { TokenSource } from '../../../../src/router/resume/token-source.ts'
import { patternOf } from '../../../support/resume-world.ts'

const PATTERN = patternOf(3, 256 * 1024)

type Step =
  | { readonly do: 'push' | 'ack' | 'take'; readonly bytes: number }
  | { readonly do: 'restart'; readonly share: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('push' as const), bytes: fc.integer({ min: 0, max: 100 }) }),
  fc.record({ do: fc.constant('push' as const), bytes: fc.integer({ min: 400, max: 3_000 }) }),
  fc.record({ do: fc.constant('ack' as const), bytes: fc.nat({ max: 2_000 }) }),
  fc.record({ do: fc.constant('take' as const), bytes: fc.integer({ min: 1, max: 2_000 }) }),
  fc.record({ do: fc.constant('restart' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
)

/** The same with offsets into the pattern only. */
class Model {
  readonly use = new ByteBudget(0).use('retained')
  readonly retained = new RetainedBytes(this.use)
  acked = 0
  sent = 0
  written = 0

  do(next: Step): void {
    if (next.do === 'push') this.#push(next.bytes)
    else if (next.do === 'ack') this.#ack(next.bytes)
    else if (next.do === 'restart')
      this.#restart(this.acked + Math.floor((this.sent - this.acked) * next.share))
    else this.#take(next.bytes)
    expect(this.retained).toMatchObject({
      acked: this.acked,
      sent: this.sent,
      bytes: this.written - this.acked,
      waiting: this.written - this.sent,
    })
    expect(this.use.bytes).toBe(this.written - this.acked)
  }

  /** All that was not acknowledged can be sent again. */
  finish(): void {
    this.#restart(this.acked)
    while (this.retained.waiting > 0) this.#take(1_000)
    expect(this.sent).toBe(this.written)
    this.retained.clear()
    expect(this.use.bytes).toBe(0)
  }

  #push(bytes: number): void {
    const isSent = this.sent === this.written
    this.retained.push(Buffer.from(PATTERN.subarray(this.written, this.written + bytes)), isSent)
    this.written += bytes
    if (isSent) this.sent = this.written
  }

  #ack(bytes: number): void {
    const isPossible = this.acked + bytes <= this.sent
    expect(this.retained.ack(bytes)).toBe(isPossible)
    if (isPossible) this.acked += bytes
  }

  #take(bytes: number): void {
    if (this.sent === this.written) return
    const taken = this.retained.take(bytes)
    expect(taken.length).toBeGreaterThan(0)
    expect(taken.length).toBeLessThanOrEqual(bytes)
    expect(taken.equals(PATTERN.subarray(this.sent, this.sent + taken.length))).toBe(true)
    this.sent += taken.length
  }

  #restart(received: number): void {
    this.retained.restart(received)
    this.acked = received
    this.sent = received
  }
}

test('what was not acknowledged comes again as it was written, whatever happened to it', () => {
  const steps = fc.noBias(fc.array(step, { maxLength: 60, size: 'max' }))
  fc.assert(
    fc.property(steps, (all) => {
      const model = new Model()
      for (const next of all) model.do(next)
      model.finish()
    }),
    { numRuns: 500 },
  )
})

test('pieces that were given out are not changed by what is written after', () => {
  const retained = new RetainedBytes(new ByteBudget(0).use('retained'))
  for (const text of ['first ', 'second ']) retained.push(Buffer.from(text), false)
  retained.restart(0)
  const taken = [retained.take(100), retained.take(100)]
  retained.push(Buffer.from('third'), true)
  expect(Buffer.concat(taken).toString()).toBe('first second ')
})

test('a thousand small pieces are put together', () => {
  const retained = new RetainedBytes(new ByteBudget(0).use('retained'))
  for (let count = 0; count < 1_000; count++) retained.push(Buffer.alloc(64), true)
  retained.restart(0)
  let pieces = 0
  while (retained.waiting > 0) {
    retained.take(64 * 1024)
    pieces += 1
  }
  expect(pieces).toBeLessThanOrEqual(1 + Math.ceil((999 * 64) / 2048))
})

test('tokens do not repeat', () => {
  const tokens = new TokenSource()
  const drawn = Array.from({ length: 1_000 }, () => tokens.next())
  expect(new Set(drawn).size).toBe(1_000)
  expect(drawn.every((token) => /^[0-9a-f]{32}$/.test(token))).toBe(true)
})
