/** What connections buffer and lend to senders, out of one budget. */
import { afterEach, describe, expect, test } from '@jest/globals'
import { DataConnection } from '../../../src/amqp/data-connection.ts'
import type { FlowAcceptor, FlowChannel, Resumable } from '../../../src/amqp/flow-transport.ts'
import { DEFAULT_WINDOW_BYTES, MAX_WINDOW_BYTES } from '../../../src/amqp/limits.ts'
import { ByteBudget } from '../../../src/core/byte-budget.ts'
import { silentLogger } from '../../../src/core/log.ts'
import { connectionPair, echo, handlerOf, REQUEST, until } from '../../support/connection-pair.ts'
import { FakeClock, settle } from '../../support/fake-clock.ts'
import { longPath } from '../../support/long-path.ts'

const started: DataConnection[] = []

afterEach(async () => {
  for (const connection of started.splice(0)) connection.close()
  await settle()
})

const CHUNK = Buffer.alloc(64 * 1024)

function fill(channel: FlowChannel): void {
  while (channel.writable > 0) channel.write(CHUNK)
}

/** Two connections over `ms` of path one way; flows from west to east whose bytes are taken at once. */
function overPath(ms: number, buffers: ByteBudget, flows = 1) {
  const clock = new FakeClock()
  const [left, right] = longPath(clock, ms)
  let received = 0
  const accept: FlowAcceptor = (_request, channel) => {
    channel.accept()
    return handlerOf({
      onData: (chunk) => {
        received += chunk.length
        channel.consumed(chunk.length)
      },
    })
  }
  const deps = { clock, logger: silentLogger, accept }
  const west = new DataConnection(left, deps, { side: 'dialer', containerId: 'west' })
  const east = new DataConnection(right, { ...deps, buffers }, { side: 'acceptor', containerId: 'east' })
  west.start()
  east.start()
  started.push(west, east)
  for (let count = 0; count < flows; count += 1) {
    const channel: FlowChannel = west.open(REQUEST, () => handlerOf({ onDrain: () => fill(channel) }))
    fill(channel)
  }
  /** Bytes that arrive in the next `span` milliseconds. */
  const receivedIn = async (span: number) => {
    const before = received
    for (let time = 0; time < span; time += ms) await clock.advance(ms)
    return received - before
  }
  return { receivedIn }
}

describe('windows over a long path', () => {
  test('of 100 ms there and back grow until one flow carries 500 Mbit/s', async () => {
    const buffers = new ByteBudget(256 * 1024 * 1024)
    const { receivedIn } = overPath(50, buffers)
    await receivedIn(3000)
    const bitsPerSecond = (await receivedIn(1000)) * 8
    expect(bitsPerSecond).toBeGreaterThan(500_000_000)
    expect(buffers.taken).toBe(MAX_WINDOW_BYTES - 64 * 1024)
  })

  test('grow for flows that share a connection as well', async () => {
    const { receivedIn } = overPath(50, new ByteBudget(256 * 1024 * 1024), 3)
    await receivedIn(4000)
    const bitsPerSecond = (await receivedIn(1000)) * 8
    expect(bitsPerSecond).toBeGreaterThan(500_000_000)
  })

  test('stay as they are when the path is short', async () => {
    const buffers = new ByteBudget(256 * 1024 * 1024)
    const { receivedIn } = overPath(0.5, buffers)
    await receivedIn(100)
    expect(buffers.taken).toBe(DEFAULT_WINDOW_BYTES - 64 * 1024)
  })

  test('stay within the budget of the process', async () => {
    const buffers = new ByteBudget(4 * 1024 * 1024)
    const { receivedIn } = overPath(50, buffers)
    await receivedIn(3000)
    expect(buffers.taken).toBeLessThanOrEqual(2 * 1024 * 1024)
  })
})

describe('when what is buffered has used the budget up', () => {
  const RESUMED: Resumable = { token: 'a'.repeat(32), graceMs: 1000, at: { received: 0, ended: false } }

  /** Conditions of the resets of a new and of a resumed flow, opened by west. */
  async function openBoth(side: 'west' | 'east') {
    const buffers = new ByteBudget(1000)
    buffers.use('retained').add(1000)
    const { west } = connectionPair({ [`${side}Buffers`]: buffers, acceptEast: echo })
    const told: string[] = []
    const handler = (name: string) =>
      handlerOf({
        onAccept: () => void told.push(`${name} accepted`),
        onReset: ({ condition }) => void told.push(`${name} ${condition}`),
      })
    west.open(REQUEST, () => handler('new'))
    west.open({ ...REQUEST, resumable: RESUMED }, () => handler('resumed'))
    await until(() => told.length === 2)
    return told.sort()
  }

  test.each(['west', 'east'] as const)('%s begins no flows, and goes on with those resumed', async (side) => {
    expect(await openBoth(side)).toEqual(['new amqp:resource-limit-exceeded', 'resumed accepted'])
  })
})

test('what is received and waits is counted, and all of it is given back when the connection ends', async () => {
  const buffers = new ByteBudget(100_000_000)
  let accepted = 0
  const deaf: FlowAcceptor = (_request, channel) => {
    accepted += 1
    channel.accept()
    return handlerOf()
  }
  const { west, east } = connectionPair({ westBuffers: buffers, eastBuffers: buffers, acceptEast: deaf })
  for (let count = 0; count < 3; count += 1)
    west.open(REQUEST, () => handlerOf()).write(Buffer.alloc(100_000))
  await until(() => accepted === 3 && buffers.use('received').bytes === 3 * 65_536)
  expect(buffers.use('sending').bytes).toBe(3 * (100_000 - 65_536))
  west.close()
  await until(() => east.openFlows + west.openFlows === 0)
  expect([buffers.held, buffers.taken]).toEqual([0, 0])
})
