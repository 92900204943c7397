import { beforeEach, describe, expect, test } from '@jest/globals'
import { ByteGrant } from '../../../src/amqp/engine/byte-grant.ts'
import type { ReceiveWindow } from '../../../src/amqp/engine/receive-window.ts'
import { RoundTrip } from '../../../src/amqp/engine/round-trip.ts'
import { WindowPool, type WindowWidths } from '../../../src/amqp/engine/window-pool.ts'
import {
  FAST_ENOUGH,
  LONG_PATH_MS,
  NEAR_MS,
  ROUND_TRIP_PERIOD_MS,
  ROUND_TRIP_SAMPLES,
  SHARED_FOR_MS,
  SHARED_MARGIN,
  SHARED_WINDOW_BYTES,
} from '../../../src/amqp/limits.ts'
import { ByteBudget } from '../../../src/core/byte-budget.ts'

const LIMIT = 'fairlead:limit'

/** Monotonic milliseconds, and echoes sent. */
let now = 0
let echoes = 0

beforeEach(() => {
  now = 0
  echoes = 0
})

const roundTrip = () =>
  new RoundTrip(
    () => now,
    () => {
      echoes += 1
      return true
    },
  )

/** A round trip that is known to take `ms`. */
function measured(ms: number): RoundTrip {
  const trip = roundTrip()
  for (let count = 0; count < ROUND_TRIP_SAMPLES; count += 1) {
    trip.ask(0)
    now += ms
    trip.answered()
  }
  return trip
}

function poolOf(widths: Partial<WindowWidths>, budget: ByteBudget, trip = roundTrip()): WindowPool {
  return new WindowPool({ initial: 100, usual: 700, most: 700, ...widths }, budget, trip)
}

const windowOf = (pool: WindowPool) => new ByteGrant(pool, 0, false)

/** Offset up to which the sender knows its bytes handed on after one more grant. */
const acknowledged = (window: ReceiveWindow) =>
  Number(window.grant().properties?.get('fairlead:consumed')?.value)

/** Offset up to which the sender may go after one more grant. */
const granted = (window: ReceiveWindow) => Number(window.grant().properties?.get(LIMIT)?.value)

/** Takes and hands on `bytes`, and grants when that is due. */
function read(window: ReceiveWindow, bytes: number): void {
  expect(window.received(bytes)).toBeUndefined()
  if (window.consumed(bytes)) window.grant()
}

describe('the receive windows of a connection', () => {
  test('a window is widened up to the usual width while its reader keeps up', () => {
    const budget = new ByteBudget(10_000)
    const window = windowOf(poolOf({}, budget))
    read(window, 100)
    read(window, 200)
    read(window, 400)
    read(window, 700)
    expect(granted(window)).toBe(1400 + 700)
    expect(budget.taken).toBe(600)
  })

  test('a window whose reader lags behind stays as it is', () => {
    const budget = new ByteBudget(10_000)
    const window = windowOf(poolOf({}, budget))
    window.received(100)
    window.consumed(10)
    expect(granted(window)).toBe(110)
    expect(budget.taken).toBe(0)
  })

  test('an acknowledgement before half of the window was used does not widen it', () => {
    const window = windowOf(poolOf({}, new ByteBudget(10_000)))
    window.received(40)
    expect([window.consumed(40), window.owes, granted(window), window.owes]).toEqual([
      false,
      true,
      140,
      false,
    ])
  })

  test('one connection leaves others as much as it has, and what was lent comes back', () => {
    const budget = new ByteBudget(1000)
    const [pool, other] = [poolOf({}, budget), poolOf({}, budget)]
    const fast = windowOf(pool)
    for (const bytes of [100, 200, 400, 400]) read(fast, bytes)
    expect(budget.taken).toBe(300)
    const late = windowOf(other)
    for (const bytes of [100, 200, 400]) read(late, bytes)
    expect(budget.taken).toBe(600)
    fast.end(true)
    expect(budget.taken).toBe(300)
  })

  test('nothing is widened while memory is used for other things', () => {
    const budget = new ByteBudget(1000)
    budget.use('retained').add(950)
    const window = windowOf(poolOf({}, budget))
    read(window, 100)
    expect(granted(window)).toBe(200)
  })

  test('a flow that ended keeps its share until its owner has handed everything on', () => {
    const budget = new ByteBudget(1000)
    const window = windowOf(poolOf({ usual: 200 }, budget))
    read(window, 100)
    window.received(150)
    window.end(false)
    expect([budget.taken, budget.held]).toEqual([100, 150])
    window.consumed(149)
    expect([budget.taken, budget.held]).toEqual([100, 1])
    window.consumed(1)
    expect([budget.taken, budget.held]).toEqual([0, 0])
    window.consumed(7)
    expect([budget.taken, budget.held]).toEqual([0, 0])
  })

  test('what a relay passes on needs no room any more, and is acknowledged when the far end has handed it on', () => {
    const budget = new ByteBudget(10_000)
    const window = windowOf(poolOf({}, budget))
    window.received(60)
    expect([window.passed(60), budget.held, window.outstanding]).toEqual([true, 0, 60])
    expect([granted(window), acknowledged(window)]).toEqual([260, 0])
    expect([window.consumed(20), window.owes]).toEqual([false, true])
    expect([granted(window), acknowledged(window)]).toEqual([260, 20])
    window.end(false)
    expect([budget.taken, window.outstanding]).toEqual([0, 40])
  })

  test('a window whose bytes are passed on at once grows, however late they are acknowledged', () => {
    const budget = new ByteBudget(10_000)
    const window = windowOf(poolOf({}, budget))
    for (const bytes of [100, 200, 400, 700]) {
      window.received(bytes)
      if (window.passed(bytes)) window.grant()
    }
    expect([granted(window), acknowledged(window), budget.taken]).toEqual([1400 + 700, 0, 600])
  })

  test('a sender that waits for acknowledgements alone hears of many at once', () => {
    const window = windowOf(poolOf({ usual: 100 }, new ByteBudget(10_000)))
    window.received(100)
    window.passed(100)
    window.grant()
    expect(window.consumed(49)).toBe(false)
    expect(window.consumed(1)).toBe(true)
    expect([acknowledged(window), window.consumed(49)]).toEqual([50, false])
  })

  test('more than came can neither be passed on nor handed on', () => {
    const budget = new ByteBudget(10_000)
    const window = windowOf(poolOf({}, budget))
    window.received(50)
    window.passed(70)
    window.consumed(70)
    expect([window.outstanding, budget.held, granted(window)]).toEqual([0, 0, 250])
  })

  test('what a reset flow had received is held no more, whatever its owner says later', () => {
    const budget = new ByteBudget(1000)
    const window = windowOf(poolOf({}, budget))
    window.received(90)
    window.end(true)
    window.consumed(90)
    expect(budget.held).toBe(0)
  })
})

