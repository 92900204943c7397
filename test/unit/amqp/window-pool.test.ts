import { describe, expect, test } from '@jest/globals'
import type { Peer } from '../../../src/amqp/engine/peer.ts'
import { type ReceiveWindow, receiveWindowFor } from '../../../src/amqp/engine/receive-window.ts'
import { WindowPool } from '../../../src/amqp/engine/window-pool.ts'

const OURS: Peer = {
  containerId: 'east',
  ours: true,
  instance: undefined,
  initialWindow: 0,
  maxFrameSize: 65_536,
  channelMax: 0,
  idleTimeOut: undefined,
}
const LIMIT = 'fairlead:limit'

const windowOf = (pool: WindowPool) => receiveWindowFor(OURS, pool, 0, false)

/** Offset up to which the sender may go after one more grant. */
const granted = (window: ReceiveWindow) => Number(window.grant().properties?.get(LIMIT)?.value)

/** Takes and hands on `bytes`, and grants when that is due. */
function read(window: ReceiveWindow, bytes: number): void {
  expect(window.received(bytes)).toBeUndefined()
  if (window.consumed(bytes)) window.grant()
}

describe('the receive windows of a connection', () => {
  test('a window is widened up to the most while its reader keeps up', () => {
    const pool = new WindowPool(100, 700, 10_000)
    const window = windowOf(pool)
    read(window, 100)
    read(window, 200)
    read(window, 400)
    read(window, 700)
    expect(granted(window)).toBe(1400 + 700)
    expect(pool.left).toBe(10_000 - 600)
  })

  test('a window whose reader lags behind stays as it is', () => {
    const pool = new WindowPool(100, 700, 10_000)
    const window = windowOf(pool)
    window.received(100)
    window.consumed(10)
    expect(granted(window)).toBe(110)
    expect(pool.left).toBe(10_000)
  })

  test('an acknowledgement before half of the window was used does not widen it', () => {
    const window = windowOf(new WindowPool(100, 700, 10_000))
    window.received(40)
    expect([window.consumed(40), window.owes, granted(window), window.owes]).toEqual([
      false,
      true,
      140,
      false,
    ])
  })

  test('all windows together are bounded, and what was lent comes back', () => {
    const pool = new WindowPool(100, 400, 300)
    const [fast, other] = [windowOf(pool), windowOf(pool)]
    for (const bytes of [100, 200]) read(fast, bytes)
    expect(pool.left).toBe(0)
    read(other, 100)
    expect(granted(other)).toBe(200)
    fast.end(true)
    expect(pool.left).toBe(300)
  })

  test('a flow that ended keeps its share until its owner has handed everything on', () => {
    const pool = new WindowPool(100, 200, 1000)
    const window = windowOf(pool)
    read(window, 100)
    window.received(150)
    window.end(false)
    expect(pool.left).toBe(900)
    window.consumed(149)
    expect(pool.left).toBe(900)
    window.consumed(1)
    expect(pool.left).toBe(1000)
    window.consumed(0)
    expect(pool.left).toBe(1000)
  })
})
