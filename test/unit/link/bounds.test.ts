import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import { type Logger, silentLogger } from '../../../src/core/log.ts'
import { createMetrics } from '../../../src/core/metrics.ts'
import { admit } from '../../../src/link/admission.ts'
import { SilenceDetector } from '../../../src/link/heartbeat.ts'
import { REFUSAL_LOG_MS } from '../../../src/link/limits.ts'
import { PendingHandshakes } from '../../../src/link/pending-handshakes.ts'
import { Refusals } from '../../../src/link/refusals.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { sample } from '../../support/network.ts'

describe('admission', () => {
  const own = { clusterset: 'home', cluster: 'east', role: 'router' } as const
  const peer = (changes: object) => ({ ...own, cluster: 'west', ...changes })

  test.each([
    ['a router of another cluster for control', peer({}), 'control'],
    ['a router of another cluster for data', peer({}), 'data'],
    ['another router of our own cluster for control', peer({ cluster: 'east' }), 'control'],
    ['another router of our own cluster for data', peer({ cluster: 'east' }), 'data'],
    ['our own controller for control', peer({ cluster: 'east', role: 'controller' }), 'control'],
    ['an agent of our own cluster for control', peer({ cluster: 'east', role: 'agent' }), 'control'],
  ] as const)('%s is let in', (_who, who, kind) => {
    expect(() => admit(own, who, kind)).not.toThrow()
  })

  test.each([
    ['another clusterset', peer({ clusterset: 'other' }), 'control', 'clusterset'],
    ['the controller of another cluster', peer({ role: 'controller' }), 'control', 'role'],
    ['our controller for data', peer({ cluster: 'east', role: 'controller' }), 'data', 'role'],
    ['the agent of another cluster', peer({ role: 'agent' }), 'control', 'role'],
    ['an agent of ours for data', peer({ cluster: 'east', role: 'agent' }), 'data', 'role'],
  ] as const)('%s is refused', (_who, who, kind, reason) => {
    expect(() => admit(own, who, kind)).toThrow(expect.objectContaining({ reason }))
  })
})

describe('silence', () => {
  test('is three beats without a byte', () => {
    const detector = new SilenceDetector({ intervalMs: 1000, deadMs: 3000 })
    expect([10, 10, 10, 10].map((bytes) => detector.beat(bytes))).toEqual([false, false, false, true])
  })

  test('is over with the first byte', () => {
    const detector = new SilenceDetector({ intervalMs: 1000, deadMs: 3000 })
    expect([1, 1, 1, 2, 2, 2].some((bytes) => detector.beat(bytes))).toBe(false)
  })
})

/** As much of a socket as the table of handshakes looks at. */
class FakeSocket extends EventEmitter {
  readonly remoteAddress = '10.0.0.1'
  readonly remotePort: number
  wasReset = false

  constructor(remotePort: number) {
    super()
    this.remotePort = remotePort
  }

  resetAndDestroy(): void {
    this.wasReset = true
  }

  destroy(): void {
    this.emit('close')
  }
}

describe('handshakes', () => {
  const socket = (port: number) => {
    const fake = new FakeSocket(port)
    return { fake, socket: fake as unknown as Socket }
  }

  test('the oldest gives way when there are too many', () => {
    const pending = new PendingHandshakes(2)
    const [first, second, third] = [socket(1), socket(2), socket(3)]
    expect([first, second, third].map((one) => pending.add(one.socket))).toEqual([
      undefined,
      undefined,
      '10.0.0.1',
    ])
    expect([first, second, third].map(({ fake }) => fake.wasReset)).toEqual([true, false, false])
    expect(pending.size).toBe(2)
  })

  test('those that are done or gone make room', () => {
    const pending = new PendingHandshakes(2)
    const [first, second, third] = [socket(1), socket(2), socket(3)]
    pending.add(first.socket)
    pending.done(first.socket)
    pending.add(second.socket)
    second.fake.destroy()
    expect(pending.add(third.socket)).toBeUndefined()
    expect(pending.size).toBe(1)
  })
})

test('each kind of refusal from an address is logged once in a while and counted always', async () => {
  const clock = new FakeClock()
  const metrics = createMetrics()
  const lines: string[] = []
  const logger: Logger = {
    ...silentLogger,
    warn: (fields) => lines.push(`${fields['reason']} ${fields['address']}`),
  }
  const refusals = new Refusals({ clock, logger, metrics })
  for (let times = 0; times < 100; times += 1) refusals.report('expired', '10.0.0.1', 'x')
  refusals.report('expired', '10.0.0.2', 'x')
  refusals.report('role', '10.0.0.1', 'x')
  await clock.advance(REFUSAL_LOG_MS)
  refusals.report('expired', '10.0.0.1', 'x')
  expect(lines).toEqual(['expired 10.0.0.1', 'expired 10.0.0.2', 'role 10.0.0.1', 'expired 10.0.0.1'])
  expect(await sample(metrics, 'fairlead_link_refused_total{reason="expired"}')).toBe(102)
})
