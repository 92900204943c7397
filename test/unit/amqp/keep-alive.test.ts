/** How much silence ends a data connection, and what a peer's own word changes about it. */
import { expect, test } from '@jest/globals'
import { KeepAlive } from '../../../src/amqp/engine/keep-alive.ts'
import { FakeClock } from '../../support/fake-clock.ts'

function silentPeer(idleMs: number) {
  const clock = new FakeClock()
  const said: string[] = []
  const keepAlive = new KeepAlive(
    {
      clock,
      inbound: { bytes: 1, frames: 1, inFrame: false },
      outbound: { flushes: 0 },
      sendHeartbeat: () => {},
      onSilence: (what) => said.push(what),
      onLook: () => {},
    },
    idleMs,
  )
  keepAlive.start()
  return { clock, said, keepAlive }
}

test('a silent peer is given up after twice the idle time-out', async () => {
  const { clock, said } = silentPeer(2000)
  await clock.advance(4000)
  expect(said).toEqual([])
  await clock.advance(1000)
  expect(said).not.toEqual([])
})

test('a peer whose line is slow is allowed more, from the moment it says so', async () => {
  const { clock, said, keepAlive } = silentPeer(2000)
  await clock.advance(1500)
  keepAlive.allow(10_000)
  await clock.advance(19_000)
  expect(said).toEqual([])
  await clock.advance(6000)
  expect(said).not.toEqual([])
})

test('a peer is never allowed less than was announced', async () => {
  const { clock, said, keepAlive } = silentPeer(2000)
  keepAlive.allow(100)
  await clock.advance(4000)
  expect(said).toEqual([])
})

test('a connection that allows silence goes on doing so', async () => {
  const { clock, said, keepAlive } = silentPeer(0)
  keepAlive.allow(2000)
  await clock.advance(600_000)
  expect(said).toEqual([])
})
