/** Flows of protocol UDP: datagrams arrive whole or not at all, and too many of them cost the oldest. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { uint } from '../../../src/amqp/codec/value.ts'
import type { FlowAcceptor, FlowChannel } from '../../../src/amqp/flow-transport.ts'
import {
  MAX_DATAGRAM_BYTES,
  MAX_QUEUED_DATAGRAM_BYTES,
  MAX_QUEUED_DATAGRAMS,
} from '../../../src/amqp/limits.ts'
import {
  connectionPair,
  echo,
  handlerOf,
  type PairOptions,
  REQUEST,
  until,
} from '../../support/connection-pair.ts'
import { settle } from '../../support/fake-clock.ts'
import { RawPeer } from '../../support/raw-peer.ts'

const UDP = { ...REQUEST, protocol: 'UDP' } as const
const ADDRESS = '/services/demo/hello/udp/8080'

/** Bytes that tell their number and size. */
function datagram(number: number, size: number): Buffer {
  const bytes = Buffer.alloc(size, number & 0xff)
  if (size >= 8) bytes.writeUInt32BE(size, bytes.writeUInt32BE(number, 0))
  return bytes
}

/** Opens an association and gathers what comes back. */
async function associate(options: PairOptions = {}) {
  const pair = connectionPair(options)
  await settle()
  const got: Buffer[] = []
  const channel: FlowChannel = pair.west.open(UDP, () =>
    handlerOf({
      onData: (chunk) => {
        got.push(chunk)
        channel.consumed(chunk.length)
      },
    }),
  )
  return { ...pair, got, channel }
}

describe('datagrams keep their boundaries', () => {
  test.each([
    ['in one frame each', { maxFrameSize: 128 * 1024 }],
    ['in many frames each', { maxFrameSize: 512 }],
  ])('%s, of any size, also of none', async (_name, config) => {
    const { got, channel } = await associate({ west: config, east: config })
    const sent = [0, 1, 1200, 1472, 0, 9000, MAX_DATAGRAM_BYTES, 0].map((size, index) =>
      datagram(index, size),
    )
    for (const one of sent) channel.write(one)
    await until(() => got.length === sent.length)
    expect(got.map((one, index) => one.equals(sent[index] ?? Buffer.alloc(0)))).toEqual(sent.map(() => true))
    expect(channel.dropped).toBe(0)
  })

  test('whatever the frames, the windows and the pieces of the transport', async () => {
    const size = fc.oneof(fc.nat(100), fc.nat(3000), fc.nat(MAX_DATAGRAM_BYTES))
    await fc.assert(
      fc.asyncProperty(
        fc.array(size, { minLength: 1, maxLength: 20 }),
        fc.constantFrom(512, 1500, 131_072),
        fc.constantFrom(1000, 70_000, 1024 * 1024),
        fc.integer({ min: 1, max: 70_000 }),
        fc.boolean(),
        async (sizes, maxFrameSize, windowBytes, cut, strangers) => {
          const config = { maxFrameSize, windowBytes }
          const pair = { west: config, east: config, cut: () => Math.max(cut, 40), strangers }
          const { got, channel } = await associate(pair)
          // One at a time, so that nothing has to be dropped.
          for (const [index, length] of sizes.entries()) {
            channel.write(datagram(index, length))
            await until(() => got.length === index + 1)
            expect(got[index]?.equals(datagram(index, length))).toBe(true)
          }
          expect(channel.dropped).toBe(0)
        },
      ),
      { numRuns: Number(process.env['FAIRLEAD_FUZZ_RUNS'] ?? 40) },
    )
  }, 60_000)
})

