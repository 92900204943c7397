/** A router that takes no new flows says so, and all else goes on. */
import { expect, test } from '@jest/globals'
import { connectionPair, echo, handlerOf, REQUEST, until } from '../../support/connection-pair.ts'
import { settle } from '../../support/fake-clock.ts'
import { RawPeer } from '../../support/raw-peer.ts'

test('the peer of a draining router is told once, and flows in progress and new ones go on', async () => {
  const told: string[] = []
  const { west, east } = connectionPair({ acceptEast: echo, onDraining: (side) => void told.push(side) })
  const got: number[] = []
  const open = () => west.open(REQUEST, () => handlerOf({ onData: (chunk) => void got.push(chunk.length) }))
  const before = open()
  await until(() => east.openFlows === 1)
  east.drain()
  east.drain()
  await until(() => told.length > 0)
  expect([west.draining, east.draining, west.usable, told]).toEqual([true, false, true, ['west']])
  before.write(Buffer.alloc(10))
  open().write(Buffer.alloc(20))
  await until(() => got.length === 2)
  await settle()
  expect([got, told]).toEqual([[10, 20], ['west']])
})

test('a router that drains before its session stands tells it when that does', async () => {
  const told: string[] = []
  const { west } = connectionPair({ onDraining: (side) => void told.push(side) })
  west.drain()
  await until(() => told.length > 0)
  expect(told).toEqual(['east'])
})

test('a stranger is told nothing', async () => {
  const peer = new RawPeer().hello()
  await peer.hear('begin')
  peer.connection.drain()
  await settle()
  expect(peer.heard('flow')).toEqual([])
})
