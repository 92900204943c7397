import { beforeEach, expect, test } from '@jest/globals'
import { Deadlines } from '../../../src/router/deadlines.ts'
import { DEADLINE_STEP_MS } from '../../../src/router/limits.ts'
import { FakeClock } from '../../support/fake-clock.ts'

let clock: FakeClock
let expired: string[]
let deadlines: Deadlines<string>

beforeEach(() => {
  clock = new FakeClock()
  expired = []
  deadlines = new Deadlines(clock, 1000, (member: string) => expired.push(member))
})

test('a member expires once its time is over, at most one step late', async () => {
  deadlines.add('a')
  await clock.advance(900)
  expect(expired).toEqual([])
  await clock.advance(100 + DEADLINE_STEP_MS)
  expect(expired).toEqual(['a'])
})

test('a member that was removed does not expire', async () => {
  deadlines.add('a')
  deadlines.add('b')
  deadlines.delete('a')
  await clock.advance(2000)
  expect(expired).toEqual(['b'])
})

test('adding again starts the time again', async () => {
  deadlines.add('a')
  await clock.advance(900)
  deadlines.add('a')
  await clock.advance(900)
  expect(expired).toEqual([])
  await clock.advance(500)
  expect(expired).toEqual(['a'])
})

test('no timer runs while there is no member', async () => {
  expect(clock.pending).toBe(0)
  deadlines.add('a')
  deadlines.add('b')
  expect(clock.pending).toBe(1)
  await clock.advance(2000)
  expect(clock.pending).toBe(0)
  deadlines.add('c')
  await clock.advance(2000)
  expect(expired).toEqual(['a', 'b', 'c'])
})

test('a member may be added while another expires', async () => {
  const chain = new Deadlines(clock, 1000, (member: number) => {
    expired.push(String(member))
    if (member < 3) chain.add(member + 1)
  })
  chain.add(1)
  await clock.advance(5000)
  expect(expired).toEqual(['1', '2', '3'])
})
