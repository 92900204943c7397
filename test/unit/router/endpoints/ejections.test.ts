import { beforeEach, describe, expect, test } from '@jest/globals'
import { silentLogger } from '../../../../src/core/log.ts'
import { createMetrics } from '../../../../src/core/metrics.ts'
import { Ejections } from '../../../../src/router/endpoints/ejections.ts'
import { Endpoint } from '../../../../src/router/endpoints/endpoint.ts'
import { MAX_PROBES, MAX_WATCHED_ENDPOINTS } from '../../../../src/router/limits.ts'
import { FakeClock, settle } from '../../../support/fake-clock.ts'

const rules = {
  ejection: { consecutiveFailures: 3, baseMs: 5_000, maxMs: 20_000 },
  connectMs: 1_000,
}

let clock: FakeClock
let ejections: Ejections
let endpoint: Endpoint
/** Whether probes connect. */
let sound: boolean
/** When each endpoint was probed. */
let probes: { name: string; at: number }[]
/** Probes that were asked to wait. */
let hanging: (() => void)[] | undefined
let text: () => Promise<string>

beforeEach(() => {
  clock = new FakeClock()
  sound = false
  probes = []
  hanging = undefined
  endpoint = new Endpoint({ address: '10.0.0.1', port: 80 })
  const metrics = createMetrics()
  text = () => metrics.text()
  const probe = async ({ name }: Endpoint): Promise<boolean> => {
    probes.push({ name, at: clock.monotonic() })
    if (hanging !== undefined) await new Promise<void>((resolve) => hanging?.push(resolve))
    return sound
  }
  ejections = new Ejections({ clock, log: silentLogger, metrics, probe })
})

function fail(times: number, target = endpoint): void {
  for (let count = 0; count < times; count++) ejections.failed(target, rules)
}

describe('an endpoint', () => {
  test('is ejected after so many failures in a row', async () => {
    fail(2)
    expect(endpoint.ejected).toBe(false)
    fail(1)
    expect(endpoint.ejected).toBe(true)
    expect(await text()).toContain('fairlead_router_ejections_total 1')
    expect(await text()).toContain('fairlead_router_ejected_endpoints 1')
  })

  test('is not ejected when a flow was connected in between', () => {
    fail(2)
    ejections.connected(endpoint)
    fail(2)
    expect(endpoint.ejected).toBe(false)
  })

  test('is never ejected where the policy says so', () => {
    for (let count = 0; count < 100; count++) {
      ejections.failed(endpoint, { ...rules, ejection: { ...rules.ejection, consecutiveFailures: 0 } })
    }
    expect(endpoint.ejected).toBe(false)
    expect(ejections.size).toBe(0)
  })

  test('is back once a probe connects', async () => {
    fail(3)
    await clock.advance(2_500)
    expect([endpoint.ejected, probes.length]).toEqual([true, 2])
    sound = true
    await clock.advance(1_000)
    expect(endpoint.ejected).toBe(false)
    await clock.advance(100_000)
    expect(probes).toHaveLength(3)
    expect(await text()).toContain('fairlead_router_ejected_endpoints 0')
  })

  test('is back once a flow was connected, when there was no other to take', () => {
    fail(3)
    ejections.connected(endpoint)
    expect([endpoint.ejected, ejections.size, clock.pending]).toEqual([false, 0, 0])
  })

  test('is probed ever more rarely, up to the bound', async () => {
    fail(3)
    await clock.advance(60_000)
    const gaps = probes.map(({ at }, index) => at - (probes[index - 1]?.at ?? 0))
    expect(gaps.slice(0, 15)).toEqual([
      ...Array(5).fill(1000),
      ...Array(5).fill(2000),
      ...Array(5).fill(4000),
    ])
    expect(gaps.at(-1)).toBe(4000)
  })

  test('that fails again right after a probe is left alone for longer', async () => {
    fail(3)
    sound = true
    await clock.advance(1_000)
    sound = false
    fail(3)
    probes = []
    const from = clock.monotonic()
    await clock.advance(2_000)
    expect(probes.map(({ at }) => at - from)).toEqual([2000])
  })

  test('that has left loses everything that was held against it', () => {
    fail(3)
    ejections.forget(endpoint)
    expect([endpoint.ejected, ejections.size, clock.pending]).toEqual([false, 0, 0])
    fail(2)
    expect(endpoint.ejected).toBe(false)
  })
})

test('an endpoint has one probe at a time, and all together no more than the bound', async () => {
  hanging = []
  const many = Array.from({ length: MAX_PROBES + 10 }, (_, port) => new Endpoint({ address: 'x', port }))
  for (const one of many) fail(3, one)
  await clock.advance(10_000)
  expect(probes).toHaveLength(MAX_PROBES)
  expect(new Set(probes.map(({ name }) => name)).size).toBe(MAX_PROBES)
  ejections.stop()
  for (const go of hanging) go()
  await settle()
  expect(clock.pending).toBe(0)
})

test('failures are counted of a bounded number of endpoints', () => {
  for (let port = 0; port < MAX_WATCHED_ENDPOINTS + 10; port++) fail(1, new Endpoint({ address: 'x', port }))
  expect(ejections.size).toBe(MAX_WATCHED_ENDPOINTS)
})

test('stopping ends all probing', async () => {
  fail(3)
  ejections.stop()
  await clock.advance(60_000)
  expect([probes.length, clock.pending, endpoint.ejected]).toEqual([0, 0, false])
})
