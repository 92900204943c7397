/** Objects are not changed before it is recorded that what they give up rests. */
import { beforeEach, expect, test } from '@jest/globals'
import type { RestingAddress } from '../../../src/globalnet/address-pool.ts'
import { RECORDED_RESTING_MAX } from '../../../src/globalnet/limits.ts'
import { RestGate } from '../../../src/globalnet/rest-gate.ts'
import { address } from '../../support/claims.ts'

const rest = (text: string, until = 1_000): RestingAddress => ({
  owner: 'a#0',
  address: address(text),
  until,
})

let again: string[]
let gate: RestGate
beforeEach(() => {
  again = []
  gate = new RestGate((key) => again.push(key))
})

test('an object with addresses that do not rest is not held', () => {
  gate.plan([rest('242.7.0.1')])
  expect([gate.holds('x', []), gate.holds('x', ['242.7.0.2'])]).toEqual([false, false])
})

test('one that gives an address up is held until that is recorded, and then looked at again', () => {
  gate.plan([rest('242.7.0.1')])
  expect(gate.holds('x', ['242.7.0.9', '242.7.0.1'])).toBe(true)
  gate.record([])
  expect(again).toEqual(['x'])
  expect(gate.holds('x', ['242.7.0.1'])).toBe(true)
  gate.record([rest('242.7.0.1')])
  expect(again).toEqual(['x', 'x'])
  expect(gate.holds('x', ['242.7.0.1'])).toBe(false)
})

test('an address that is given up a second time has to be recorded a second time', () => {
  gate.plan([rest('242.7.0.1')])
  gate.record([rest('242.7.0.1')])
  gate.plan([rest('242.7.0.1', 2_000)])
  expect(gate.holds('x', ['242.7.0.1'])).toBe(true)
})

test('what there is no room to record holds nothing', () => {
  const many = Array.from({ length: RECORDED_RESTING_MAX }, (_, at) =>
    rest(`242.8.${at >> 8}.${at & 255}`, 2_000),
  )
  gate.plan([rest('242.7.0.1'), ...many])
  expect([gate.holds('x', ['242.7.0.1']), gate.holds('y', ['242.8.0.0'])]).toEqual([false, true])
})

test('where no addresses are given any more nothing is held', () => {
  gate.plan([rest('242.7.0.1')])
  expect(gate.holds('x', ['242.7.0.1'])).toBe(true)
  gate.plan([])
  gate.record([])
  expect([again, gate.holds('x', ['242.7.0.1'])]).toEqual([['x'], false])
})
