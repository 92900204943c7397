import { expect, test } from '@jest/globals'
import { Snapshot } from '../../../../src/core/snapshot.ts'
import type { LinkState, LinkStatus } from '../../../../src/link/link-status.ts'
import { Arrival } from '../../../../src/router/network/arrival.ts'
import { ARRIVAL_MS } from '../../../../src/router/network/limits.ts'
import type { ReplicaAddress } from '../../../../src/router/network/replicas.ts'
import type { TopologyView } from '../../../../src/router/topology/topology-view.ts'
import { FakeClock } from '../../../support/fake-clock.ts'

const DIALLING: LinkState = { kind: 'dialling', endpoint: 'east:5671' }
const WAITING: LinkState = { kind: 'waiting', lastError: 'refused', retryAt: 0 }
const UP: LinkState = {
  kind: 'established',
  endpoint: 'east:5671',
  remoteCluster: 'east',
  remoteRouter: 'r',
  since: 0,
}

/** Only what is looked at. */
function viewOf(...names: string[]): TopologyView {
  const routers = new Map(names.map((name) => [name, { id: name, name, cluster: 'west', draining: false }]))
  return { self: 'router-0', routers } as unknown as TopologyView
}

function arriving(...states: LinkState[]) {
  const clock = new FakeClock()
  const links = new Snapshot<readonly LinkStatus[]>(states.map((state, at) => ({ name: `l${at}`, state })))
  const topology = new Snapshot(viewOf('router-0'))
  const replicas = new Snapshot<readonly ReplicaAddress[]>([])
  const snapshot = new Snapshot({ synced: true })
  const arrival = new Arrival({ clock, snapshot, links, topology, replicas })
  arrival.begin()
  const set = (state: LinkState) => links.set([{ name: 'l0', state }])
  return { clock, snapshot, links, topology, replicas, arrival, set }
}

test('a router without links and siblings waits for nobody', () => {
  expect(arriving().arrival.missing()).toEqual([])
})

test('a link is waited for until it stands and its records are here', () => {
  const { arrival, set } = arriving({ kind: 'idle' })
  expect(arrival.missing()).toEqual(['link l0 is not dialled yet'])
  set(DIALLING)
  expect(arrival.missing()).toEqual(['link l0 is not dialled yet'])
  set(UP)
  expect(arrival.missing()).toEqual(['records of link l0 are not here yet'])
  arrival.told('east')
  expect(arrival.missing()).toEqual([])
})

test('a link that was tried in vain keeps nobody waiting', () => {
  expect(arriving(WAITING).arrival.missing()).toEqual([])
  expect(arriving({ ...DIALLING, lastError: 'refused' }).arrival.missing()).toEqual([])
})

test('each other router of the cluster is waited for, whoever dials', () => {
  const { arrival, replicas, topology } = arriving()
  replicas.set(['router-0', 'router-1', 'router-1'].map((name) => ({ name, host: 'h', port: 1 })))
  expect(arrival.missing()).toEqual(['router router-1 of this cluster is not linked yet'])
  topology.set(viewOf('router-0', 'router-1'))
  expect(arrival.missing()).toEqual([])
})

test('nothing is waited for longer than clients can do without the router', async () => {
  const { arrival, clock } = arriving(DIALLING)
  await clock.advance(ARRIVAL_MS - 1)
  expect(arrival.missing()).toHaveLength(1)
  await clock.advance(1)
  expect(arrival.missing()).toEqual([])
})

test('a router that has arrived stays so, whatever is lost', () => {
  const { arrival, set } = arriving(WAITING)
  expect(arrival.missing()).toEqual([])
  set(DIALLING)
  expect(arrival.missing()).toEqual([])
})

test('before its links are known it has not arrived, however long that takes', async () => {
  const { arrival, snapshot, clock } = arriving()
  snapshot.set({ synced: false })
  await clock.advance(ARRIVAL_MS)
  expect(arrival.missing()).toEqual(['links are not known yet'])
  snapshot.set({ synced: true })
  expect(arrival.missing()).toEqual([])
})

test('before it runs it has not arrived', () => {
  const nothing = {
    links: new Snapshot([]),
    replicas: new Snapshot([]),
    snapshot: new Snapshot({ synced: true }),
  }
  const deps = { ...nothing, clock: new FakeClock(), topology: new Snapshot(viewOf('router-0')) }
  const arrival = new Arrival(deps)
  expect(arrival.missing()).toEqual([])
  deps.links.set([{ name: 'l0', state: DIALLING }] as never)
  expect(arrival.missing()).toHaveLength(1)
})
