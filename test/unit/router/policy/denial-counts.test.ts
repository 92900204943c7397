/** What is counted of refusals, within a bound. */
import { expect, test } from '@jest/globals'
import { createMetrics } from '../../../../src/core/metrics.ts'
import { DenialCounts } from '../../../../src/router/policy/denial-counts.ts'
import { MAX_DENIAL_COUNTS } from '../../../../src/router/policy/limits.ts'
import { HandClock } from '../../../support/hand-clock.ts'

test('refusals are counted by policy, cluster and reason, with when the last one was', async () => {
  const [clock, metrics] = [new HandClock(), createMetrics()]
  const counts = new DenialCounts(clock, metrics)
  let told = 0
  counts.subscribe(() => {
    told += 1
  })
  counts.add(['demo/a', 'demo/b'], 'west', 'NotAllowed')
  clock.advance(5)
  counts.add(['demo/a'], 'west', 'NotAllowed')
  expect(told).toBe(2)
  expect(counts.current()).toEqual([
    { policy: 'demo/b', cluster: 'west', reason: 'NotAllowed', count: 1, lastAt: 0 },
    { policy: 'demo/a', cluster: 'west', reason: 'NotAllowed', count: 2, lastAt: 5 },
  ])
  expect(await metrics.text()).toContain(
    'fairlead_policy_denied_total{policy="demo/a",cluster="west",reason="NotAllowed"} 2',
  )
})

test('beyond the bound those refused longest ago are counted together, so that new ones are seen', async () => {
  const metrics = createMetrics()
  const counts = new DenialCounts(new HandClock(), metrics)
  counts.add(['demo/old'], 'west', 'Connections')
  counts.add(['demo/kept'], 'west', 'NotAllowed')
  for (let index = 0; index < MAX_DENIAL_COUNTS - 1; index += 1) {
    counts.add([`demo/p${index}`], 'west', 'NotAllowed')
    counts.add(['demo/kept'], 'west', 'NotAllowed')
  }
  expect(counts.current()).toHaveLength(MAX_DENIAL_COUNTS)
  expect(counts.current().some(({ policy }) => policy === 'demo/old')).toBe(false)
  expect(counts.current().find(({ policy }) => policy === 'demo/kept')?.count).toBe(MAX_DENIAL_COUNTS)
  const text = await metrics.text()
  expect(text).toContain(
    'fairlead_policy_denied_total{policy="other",cluster="other",reason="Connections"} 1',
  )
  expect(text.match(/^fairlead_policy_denied_total\{/gm)).toHaveLength(MAX_DENIAL_COUNTS + 1)
})
