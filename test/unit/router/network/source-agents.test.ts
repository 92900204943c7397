import { expect, test } from '@jest/globals'
import { createMetrics } from '../../../../src/core/metrics.ts'
import { Snapshot } from '../../../../src/core/snapshot.ts'
import { type Hello, PROTOCOL } from '../../../../src/link/messages.ts'
import { NO_SOURCES } from '../../../../src/link/sources.ts'
import { AGENT_LOST_MS, APPLY_MS } from '../../../../src/router/network/limits.ts'
import { SourceAgents } from '../../../../src/router/network/source-agents.ts'
import { FakeClock, settle } from '../../../support/fake-clock.ts'

const hello = (id: string): Hello => ({
  type: 'hello',
  id,
  cluster: 'east',
  role: 'agent',
  version: 'test',
  protocol: PROTOCOL,
})

function world() {
  const clock = new FakeClock()
  const agents = new SourceAgents({ clock, metrics: createMetrics(), sources: new Snapshot(NO_SOURCES) })
  return {
    clock,
    agents,
    connect(id: string) {
      const handler = agents.handler()
      handler.onReady(hello(id))
      const { role } = handler
      if (!('onApplied' in role)) throw new Error('not the side of a router')
      return { applied: role.onApplied, close: () => handler.onClosed() }
    },
  }
}

/** The value, or `waiting`. */
async function now<T>(promise: Promise<T>): Promise<T | 'waiting'> {
  await settle()
  return await Promise.race([promise, Promise.resolve('waiting' as const)])
}

test('a version is in force once every agent has applied it, or a later one', async () => {
  const { agents, connect } = world()
  const [a, b] = [connect('a'), connect('b')]
  const wait = agents.whenApplied(2)
  a.applied(2)
  expect(await now(wait)).toBe('waiting')
  b.applied(1)
  expect(await now(wait)).toBe('waiting')
  b.applied(3)
  expect(await now(wait)).toBe(true)
})

test('an agent that does not answer is waited for no longer than a moment', async () => {
  const { clock, agents, connect } = world()
  connect('a')
  const wait = agents.whenApplied(1)
  await clock.advance(APPLY_MS - 1)
  expect(await now(wait)).toBe('waiting')
  await clock.advance(1)
  expect(await now(wait)).toBe(false)
  expect(clock.pending).toBe(0)
})

test('an agent that is lost is not waited for, nor is one that comes later, and without agents nobody is', async () => {
  const { agents, connect } = world()
  expect(await now(agents.whenApplied(1))).toBe(true)
  const a = connect('a')
  const wait = agents.whenApplied(1)
  connect('late')
  a.close()
  expect(await now(wait)).toBe(true)
  expect(agents.size).toBe(1)
})

test('what an agent has not applied, or was lost without, is not settled for a while', async () => {
  const { clock, agents, connect } = world()
  const a = connect('a')
  expect(agents.settled(1)).toBe(false)
  a.applied(1)
  expect([agents.settled(1), agents.settled(2)]).toEqual([true, false])
  a.close()
  expect([agents.settled(1), agents.settled(2)]).toEqual([true, false])
  await clock.advance(AGENT_LOST_MS)
  expect(agents.settled(2)).toBe(true)
})

test('an agent that is back counts by what it has applied since, also when its old session ends later', () => {
  const { agents, connect } = world()
  const old = connect('a')
  const again = connect('a')
  old.close()
  expect(agents.settled(1)).toBe(false)
  again.applied(1)
  expect(agents.settled(1)).toBe(true)
})

test('what was applied is not taken back', () => {
  const { agents, connect } = world()
  const a = connect('a')
  a.applied(2)
  a.applied(1)
  expect(agents.settled(2)).toBe(true)
})