describe('too many datagrams', () => {
  test('cost the oldest, which are counted; the newest arrive in order', async () => {
    const { got, channel, west } = await associate()
    for (let number = 0; number < 1000; number += 1) channel.write(datagram(number, 100))
    await until(() => got.length === MAX_QUEUED_DATAGRAMS)
    const numbers = got.map((one) => one.readUInt32BE(0))
    expect([numbers[0], numbers.at(-1)]).toEqual([1000 - MAX_QUEUED_DATAGRAMS, 999])
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
    expect([channel.dropped, west.counters.datagramsDropped]).toEqual([744, 744])
  })

  test('are bounded in bytes as well', async () => {
    const { channel, west } = await associate()
    for (let number = 0; number < 20; number += 1) {
      channel.write(datagram(number, MAX_DATAGRAM_BYTES))
      expect(west.bufferedBytes).toBeLessThanOrEqual(MAX_QUEUED_DATAGRAM_BYTES + 2000)
    }
    expect(channel.dropped).toBe(20 - Math.floor(MAX_QUEUED_DATAGRAM_BYTES / MAX_DATAGRAM_BYTES))
  })

  test('for a reader that takes none stay within its window', async () => {
    let received = 0
    const deaf: FlowAcceptor = (_request, channel) => {
      channel.accept()
      return handlerOf({ onData: (chunk) => (received += chunk.length) })
    }
    const { channel } = await associate({ acceptEast: deaf, east: { windowBytes: 20_000 } })
    for (let number = 0; number < 200; number += 1) {
      channel.write(datagram(number, 9000))
      await settle()
    }
    expect(received).toBe(27_000)
    expect(channel.dropped).toBeGreaterThan(100)
  })

  test('cannot pass the bound of the connection', async () => {
    const { channel, west } = await associate({ west: { maxBufferedBytes: 10_000 }, stall: () => {} })
    for (let number = 0; number < 50; number += 1) channel.write(datagram(number, 1000))
    expect(west.bufferedBytes).toBeLessThan(13_000)
    expect(channel.dropped).toBeGreaterThan(35)
  })

  test('longer than UDP allows are dropped', async () => {
    const { got, channel } = await associate()
    channel.write(Buffer.alloc(MAX_DATAGRAM_BYTES + 1))
    channel.write(Buffer.alloc(5))
    await until(() => got.length === 1)
    expect([got[0]?.length, channel.dropped]).toEqual([5, 1])
  })
})

test('an association ends after its last datagram, and no acknowledgement is told', async () => {
  const told: string[] = []
  const { west } = connectionPair({ acceptEast: echo })
  const channel = west.open(UDP, () =>
    handlerOf({
      onData: (chunk) => {
        told.push(`data ${chunk.length}`)
        channel.consumed(chunk.length)
      },
      onEnd: () => void told.push('end'),
      onAcked: () => void told.push('acked'),
      onClosed: () => void told.push('closed'),
    }),
  )
  for (const size of [7, 0]) channel.write(Buffer.alloc(size))
  channel.end()
  await until(() => told.includes('closed'))
  expect(told).toEqual(['data 7', 'data 0', 'end', 'closed'])
})

describe('from a peer', () => {
  const terminus = {
    target: { kind: 'target', address: ADDRESS },
    source: { kind: 'source', address: ADDRESS },
  } as const
  const ours = { properties: new Map([['fairlead:version', uint(2)]]) }

  function peerWith(got: number[]): RawPeer {
    const accept: FlowAcceptor = (_request, channel) => {
      channel.accept()
      return handlerOf({ onData: (chunk) => void got.push(chunk.length) })
    }
    return new RawPeer(accept).hello(ours).attach('f', 0, terminus)
  }

  test('one that never ends is refused before it is longer than a datagram, and only its flow', async () => {
    const got: number[] = []
    const peer = peerWith(got)
    await peer.hear('attach', 2)
    for (let piece = 0; piece < 280; piece += 1) peer.transfer({ deliveryId: 0, more: true }, 'x'.repeat(250))
    expect((await peer.hear('detach')).error?.condition).toBe('amqp:link:message-size-exceeded')
    expect([got, peer.closed, peer.connection.openFlows]).toEqual([[], undefined, 0])
  })

  test('one that is aborted is forgotten, and the next arrives', async () => {
    const got: number[] = []
    const peer = peerWith(got)
    peer.transfer({ deliveryId: 0, more: true }, 'x'.repeat(250)).transfer({ aborted: true })
    peer.transfer({ deliveryId: 1 }, 'abc', 'de')
    await until(() => got.length > 0)
    expect(got).toEqual([5])
  })

  test('those beyond what was granted end the flow', async () => {
    const peer = peerWith([])
    await peer.hear('attach', 2)
    for (let piece = 0; piece < 600; piece += 1) peer.transfer({ deliveryId: piece }, 'x'.repeat(250))
    expect((await peer.hear('detach')).error?.condition).toBe('amqp:link:transfer-limit-exceeded')
    expect(peer.closed).toBeUndefined()
  })

  test('who takes only short messages, long ones are dropped', async () => {
    const peer = new RawPeer((_request, channel) => {
      channel.accept()
      for (const size of [500, 50]) channel.write(Buffer.alloc(size))
      return handlerOf()
    }).hello()
    peer.attach('f', 0, { ...terminus, maxMessageSize: 100 })
    const state = { incomingWindow: 100, nextOutgoingId: 0, outgoingWindow: 100, nextIncomingId: 0 }
    peer.say({ kind: 'flow', ...state, handle: 1, deliveryCount: 0, linkCredit: 9 })
    await peer.hear('transfer')
    expect(peer.connection.counters).toMatchObject({ datagramsDropped: 1, transfersSent: 1, bytesSent: 50 })
  })
})
