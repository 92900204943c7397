import { expect, test } from '@jest/globals'
import type { FlowChannel } from '../../../../src/amqp/flow-transport.ts'
import type { PeerConnection } from '../../../../src/router/network/data-connection.ts'
import { PeerTable } from '../../../../src/router/network/peer-table.ts'
import { settle } from '../../../support/fake-clock.ts'

class FakeConnection implements PeerConnection {
  usable = true
  readonly draining = false
  readonly openFlows: number
  readonly whenClosed: Promise<unknown>
  readonly #resolve: (reason: unknown) => void

  constructor(openFlows = 0) {
    this.openFlows = openFlows
    const { promise, resolve } = Promise.withResolvers<unknown>()
    this.whenClosed = promise
    this.#resolve = resolve
  }

  start(): void {}

  close(reason: string): void {
    this.usable = false
    this.#resolve(reason)
  }

  open(): FlowChannel {
    throw new Error('no flows here')
  }
}

test('the usable connection with the fewest flows is chosen', () => {
  const table = new PeerTable()
  const [busy, idle, broken] = [new FakeConnection(5), new FakeConnection(1), new FakeConnection(0)]
  broken.usable = false
  for (const connection of [busy, idle, broken]) table.add('east', connection)
  expect(table.transportTo('east')).toBe(idle)
  expect(table.transportTo('west')).toBeUndefined()
})

test('a cluster is reachable while one of its connections is usable', async () => {
  const table = new PeerTable()
  const [first, second] = [new FakeConnection(), new FakeConnection()]
  table.add('west', first)
  table.add('east', second)
  expect(table.reachable()).toEqual(['east', 'west'])
  first.usable = false
  expect(table.reachable()).toEqual(['east'])
  second.close('over')
  await settle()
  expect(table.reachable()).toEqual([])
  expect(table.size).toBe(1)
})

test('only what was accepted from the silent address is closed', async () => {
  const table = new PeerTable()
  const [dialled, silent, other] = [new FakeConnection(), new FakeConnection(), new FakeConnection()]
  table.add('east', dialled)
  table.add('east', silent, '10.0.0.1')
  table.add('east', other, '10.0.0.2')
  table.closeAcceptedFrom('east', '10.0.0.1', 'silent')
  expect([dialled, silent, other].map(({ usable }) => usable)).toEqual([true, false, true])
})

test('all can be closed, and it is known when they are', async () => {
  const table = new PeerTable()
  table.add('east', new FakeConnection())
  table.add('west', new FakeConnection())
  await table.closeAll('stopping')
  await settle()
  expect(table.size).toBe(0)
})
