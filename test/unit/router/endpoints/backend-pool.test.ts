import { beforeEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Backend, ExportedPort, RouteSnapshot } from '../../../../src/api/route-snapshot.ts'
import { DEFAULT_TRAFFIC, ProxyProtocol } from '../../../../src/api/traffic-settings.ts'
import { silentLogger } from '../../../../src/core/log.ts'
import { createMetrics } from '../../../../src/core/metrics.ts'
import { Snapshot } from '../../../../src/core/snapshot.ts'
import { BackendPool } from '../../../../src/router/endpoints/backend-pool.ts'
import type { Endpoint } from '../../../../src/router/endpoints/endpoint.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { ECHO, exportingNothing } from '../../../support/routes.ts'

const target = { service: ECHO, protocol: 'TCP', port: 80 } as const
const client = { cluster: 'west', address: '10.1.0.1' }

let clock: FakeClock
let routes: Snapshot<RouteSnapshot>
let pool: BackendPool

beforeEach(() => {
  clock = new FakeClock()
  routes = new Snapshot<RouteSnapshot>(exportingNothing)
  const probe = async (): Promise<boolean> => false
  pool = new BackendPool({ snapshot: routes, clock, log: silentLogger, metrics: createMetrics(), probe })
  pool.start()
})

function backends(count: number): Backend[] {
  return Array.from({ length: count }, (_, index) => ({
    address: 'b',
    port: index,
    ready: true,
    serving: true,
  }))
}

/** Swaps a snapshot in that exports one port with these. */
function exporting(all: readonly Backend[], affinityMs?: number): ExportedPort {
  const port = { protocol: 'TCP', port: 80, backends: all, proxyProtocol: ProxyProtocol.none } as const
  const whole = affinityMs === undefined ? port : { ...port, affinity: { timeoutMs: affinityMs } }
  routes.set({ ...exportingNothing, exports: new Map([[ECHO, [whole]]]) })
  return whole
}

function take(port: ExportedPort, from = client, tried: string[] = []): string | undefined {
  return pool.choose(port, target, from, tried)?.name
}

function eject(endpoint: Endpoint): void {
  for (let count = 0; count < 3; count++) pool.failed(endpoint, DEFAULT_TRAFFIC)
}

test('flows go to the backend with the fewest, whatever the snapshot was rebuilt from', () => {
  take(exporting(backends(2)))
  const rebuilt = exporting(backends(2))
  expect([take(rebuilt), take(rebuilt), take(rebuilt)]).toEqual(['b:1', 'b:0', 'b:1'])
})

test('a flow that is released counts no more', () => {
  const port = exporting(backends(2))
  const first = pool.choose(port, target, client, [])
  take(port)
  if (first !== undefined) pool.release(first)
  expect(take(port)).toBe('b:0')
})

test('an ejected backend that leaves the snapshot comes back with a clean slate', () => {
  const port = exporting(backends(1))
  const endpoint = pool.choose(port, target, client, [])
  if (endpoint === undefined) throw new Error('none')
  eject(endpoint)
  expect(endpoint.ejected).toBe(true)
  routes.set(exportingNothing)
  expect(endpoint.ejected).toBe(false)
  expect(clock.pending).toBe(0)
})

test('whatever is ejected, each flow has a backend, and tries all of them once', () => {
  const count = fc.integer({ min: 1, max: 6 })
  fc.assert(
    fc.property(count, fc.array(fc.nat()), (total, broken) => {
      const port = exporting(backends(total))
      const all = Array.from({ length: total }, (_, index) => `b:${index}`)
      const endpoints = Object.fromEntries(all.map((name) => [name, chosen(port, name)]))
      for (const which of broken) eject(endpoints[`b:${which % total}`] as Endpoint)
      const tried: string[] = []
      while (take(port, client, tried) !== undefined) {}
      expect([...tried].sort()).toEqual(all)
      const ejected = tried.map((name) => endpoints[name]?.ejected)
      expect(ejected).toEqual([...ejected].sort())
      routes.set(exportingNothing)
    }),
  )
})

/** The endpoint of that name. */
function chosen(port: ExportedPort, name: string): Endpoint {
  const others = port.backends.map((one) => `${one.address}:${one.port}`).filter((other) => other !== name)
  const endpoint = pool.choose(port, target, client, others)
  if (endpoint === undefined) throw new Error(`no endpoint ${name}`)
  pool.release(endpoint)
  return endpoint
}

describe('affinity', () => {
  test('a client stays at its backend while it comes back in time, however busy that is', () => {
    const port = exporting(backends(4), 10_000)
    const first = take(port)
    expect(Array.from({ length: 20 }, () => take(port))).toEqual(Array(20).fill(first))
  })

  test('the same address in another cluster is another client', () => {
    const port = exporting(backends(8), 10_000)
    const places = Array.from({ length: 8 }, (_, index) => take(port, { ...client, cluster: `c${index}` }))
    expect(new Set(places).size).toBeGreaterThan(1)
  })

  test('a client whose backend has left, or is ejected, is given another one and stays there', () => {
    const port = exporting(backends(3), 10_000)
    const first = pool.choose(port, target, client, [])
    if (first === undefined) throw new Error('none')
    eject(first)
    const second = take(port)
    expect(second).not.toBe(first.name)
    pool.connected(first)
    expect(take(port)).toBe(second)
    const without = exporting(
      backends(3).filter(({ port: number }) => `b:${number}` !== second),
      10_000,
    )
    expect(take(without)).not.toBe(second)
  })

  test('two routers choose the same backend for a client they have not seen', () => {
    const other = new BackendPool({
      snapshot: routes,
      clock,
      log: silentLogger,
      metrics: createMetrics(),
      probe: async () => false,
    })
    const port = exporting(backends(5), 10_000)
    for (let index = 0; index < 50; index++) {
      const from = { cluster: 'west', address: `10.1.0.${index}` }
      expect(other.choose(port, target, from, [])?.name).toBe(take(port, from))
    }
  })
})
