import { expect, test } from '@jest/globals'
import { LinkLostError, PeerRefusedError } from '../../../src/link/errors.ts'
import { type AttemptOutcome, keepConnected } from '../../../src/link/keep-connected.ts'
import { REFUSED_BACKOFF, RETRY_BACKOFF } from '../../../src/link/limits.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const LOST: AttemptOutcome = { error: new LinkLostError('lost'), stoodMs: 0 }
const REFUSED: AttemptOutcome = { error: new PeerRefusedError('role', 'refused'), stoodMs: 0 }

/** Runs attempts for a while; gives the pauses between them. */
async function pausesOf(outcome: (attempt: number) => AttemptOutcome, ms: number): Promise<number[]> {
  const clock = new FakeClock()
  const stop = new AbortController()
  const pauses: number[] = []
  let attempts = 0
  const running = keepConnected(
    { clock, random: () => 1 },
    async () => outcome(attempts++),
    (_error, pause) => pauses.push(pause),
    stop.signal,
  )
  await clock.advance(ms)
  stop.abort()
  await running
  return pauses
}

test('while the network fails, pauses grow to a second and no further', async () => {
  const pauses = await pausesOf(() => LOST, 10_000)
  expect(pauses.slice(0, 5)).toEqual([100, 200, 400, 800, 1000])
  expect(Math.max(...pauses)).toBe(RETRY_BACKOFF.max)
})

test('a peer that refuses is asked ever less', async () => {
  const pauses = await pausesOf(() => REFUSED, 60_000)
  expect(Math.max(...pauses)).toBe(REFUSED_BACKOFF.max)
})

test('after a connection that stood, the next attempt follows at once', async () => {
  const pauses = await pausesOf((attempt) => (attempt === 4 ? { ...LOST, stoodMs: 60_000 } : LOST), 5000)
  expect(pauses.slice(3, 6)).toEqual([800, 0, 100])
})

test('a connection that is lost in the moment it stands does not count as a success', async () => {
  const pauses = await pausesOf(() => ({ ...LOST, stoodMs: 5 }), 5000)
  expect(pauses[4]).toBe(1000)
})
