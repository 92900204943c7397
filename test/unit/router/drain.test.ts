import { expect, test } from '@jest/globals'
import { Way } from '../../../src/api/network-report.ts'
import type { RouteSnapshot } from '../../../src/api/route-snapshot.ts'
import { Snapshot } from '../../../src/core/snapshot.ts'
import { FakeClock, settle } from '../../support/fake-clock.ts'
import { dataPath } from '../../support/router-pair.ts'
import { directoryOf, exportingNothing } from '../../support/routes.ts'

/** Peers with flows whose sockets are closed and whose last bytes have not left. */
class BusyPeers {
  openFlows = 1

  transportTo(): undefined {
    return undefined
  }

  wayTo(): Way {
    return Way.none
  }

  costTo(): number {
    return Number.POSITIVE_INFINITY
  }

  onChange(): () => void {
    return () => {}
  }

  reachable(): readonly string[] {
    return []
  }
}

function draining(graceMs: number) {
  const clock = new FakeClock()
  const peers = new BusyPeers()
  const routes = new Snapshot<RouteSnapshot>(exportingNothing)
  const router = dataPath({ cluster: 'west', routes, directory: new Snapshot(directoryOf({})), peers, clock })
  const state = { drained: false }
  void router.drain(graceMs).then(() => {
    state.drained = true
  })
  return { clock, peers, state }
}

test('a draining router waits for bytes that outlive their socket', async () => {
  const { clock, peers, state } = draining(10_000)
  await settle()
  await clock.advance(1000)
  expect(state.drained).toBe(false)
  peers.openFlows = 0
  await clock.advance(1000)
  expect(state.drained).toBe(true)
  expect(clock.pending).toBe(0)
})

test('a draining router waits no longer than its grace', async () => {
  const { clock, state } = draining(100)
  await settle()
  await clock.advance(150)
  expect(state.drained).toBe(true)
  expect(clock.pending).toBe(0)
})
