import { expect, test } from '@jest/globals'
import { createMetrics } from '../../../src/core/metrics.ts'
import { DnsStats } from '../../../src/dns/dns-stats.ts'
import { guardSources } from '../../../src/dns/source-guard.ts'
import { SourceLimits } from '../../../src/dns/source-limits.ts'
import { ZONE } from '../../support/dns-fixture.ts'
import { decode, query } from '../../support/dns-wire.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const SOURCE = '10.0.0.1'
const SVC1 = `svc1.testns.svc.${ZONE}`

/** A guard of one message a second in front of an echo. */
function setUp() {
  const clock = new FakeClock()
  const metrics = createMetrics()
  const stats = new DnsStats(metrics, clock)
  const limits = new SourceLimits({ perSecond: 1, burst: 1 })
  const handle = guardSources({ handler: (message) => message, limits, stats, clock })
  const text = async () => {
    stats.flush()
    return await metrics.text()
  }
  return { clock, handle, text }
}

/** The answer to `message` when it is the second over the limit. */
function overLimit(message: Buffer) {
  const { handle } = setUp()
  handle(message, SOURCE)
  expect(handle(message, SOURCE)).toBeUndefined()
  return handle(message, SOURCE) as Buffer | undefined
}

test('what is within the limit goes on as it is', async () => {
  const { handle, clock } = setUp()
  const message = query(SVC1)
  expect(handle(message, SOURCE)).toBe(message)
  expect(handle(message, SOURCE)).toBeUndefined()
  await clock.advance(1_000)
  expect(handle(message, SOURCE)).toBe(message)
  expect(handle(message, '10.0.0.2')).toBe(message)
})

test.each([
  ['without EDNS', undefined],
  ['with EDNS', { size: 4096, dnssecOk: true }],
])('a query %s over the limit gets an empty truncated answer, no longer than itself', (_name, edns) => {
  const message = query(SVC1, { id: 4711, type: 28, ...(edns && { edns }) })
  const response = overLimit(message)
  expect(decode(response)).toMatchObject({
    id: 4711,
    tc: true,
    rcode: 0,
    question: SVC1,
    type: 28,
    answers: [],
    authority: [],
    additional: [],
  })
  expect(decode(response).opt === undefined).toBe(edns === undefined)
  expect(response?.length).toBeLessThanOrEqual(message.length)
})

test.each([
  ['a response', query(SVC1, { flags: 0x8180 })],
  ['what is too short', Buffer.alloc(5)],
  ['another opcode', query(SVC1, { flags: 0x2800 })],
  ['a malformed query', query(SVC1).subarray(0, 20)],
])('%s over the limit gets no answer', (_name, message) => {
  expect(overLimit(message)).toBeUndefined()
})

test('what is turned away is counted', async () => {
  const { handle, text } = setUp()
  for (let count = 0; count < 6; count++) handle(query(SVC1), SOURCE)
  const metrics = await text()
  expect(metrics).toContain('fairlead_dns_limited_total{outcome="dropped"} 3')
  expect(metrics).toContain('fairlead_dns_limited_total{outcome="truncated"} 2')
  expect(metrics).toContain('fairlead_dns_dropped_total{transport="udp"} 3')
  expect(metrics).toContain('fairlead_dns_truncated_total{transport="udp"} 2')
})
