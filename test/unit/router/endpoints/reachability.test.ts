import { beforeEach, expect, test } from '@jest/globals'
import { Reachability } from '../../../../src/router/endpoints/reachability.ts'
import { RECENTLY_REACHABLE_MS } from '../../../../src/router/limits.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { MemoryPeers, MemoryTransport } from '../../../support/memory-transport.ts'

let clock: FakeClock
let peers: MemoryPeers
let link: MemoryTransport
let changes: number
let reachability: Reachability

beforeEach(() => {
  clock = new FakeClock()
  peers = new MemoryPeers()
  link = new MemoryTransport(() => {
    throw new Error('no flow is opened here')
  })
  peers.transports.set('east', link)
  changes = 0
  reachability = new Reachability({
    peers,
    clock,
    onChange: () => {
      changes += 1
    },
  })
  reachability.start()
})

function lose(): void {
  link.lose()
  peers.changed()
}

test('a cluster with a transport is reachable, one that nobody has heard of is not', () => {
  expect([...reachability.now]).toEqual(['east'])
  expect([reachability.recently('east'), reachability.recently('moon')]).toEqual([true, false])
})

test('a cluster that was lost counts for a while', async () => {
  lose()
  expect([reachability.now.size, reachability.recently('east'), changes]).toEqual([0, true, 1])
  await clock.advance(RECENTLY_REACHABLE_MS)
  expect([reachability.recently('east'), changes]).toEqual([false, 2])
})

test('a cluster that comes back in time is as before', async () => {
  lose()
  link.restore()
  peers.changed()
  await clock.advance(2 * RECENTLY_REACHABLE_MS)
  expect([reachability.now.has('east'), clock.pending, changes]).toEqual([true, 0, 2])
})

test('a change that concerns no cluster is none', () => {
  const before = reachability.now
  peers.changed()
  expect([reachability.now === before, changes]).toEqual([true, 0])
})

test('after its end nothing is told', async () => {
  lose()
  reachability.stop()
  link.restore()
  peers.changed()
  await clock.advance(2 * RECENTLY_REACHABLE_MS)
  expect([changes, clock.pending]).toEqual([1, 0])
})
