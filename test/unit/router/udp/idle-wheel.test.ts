/** Idle time-outs without a timer for each member. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type IdleMember, IdleWheel } from '../../../../src/router/udp/idle-wheel.ts'
import { IDLE_STEP_MS } from '../../../../src/router/udp/limits.ts'
import { FakeClock } from '../../../support/fake-clock.ts'

class Member implements IdleMember {
  readonly idleMs: number
  lastUsed = 0
  /** When it was really used last. */
  usedAt = 0
  state: 'in' | 'out' | 'expired' = 'out'
  expiredAt = 0

  constructor(idleMs: number) {
    this.idleMs = idleMs
  }
}

/** A wheel, its clock, and what its members should know. */
class Wheel {
  readonly clock = new FakeClock()
  readonly wheel = new IdleWheel<Member>(this.clock, (member) => {
    member.state = 'expired'
    member.expiredAt = this.clock.monotonic()
  })

  join(member: Member): Member {
    if (member.state === 'in') return member
    member.state = 'in'
    this.#touch(member)
    this.wheel.add(member)
    return member
  }

  use(member: Member): void {
    if (member.state === 'in') this.#touch(member)
  }

  leave(member: Member): void {
    this.wheel.delete(member)
    member.state = 'out'
  }

  #touch(member: Member): void {
    member.lastUsed = this.wheel.now
    member.usedAt = this.clock.monotonic()
  }
}

test('ten thousand members expire with one timer, and none is left', async () => {
  const tested = new Wheel()
  const members = Array.from({ length: 10_000 }, (_, index) =>
    tested.join(new Member(1_000 + (index % 7) * 1_000)),
  )
  expect(tested.clock.pending).toBe(1)
  await tested.clock.advance(4_000)
  const due = members.filter(({ idleMs }) => idleMs < 4_000 - 3 * IDLE_STEP_MS).length
  expect(tested.wheel.size).toBe(members.length - due)
  await tested.clock.advance(4_000)
  expect([tested.wheel.size, tested.clock.pending]).toEqual([0, 0])
})

test('nobody expires early, or late by more than three steps, whatever is used when', async () => {
  const action = fc.record({
    wait: fc.nat(900),
    member: fc.nat(4),
    what: fc.constantFrom('use', 'use', 'leave', 'join'),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 60 }), async (actions) => {
      const tested = new Wheel()
      const members = [300, 1_000, 1_000, 2_100, 5_000].map((idleMs) => tested.join(new Member(idleMs)))
      for (const { wait, member, what } of actions) {
        await tested.clock.advance(wait)
        tested[what](members[member] as Member)
      }
      await tested.clock.advance(10_000)
      expect(tested.wheel.size).toBe(0)
      for (const { state, idleMs, usedAt, expiredAt } of members) {
        if (state === 'out') continue
        expect(expiredAt - usedAt).toBeGreaterThanOrEqual(idleMs)
        expect(expiredAt - usedAt).toBeLessThanOrEqual(idleMs + 3 * IDLE_STEP_MS)
      }
    }),
    { numRuns: 30 },
  )
})

test('a router that drains lets nobody be idle for long', async () => {
  const tested = new Wheel()
  const idle = tested.join(new Member(30_000))
  await tested.clock.advance(5_000)
  const busy = tested.join(new Member(30_000))
  tested.wheel.shorten(1_000)
  const later = tested.join(new Member(30_000))
  await tested.clock.advance(900)
  tested.use(busy)
  await tested.clock.advance(700)
  expect([idle.state, busy.state, later.state]).toEqual(['expired', 'in', 'expired'])
  await tested.clock.advance(1_000)
  expect(busy.state).toBe('expired')
})
