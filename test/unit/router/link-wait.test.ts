import { beforeEach, expect, test } from '@jest/globals'
import { DEADLINE_STEP_MS, LINK_WAIT_MS } from '../../../src/router/limits.ts'
import { LinkWait, type LinkWaiter } from '../../../src/router/link-wait.ts'
import { FakeClock } from '../../support/fake-clock.ts'

let clock: FakeClock
let wait: LinkWait
let events: string[]

/** Goes on at the first change when `hasWay`. */
class Waiter implements LinkWaiter {
  readonly #hasWay: boolean

  constructor(hasWay: boolean) {
    this.#hasWay = hasWay
  }

  linkChanged(): void {
    events.push('changed')
    if (this.#hasWay) wait.delete(this)
  }

  linkMissing(): void {
    events.push('missing')
  }
}

beforeEach(() => {
  clock = new FakeClock()
  wait = new LinkWait(clock)
  events = []
})

test('a flow goes on at once when there is a link', () => {
  wait.add(new Waiter(true), 10_000)
  wait.wake()
  wait.wake()
  expect(events).toEqual(['changed'])
  expect(wait.size).toBe(0)
})

test.each([
  ['its bound', 10_000, LINK_WAIT_MS],
  ['one connect', 500, 500],
])('a flow waits no longer than %s', async (_, connectMs, ms) => {
  wait.add(new Waiter(false), connectMs)
  await clock.advance(ms - 1)
  wait.wake()
  expect(events).toEqual(['changed'])
  await clock.advance(1 + DEADLINE_STEP_MS)
  expect(events).toEqual(['changed', 'missing'])
  expect([wait.size, clock.pending]).toEqual([0, 0])
})

test('a flow that waits again has no more time than at first', async () => {
  const waiter = new Waiter(false)
  wait.add(waiter, 1_000)
  await clock.advance(900)
  wait.add(waiter, 1_000)
  await clock.advance(100 + DEADLINE_STEP_MS)
  expect(events).toEqual(['missing'])
})
