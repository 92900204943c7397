import { expect, test } from '@jest/globals'
import type { FlowChannel } from '../../../../src/amqp/flow-transport.ts'
import type { ConnectionEnd, PeerConnection } from '../../../../src/router/network/data-connection.ts'
import { PeerTable } from '../../../../src/router/network/peer-table.ts'
import { settle } from '../../../support/fake-clock.ts'

const PEER = { clusterset: 'test-set', cluster: 'east', role: 'router', since: 0 } as const

class FakeConnection implements PeerConnection {
  usable = true
  draining = false
  toldToDrain = false
  readonly openFlows: number
  readonly peer: { containerId: string; instance: string }
  readonly whenClosed: Promise<ConnectionEnd>
  readonly whenGone: Promise<void>
  readonly #resolve: (reason: ConnectionEnd) => void

  constructor(openFlows = 0, instance = 'one') {
    this.openFlows = openFlows
    this.peer = { containerId: 'east/router', instance }
    const { promise, resolve } = Promise.withResolvers<ConnectionEnd>()
    this.whenClosed = promise
    this.whenGone = promise.then(() => {})
    this.#resolve = resolve
  }

  start(): void {}

  drain(): void {
    this.toldToDrain = true
  }

  close(description: string): void {
    this.usable = false
    this.#resolve({ origin: 'owner', condition: 'amqp:connection:forced', description })
  }

  open(): FlowChannel {
    throw new Error('no flows here')
  }
}

function tableOf(cluster: string, ...connections: FakeConnection[]): PeerTable {
  const table = new PeerTable(() => 0)
  for (const connection of connections) table.add(cluster, entry(connection))
  return table
}

function entry(connection: FakeConnection, isAccepted = false) {
  return { connection, transport: connection, isAccepted, peer: PEER }
}

test('the usable connection with the fewest flows is chosen', () => {
  const [busy, idle, broken] = [new FakeConnection(5), new FakeConnection(1), new FakeConnection(0)]
  broken.usable = false
  const table = tableOf('east', busy, idle, broken)
  expect(table.transportTo('east')).toBe(idle)
  expect(table.transportTo('west')).toBeUndefined()
})

test('the cheapest connection is chosen before the one with the fewest flows', () => {
  const costs = new Map([
    ['near', 1],
    ['far', 10],
  ])
  const table = new PeerTable(
    () => 0,
    (instance) => costs.get(instance ?? '') ?? 1,
  )
  const [near, far] = [new FakeConnection(5, 'near'), new FakeConnection(0, 'far')]
  for (const connection of [near, far]) table.add('east', entry(connection))
  expect([table.transportTo('east'), table.costTo('east')]).toEqual([near, 1])
  near.usable = false
  expect([table.transportTo('east'), table.costTo('east')]).toEqual([far, 10])
  expect(table.costTo('west')).toBe(Number.POSITIVE_INFINITY)
})

test('the connection to one router process is found, rather one that does not drain', async () => {
  const [draining, busy, other] = [
    new FakeConnection(0, 'a'),
    new FakeConnection(9, 'a'),
    new FakeConnection(0, 'b'),
  ]
  draining.draining = true
  const table = tableOf('east', draining, busy, other)
  expect(table.neighbour('a')).toEqual({ cluster: 'east', connection: busy })
  busy.close('over')
  await settle()
  expect(table.neighbour('a')?.connection).toBe(draining)
  expect(table.neighbour('c')).toBeUndefined()
})

test('a draining connection gets no new flows', () => {
  const [busy, draining] = [new FakeConnection(5), new FakeConnection(0)]
  draining.draining = true
  const table = tableOf('east', busy, draining)
  expect(table.transportTo('east')).toBe(busy)
  busy.draining = true
  expect(table.transportTo('east')).toBeUndefined()
  expect(table.reachable()).toEqual([])
})

test('a cluster is reachable while one of its connections is usable', async () => {
  const [first, second] = [new FakeConnection(), new FakeConnection()]
  const table = tableOf('west', first)
  table.add('east', entry(second))
  expect(table.reachable()).toEqual(['east', 'west'])
  first.usable = false
  expect(table.reachable()).toEqual(['east'])
  second.close('over')
  await settle()
  expect(table.reachable()).toEqual([])
  expect(table.size).toBe(1)
})

test('only what the silent process dialled is closed', async () => {
  const [dialled, silent, other] = [
    new FakeConnection(0, 'silent'),
    new FakeConnection(0, 'silent'),
    new FakeConnection(),
  ]
  const table = tableOf('east', dialled)
  table.add('east', entry(silent, true))
  table.add('east', entry(other, true))
  table.closeAccepted('east', 'silent', 'the peer is silent')
  expect([dialled, silent, other].map(({ usable }) => usable)).toEqual([true, false, true])
})

test('flows without a connection are counted among the open ones', () => {
  const table = new PeerTable(() => 3)
  table.add('east', entry(new FakeConnection(2)))
  expect(table.openFlows).toBe(5)
})

test('everybody can be told to drain', () => {
  const connections = [new FakeConnection(), new FakeConnection()]
  tableOf('east', ...connections).drainAll()
  expect(connections.map(({ toldToDrain }) => toldToDrain)).toEqual([true, true])
})

test('listeners hear of connections that come, go and change', async () => {
  const connection = new FakeConnection()
  const table = new PeerTable(() => 0)
  let changes = 0
  const stop = table.onChange(() => {
    changes += 1
  })
  table.add('east', entry(connection))
  table.changed()
  connection.close('over')
  await settle()
  expect(changes).toBe(3)
  stop()
  table.changed()
  expect(changes).toBe(3)
})

test('all can be closed, and it is known when they are', async () => {
  const table = tableOf('east', new FakeConnection())
  table.add('west', entry(new FakeConnection()))
  await table.closeAll('stopping')
  await settle()
  expect(table.size).toBe(0)
})
