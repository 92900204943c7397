import { beforeEach, expect, test } from '@jest/globals'
import { Deadlines, DeadlinesByTime } from '../../../src/router/deadlines.ts'
import { DEADLINE_STEP_MS, MAX_IDLE_DEADLINES } from '../../../src/router/limits.ts'
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

test('members with different times expire each after its own', async () => {
  const byTime = new DeadlinesByTime<string>(clock, (member) => expired.push(member))
  byTime.of(2000).add('late')
  byTime.of(1000).add('early')
  byTime.of(1000).add('deleted')
  byTime.of(1000).delete('deleted')
  await clock.advance(1000 + DEADLINE_STEP_MS)
  expect(expired).toEqual(['early'])
  await clock.advance(1000)
  expect(expired).toEqual(['early', 'late'])
  expect(clock.pending).toBe(0)
})

test('times that nobody waits for are forgotten when there are many', async () => {
  const byTime = new DeadlinesByTime<string>(clock, (member) => expired.push(member))
  const waiting = byTime.of(500)
  waiting.add('waits')
  const idle = byTime.of(600)
  for (let ms = 1000; ms < 1000 + MAX_IDLE_DEADLINES; ms++) byTime.of(ms)
  expect(byTime.of(500)).toBe(waiting)
  expect(byTime.of(600)).not.toBe(idle)
})
