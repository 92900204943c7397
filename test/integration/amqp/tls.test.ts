/** The engine over real TLS sockets: amounts and numbers that a unit test does not reach. */
import { createHash, type Hash, randomBytes } from 'node:crypto'
import { afterEach, expect, test } from '@jest/globals'
import type { FlowAcceptor, FlowChannel, FlowHandler } from '../../../src/amqp/flow-transport.ts'
import { INITIAL_WINDOW_BYTES } from '../../../src/amqp/limits.ts'
import { echo, handlerOf, REQUEST } from '../../support/connection-pair.ts'
import { eventually } from '../../support/eventually.ts'
import { heapInUse } from '../../support/heap.ts'
import { type TlsPair, tlsPair } from '../../support/tls-pair.ts'

const MEGABYTE = 1_000_000
let pair: TlsPair | undefined

afterEach(async () => {
  await pair?.[Symbol.asyncDispose]()
  pair = undefined
})

async function bringUp(accept: FlowAcceptor): Promise<TlsPair> {
  pair = await tlsPair(accept)
  return pair
}

/** Writes `bytes` of random blocks as the window allows, then half-closes; hashes what it sends and what comes. */
class Pourer implements FlowHandler {
  readonly sent: Hash = createHash('sha256')
  readonly got: Hash = createHash('sha256')
  readonly done: Promise<void>
  channel: FlowChannel | undefined
  #left: number
  readonly #block = randomBytes(100_003)
  readonly #resolve: () => void
  readonly #reject: (error: Error) => void

  constructor(bytes: number) {
    this.#left = bytes
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.done = promise
    this.#resolve = resolve
    this.#reject = reject
  }

  pour(channel: FlowChannel): this {
    this.channel = channel
    this.onDrain()
    return this
  }

  onAccept(): void {}

  onAcked(): void {}

  onClosed(): void {}

  onDrain(): void {
    const { channel } = this
    while (channel !== undefined && channel.writable > 0 && this.#left > 0) {
      const chunk = this.#block.subarray(
        0,
        Math.min(this.#left, 1 + Math.floor(Math.random() * this.#block.length)),
      )
      this.#left -= chunk.length
      this.sent.update(chunk)
      channel.write(chunk)
      if (this.#left === 0) channel.end()
    }
  }

  onData(chunk: Buffer): void {
    this.got.update(chunk)
    setImmediate(() => this.channel?.consumed(chunk.length))
  }

  onEnd(): void {
    this.#resolve()
  }

  onReset(error: { condition: string }): void {
    this.#reject(new Error(error.condition))
  }
}

test('32 MB each way at once arrive with the same SHA-256', async () => {
  const far = new Pourer(32 * MEGABYTE)
  const { west, east } = await bringUp((_request, channel) => {
    channel.accept()
    setImmediate(() => far.pour(channel))
    return far
  })
  const near = new Pourer(32 * MEGABYTE)
  near.pour(west.open(REQUEST, () => near))
  await Promise.all([near.done, far.done])
  expect(far.got.digest('hex')).toBe(near.sent.digest('hex'))
  expect(near.got.digest('hex')).toBe(far.sent.digest('hex'))
  await eventually(() => expect([west.openFlows, east.openFlows]).toEqual([0, 0]))
}, 60_000)

test('500 flows at once carry their own bytes', async () => {
  const { west, east } = await bringUp(echo)
  const pourers = Array.from({ length: 500 }, () => new Pourer(50_000))
  for (const pourer of pourers) pourer.pour(west.open(REQUEST, () => pourer))
  await Promise.all(pourers.map(({ done }) => done))
  for (const { sent, got } of pourers) expect(got.digest('hex')).toBe(sent.digest('hex'))
  await eventually(() => expect([west.openFlows, east.openFlows, west.bufferedBytes]).toEqual([0, 0, 0]))
}, 60_000)

test('many frames share one write', async () => {
  const { west } = await bringUp(echo)
  const flows = Array.from({ length: 200 }, () => west.open(REQUEST, () => handlerOf()))
  await eventually(() => expect(west.peer?.ours).toBe(true))
  const before = west.counters.flushes
  for (let round = 0; round < 10; round += 1) for (const flow of flows) flow.write(Buffer.alloc(100))
  await eventually(() => expect(west.counters.bytesReceived).toBe(200_000))
  expect(west.counters.flushes - before).toBeLessThan(50)
})

test('readers that stand still stop their own senders only, and lose nothing when they go on', async () => {
  const held: [FlowChannel, number][] = []
  let received = 0
  let hold = true
  const accept: FlowAcceptor = ({ port }, channel) => {
    channel.accept()
    return handlerOf({
      onData(chunk) {
        received += chunk.length
        if (port === 1 && hold) held.push([channel, chunk.length])
        else channel.consumed(chunk.length)
      },
      onEnd: () => channel.end(),
    })
  }
  const { west } = await bringUp(accept)
  const slow = Array.from({ length: 8 }, () => new Pourer(4 * MEGABYTE))
  for (const pourer of slow) pourer.pour(west.open({ ...REQUEST, port: 1 }, () => pourer))
  await eventually(() => expect(received).toBe(8 * INITIAL_WINDOW_BYTES))
  const quick = new Pourer(20 * MEGABYTE)
  quick.pour(west.open({ ...REQUEST, port: 2 }, () => quick))
  await quick.done
  expect(received).toBe(8 * INITIAL_WINDOW_BYTES + 20 * MEGABYTE)
  hold = false
  for (const [channel, bytes] of held) channel.consumed(bytes)
  await Promise.all(slow.map(({ done }) => done))
  expect(received).toBe(52 * MEGABYTE)
}, 60_000)

test('2000 idle flows cost little memory each', async () => {
  const { west, east } = await bringUp(echo)
  const before = heapInUse()
  const flows = Array.from({ length: 2000 }, () => west.open(REQUEST, () => handlerOf()))
  for (const flow of flows) flow.write(Buffer.from('hello'))
  await eventually(() => expect([east.openFlows, west.counters.bytesReceived]).toEqual([2000, 10_000]))
  // Both ends are in this process; the bound is well above what is needed, to notice a leak.
  expect((heapInUse() - before) / 4000).toBeLessThan(8192)
})

test('when the socket is destroyed every flow is reset at both ends', async () => {
  const { west, east, sockets } = await bringUp(echo)
  const pourers = Array.from({ length: 20 }, () => new Pourer(100 * MEGABYTE))
  for (const pourer of pourers) pourer.pour(west.open(REQUEST, () => pourer))
  await eventually(() => expect(east.openFlows).toBe(20))
  sockets[1]?.destroy()
  const endings = await Promise.allSettled(pourers.map(({ done }) => done))
  expect(
    new Set(endings.map((ending) => ending.status === 'rejected' && String(ending.reason.message))),
  ).toEqual(new Set(['fairlead:link-lost']))
  expect([west.openFlows, west.usable]).toEqual([0, false])
  await eventually(() => expect([east.openFlows, east.usable]).toEqual([0, false]))
})
