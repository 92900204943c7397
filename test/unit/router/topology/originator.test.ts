import { describe, expect, test } from '@jest/globals'
import { MAX_ADVERTISEMENT_BYTES, MAX_NEIGHBOURS } from '../../../../src/api/limits.ts'
import type { RouterAdvertisement } from '../../../../src/api/router-advertisement.ts'
import { FlapDamper } from '../../../../src/router/topology/flap-damper.ts'
import {
  FLAP_HALF_LIFE_MS,
  HOLD_DOWN,
  MAX_DAMPED,
  ORIGINATE_PACE,
  ROUND_TRIP_DELAY_MS,
} from '../../../../src/router/topology/limits.ts'
import { Originator } from '../../../../src/router/topology/originator.ts'
import { RoundTripStep } from '../../../../src/router/topology/round-trip-step.ts'
import { HandClock } from '../../../support/hand-clock.ts'
import { routerId } from '../../../support/topology-world.ts'

function origin() {
  const clock = new HandClock()
  const said: RouterAdvertisement[] = []
  const self = { router: routerId(0), name: 'zero', cluster: 'c0' }
  const originator = new Originator({ clock, onAdvertisement: (one) => said.push(one) }, self)
  const neighbours = () => said.at(-1)?.neighbours.map(([id]) => Number.parseInt(id, 16))
  return { clock, said, originator, neighbours }
}

const EAST = routerId(1)

describe('an own advertisement', () => {
  test('begins with sequence 1 and grows with each', () => {
    const { clock, said, originator } = origin()
    originator.refresh()
    clock.advance(0)
    originator.up(EAST, 3, 1)
    clock.advance(ORIGINATE_PACE.min)
    expect(said.map(({ sequence, neighbours }) => [sequence, neighbours])).toEqual([
      [1, []],
      [2, [[EAST, 3, 1]]],
    ])
  })

  test('tells of a loss at once, and of many together', () => {
    const { clock, said, originator, neighbours } = origin()
    for (let id = 1; id <= 5; id += 1) originator.up(routerId(id), 1, 1)
    clock.advance(60_000)
    expect(said).toHaveLength(1)
    for (let id = 1; id <= 3; id += 1) originator.down(routerId(id))
    clock.advance(0)
    expect(neighbours()).toEqual([4, 5])
    expect(said).toHaveLength(2)
  })

  test('is not made again when nothing is new in it', () => {
    const { clock, said, originator } = origin()
    originator.up(EAST, 1, 1)
    clock.advance(1_000)
    originator.change(EAST, 1, 1)
    originator.down(EAST)
    originator.up(EAST, 1, 1)
    clock.advance(60_000)
    expect(said).toHaveLength(1)
  })

  test('leaves out a neighbour that came and went too often, longer each time, and never hides its loss', () => {
    const { clock, originator, neighbours, said } = origin()
    const heldMs: number[] = []
    originator.refresh()
    for (let times = 0; times < 6; times += 1) {
      originator.up(EAST, 1, 1)
      clock.advance(0)
      let waited = 0
      for (; originator.held > 0; waited += 100) clock.advance(100)
      heldMs.push(waited)
      clock.advance(ORIGINATE_PACE.max)
      expect(neighbours()).toEqual([1])
      originator.down(EAST)
      clock.advance(ORIGINATE_PACE.max)
      expect(neighbours()).toEqual([])
    }
    expect(heldMs.slice(0, 3)).toEqual([0, 0, 0])
    expect(heldMs.slice(3)).toEqual([HOLD_DOWN.min, 2 * HOLD_DOWN.min, 4 * HOLD_DOWN.min])
    const before = said.length
    for (let times = 0; times < 1_000; times += 1) {
      originator.up(EAST, 1, 1)
      originator.down(EAST)
      clock.advance(10)
    }
    expect(said.length).toBe(before)
  })

  test('tells another round trip later, and another cost at once', () => {
    const { clock, said, originator } = origin()
    originator.up(EAST, 1, 1)
    clock.advance(1_000)
    originator.change(EAST, 1, 50)
    clock.advance(ROUND_TRIP_DELAY_MS - 1)
    expect(said).toHaveLength(1)
    clock.advance(1)
    expect(said.at(-1)?.neighbours).toEqual([[EAST, 1, 50]])
    originator.change(EAST, 4, 50)
    clock.advance(ORIGINATE_PACE.min)
    expect(said.at(-1)?.neighbours).toEqual([[EAST, 4, 50]])
  })

  test('has no more neighbours than fit a message', () => {
    const { clock, said, originator } = origin()
    for (let id = 1; id <= MAX_NEIGHBOURS + 100; id += 1) originator.up(routerId(id), 1_000_000, 10_000)
    clock.advance(1_000)
    expect(JSON.stringify(said.at(-1)).length).toBeLessThan(MAX_ADVERTISEMENT_BYTES)
    expect(said.at(-1)?.neighbours.length).toBeGreaterThan(800)
  })

  test('has room for the hub of a star of a thousand', () => {
    const { clock, said, originator } = origin()
    for (let id = 1; id < 1_000; id += 1) originator.up(routerId(id), 1, 100)
    clock.advance(1_000)
    expect(said.at(-1)?.neighbours).toHaveLength(999)
  })
})

describe('losses', () => {
  test('are forgotten with time', () => {
    const damper = new FlapDamper()
    for (let times = 0; times < 8; times += 1) damper.lost(EAST, 0)
    expect(damper.holdMs(EAST, 0)).toBeGreaterThan(HOLD_DOWN.min)
    expect(damper.holdMs(EAST, 3 * FLAP_HALF_LIFE_MS)).toBe(0)
    expect(damper.holdMs(routerId(2), 0)).toBe(0)
  })

  test('never keep a neighbour out for longer than the bound, nor are those of too many remembered', () => {
    const damper = new FlapDamper()
    for (let times = 0; times < 100; times += 1) damper.lost(EAST, 0)
    expect(damper.holdMs(EAST, 0)).toBe(HOLD_DOWN.max)
    for (let id = 2; id <= MAX_DAMPED + 5; id += 1) damper.lost(routerId(id), 0)
    expect(damper.size).toBe(MAX_DAMPED)
    expect(damper.holdMs(EAST, 0)).toBe(0)
  })
})

describe('a round trip', () => {
  const steps = (samples: readonly number[]) => {
    const trip = new RoundTripStep()
    return samples.map((ms) => (trip.add(ms) ? trip.step : 'same'))
  }

  test('is a step that noise around its edge does not change', () => {
    expect(steps([5.2, 4.8, 5.4, 4.9, 5.6, 4.5, 5.9])).toEqual([10, ...Array(6).fill('same')])
  })

  test('follows a lasting change, up and down', () => {
    const trip = new RoundTripStep()
    trip.add(0.3)
    expect(trip.step).toBe(1)
    for (let times = 0; times < 30; times += 1) trip.add(180)
    expect(trip.step).toBe(200)
    for (let times = 0; times < 60; times += 1) trip.add(0.4)
    expect(trip.step).toBe(1)
  })

  test('beyond the last step is the last step', () => {
    expect(steps([99_999])).toEqual([10_000])
  })
})
