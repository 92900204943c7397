/** Flows that share an amount of bytes a second go on in turn. */
import { expect, test } from '@jest/globals'
import { ByteMeter, type MeterWaiter } from '../../../../src/router/policy/byte-meter.ts'
import { BYTES_A_TURN } from '../../../../src/router/policy/limits.ts'
import { HandClock } from '../../../support/hand-clock.ts'

function setUp(perSecond?: number) {
  const clock = new HandClock()
  const meter = new ByteMeter(clock)
  meter.rate = perSecond
  return { clock, meter }
}

/** Moves as much as it may, `bytes` at a time. */
class Mover implements MeterWaiter {
  moved = 0
  readonly #meter: ByteMeter
  readonly #bytes: number

  constructor(meter: ByteMeter, bytes: number) {
    this.#meter = meter
    this.#bytes = bytes
  }

  bytesAllowed(): void {
    while (!this.#meter.inDebt) {
      this.#meter.spend(this.#bytes)
      this.moved += this.#bytes
    }
    this.#meter.wait(this)
  }
}

test('a meter without a rate is never in debt', () => {
  const { meter } = setUp()
  meter.spend(1e12)
  expect([meter.isOn, meter.inDebt]).toEqual([false, false])
})

test('one flow moves as many bytes as the rate says, whatever its pieces', () => {
  for (const bytes of [100, 10_000, 1_000_000]) {
    const { clock, meter } = setUp(100_000)
    const mover = new Mover(meter, bytes)
    mover.bytesAllowed()
    clock.advance(60_000)
    expect(mover.moved).toBeGreaterThanOrEqual(60 * 100_000)
    expect(mover.moved).toBeLessThanOrEqual(61 * 100_000 + bytes)
  }
})

test('several share it alike', () => {
  const { clock, meter } = setUp(1_000_000)
  const movers = Array.from({ length: 5 }, () => new Mover(meter, BYTES_A_TURN))
  for (const mover of movers) mover.bytesAllowed()
  clock.advance(60_000)
  const moved = movers.map((mover) => mover.moved)
  expect(moved.reduce((sum, each) => sum + each)).toBeLessThanOrEqual(61 * 1_000_000 + BYTES_A_TURN)
  expect(Math.min(...moved)).toBeGreaterThan(Math.max(...moved) / 2)
})

test('of many that wait no more go on at once than there are bytes for', () => {
  const { clock, meter } = setUp(BYTES_A_TURN)
  meter.spend(2 * BYTES_A_TURN)
  let woken = 0
  for (let index = 0; index < 100; index += 1)
    meter.wait({
      bytesAllowed: () => {
        woken += 1
        meter.spend(BYTES_A_TURN)
      },
    })
  clock.advance(1_100)
  expect(woken).toBe(1)
  clock.advance(1_000)
  expect(woken).toBe(2)
})

test('a flow that is forgotten is not woken, and no timer is left', () => {
  const { clock, meter } = setUp(1_000)
  meter.spend(5_000)
  const mover = new Mover(meter, 100)
  meter.wait(mover)
  meter.forget(mover)
  clock.advance(60_000)
  expect([mover.moved, clock.pending]).toEqual([0, 0])
})

test('those that wait go on when the rate is taken away, and sooner when it is raised', () => {
  const { clock, meter } = setUp(1_000)
  meter.spend(1_000_000)
  const woken: string[] = []
  meter.wait({ bytesAllowed: () => woken.push('first') })
  meter.rate = 10_000_000
  clock.advance(200)
  expect(woken).toEqual(['first'])
  meter.spend(1e9)
  meter.wait({ bytesAllowed: () => woken.push('second') })
  meter.rate = undefined
  clock.advance(10)
  expect(woken).toEqual(['first', 'second'])
})