describe('a connection that several flows share', () => {
  const WIDE = 8 * SHARED_WINDOW_BYTES
  const wide = { initial: WIDE, usual: WIDE, most: WIDE }

  /** A bulk flow and a small one over a way of `ms`; `pour` hands on bytes of the first that took `span` milliseconds. */
  function shared(ms: number) {
    const pool = poolOf(wide, new ByteBudget(WIDE), measured(ms))
    const [bulk, small] = [windowOf(pool), windowOf(pool)]
    const pour = (bytes: number, span: number) => {
      now += span
      bulk.received(bytes)
      return bulk.consumed(bytes)
    }
    const begin = () => {
      pour(WIDE / 4, 1)
      small.received(64)
      pour(WIDE / 4, 1)
      small.received(64)
    }
    return { bulk, pour, begin }
  }

  test('gives a fast flow less of its window, and all of it again when it is alone', () => {
    const { bulk, pour, begin } = shared(0)
    begin()
    // What was granted stays granted.
    expect(granted(bulk)).toBe(WIDE)
    pour(WIDE / 2, 1)
    expect(granted(bulk)).toBe(WIDE + SHARED_WINDOW_BYTES)
    pour(SHARED_WINDOW_BYTES / 2, SHARED_FOR_MS)
    expect(granted(bulk)).toBe(2 * WIDE + SHARED_WINDOW_BYTES / 2)
  })

  test('grants a flow with little of its window left the more often', () => {
    const { bulk, pour, begin } = shared(0)
    begin()
    granted(bulk)
    expect(pour(WIDE / 4, 1)).toBe(false)
    expect(pour(WIDE / 4 - SHARED_WINDOW_BYTES / 2, 1)).toBe(true)
  })

  test('leaves a flow what its rate needs on its way', () => {
    const { bulk, pour, begin } = shared(NEAR_MS + 10)
    begin()
    granted(bulk)
    pour(WIDE, 80)
    // 1.5 windows were handed on, the last of them by an eighth in 10 ms.
    expect(granted(bulk)).toBe((1.5 + SHARED_MARGIN / 8) * WIDE)
  })
})

describe('beyond the usual width', () => {
  const WIDE = { usual: 200, most: 1600 }

  /** A pool whose way takes `ms`, and a window that has the usual width. */
  function longPath(ms: number): ReceiveWindow {
    const window = windowOf(poolOf(WIDE, new ByteBudget(100_000), measured(ms)))
    read(window, 100)
    return window
  }

  test('a window grows when it is used up within two round trips', () => {
    const window = longPath(50)
    now += 100
    read(window, 200)
    expect(granted(window)).toBe(300 + 400)
  })

  test('a window that lasts longer stays', () => {
    const window = longPath(50)
    now += 101
    read(window, 200)
    expect(granted(window)).toBe(300 + 200)
  })

  test('a flow that is fast enough needs no wider window', () => {
    const window = longPath(50)
    now += 200 / FAST_ENOUGH
    read(window, 200)
    expect(granted(window)).toBe(300 + 200)
  })

  test('a way that is not long has no use for it', () => {
    const window = longPath(LONG_PATH_MS - 1)
    read(window, 200)
    expect(granted(window)).toBe(300 + 200)
  })

  test('the round trip is measured when a window is used up, and not too often', () => {
    const window = windowOf(poolOf(WIDE, new ByteBudget(100_000)))
    read(window, 100)
    expect(echoes).toBe(0)
    for (let count = 0; count < 5; count += 1) read(window, 200)
    expect(echoes).toBe(1)
  })
})

describe('the round trip', () => {
  test('is the least of the last minutes', () => {
    const trip = roundTrip()
    const measure = (ms: number) => {
      trip.ask(0)
      now += ms
      trip.answered()
      return trip.leastMs
    }
    expect([measure(50), measure(20), measure(90)]).toEqual([undefined, undefined, 20])
    now += ROUND_TRIP_PERIOD_MS
    expect(measure(70)).toBe(20)
    now += ROUND_TRIP_PERIOD_MS
    expect(measure(80)).toBe(70)
  })

  test('is not known from answers that nobody asked for', () => {
    const trip = roundTrip()
    for (let count = 0; count < ROUND_TRIP_SAMPLES; count += 1) trip.answered()
    expect(trip.leastMs).toBeUndefined()
  })
})
