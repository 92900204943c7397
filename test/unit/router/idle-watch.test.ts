import { beforeEach, expect, test } from '@jest/globals'
import { type Idler, IdleWatch } from '../../../src/router/idle-watch.ts'
import { FakeClock } from '../../support/fake-clock.ts'

class Member implements Idler {
  activity = 0
  ended = false

  idled(): void {
    this.ended = true
    watch.delete(this, 1000)
  }
}

let clock: FakeClock
let watch: IdleWatch

beforeEach(() => {
  clock = new FakeClock()
  watch = new IdleWatch(clock)
})

test('a member that carries nothing ends after its time, at most a quarter late, never early', async () => {
  const member = new Member()
  watch.add(member, 1000)
  await clock.advance(999)
  expect(member.ended).toBe(false)
  await clock.advance(251)
  expect(member.ended).toBe(true)
  expect(clock.pending).toBe(0)
})

test('a member that carries something now and then stays', async () => {
  const member = new Member()
  watch.add(member, 1000)
  for (let count = 0; count < 20; count++) {
    member.activity += 1
    await clock.advance(900)
  }
  expect(member.ended).toBe(false)
})

test('members of one idle time share a timer, which ends with the last of them', () => {
  const members = Array.from({ length: 100 }, () => new Member())
  for (const member of members) watch.add(member, 1000)
  expect(clock.pending).toBe(1)
  for (const member of members) watch.delete(member, 1000)
  expect(clock.pending).toBe(0)
})

test('an idle time of 0 watches nothing', () => {
  watch.add(new Member(), 0)
  expect(clock.pending).toBe(0)
})
