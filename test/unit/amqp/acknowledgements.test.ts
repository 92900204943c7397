/** When a sender hears what was handed on, and when a flow is over for both ends. */
import { expect, test } from '@jest/globals'
import { ulong } from '../../../src/amqp/codec/value.ts'
import type { FlowChannel, FlowHandler } from '../../../src/amqp/flow-transport.ts'
import { ACK_DELAY_MS, MAX_WINDOW_BYTES } from '../../../src/amqp/limits.ts'
import { connectionPair, handlerOf, REQUEST, until } from '../../support/connection-pair.ts'
import { FakeClock, settle } from '../../support/fake-clock.ts'
import { RawPeer } from '../../support/raw-peer.ts'

const OURS = new Map([
  ['fairlead:version', ulong(2)],
  ['fairlead:initial-window', ulong(1_000_000)],
])

const bytes = (size: number) => Buffer.alloc(size, 7)

/** Writes down what it is told. */
function listener(told: string[]): FlowHandler {
  return handlerOf({
    onEnd: () => void told.push('end'),
    onReset: ({ condition }) => void told.push(condition),
    onAcked: (count) => void told.push(`acked ${count}`),
    onClosed: () => void told.push('closed'),
  })
}

/** A flow from west to east, whose ends only do what the test makes them do. */
async function openFlow(clock = new FakeClock()) {
  const near: string[] = []
  const far: string[] = []
  let accepted: FlowChannel | undefined
  const pair = connectionPair({
    clock,
    acceptEast: (_request, channel) => {
      accepted = channel
      channel.accept()
      return listener(far)
    },
  })
  const channel = pair.west.open(REQUEST, () => listener(near))
  await until(() => accepted !== undefined)
  return { ...pair, clock, near, far, channel, other: accepted as FlowChannel }
}

test('few bytes are acknowledged a moment after they were handed on, and then no timer is left', async () => {
  const { clock, near, channel, other } = await openFlow()
  const idle = clock.pending
  channel.write(bytes(100))
  await settle()
  other.consumed(60)
  other.consumed(20)
  await clock.advance(ACK_DELAY_MS / 2)
  expect(near).toEqual([])
  await clock.advance(ACK_DELAY_MS / 2)
  expect([near, clock.pending]).toEqual([['acked 80'], idle])
})

test('a grant acknowledges too, and nothing is told twice', async () => {
  const { clock, near, channel, other } = await openFlow()
  channel.write(bytes(50_000))
  await settle()
  other.consumed(40_000)
  other.consumed(1)
  await until(() => near.length > 0)
  await clock.advance(ACK_DELAY_MS)
  await clock.advance(ACK_DELAY_MS)
  expect(near).toEqual(['acked 40001'])
})

test('an end is acknowledged when all before it was handed on, and with it the rest of the bytes', async () => {
  const { near, far, channel, other, west, east } = await openFlow()
  channel.write(bytes(100))
  channel.end()
  other.end()
  await until(() => far.includes('end') && near.includes('end'))
  await settle()
  expect([near, far, west.openFlows, east.openFlows]).toEqual([['end'], ['end'], 1, 1])
  other.consumed(100)
  await until(() => near.includes('closed') && far.includes('closed'))
  expect([near, far]).toEqual([
    ['end', 'acked 100', 'closed'],
    ['end', 'closed'],
  ])
  expect([west.openFlows, east.openFlows]).toEqual([0, 0])
})

test('a connection lost before the end was acknowledged resets the flow', async () => {
  const { near, far, channel, other, cut } = await openFlow()
  channel.write(bytes(100))
  channel.end()
  other.end()
  await until(() => far.includes('end') && near.includes('end'))
  cut()
  await until(() => near.length > 1 && far.length > 1)
  expect([near, far]).toEqual([
    ['end', 'fairlead:link-lost'],
    ['end', 'fairlead:link-lost'],
  ])
})

test('a reset after the half-close of the far side still reaches it', async () => {
  const { near, far, channel, other } = await openFlow()
  channel.write(bytes(100))
  channel.end()
  await until(() => far.includes('end'))
  other.reset({ condition: 'fairlead:reset', description: 'not read' })
  await until(() => near.length > 0)
  expect(near).toEqual(['fairlead:reset'])
})

test('a peer that acknowledges what was never sent loses the flow, not the connection', async () => {
  const told: string[] = []
  const peer = new RawPeer((_request, channel) => {
    channel.accept()
    channel.write(bytes(100))
    return listener(told)
  })
    .hello({ properties: OURS })
    .attach('f')
  await peer.hear('transfer')
  const state = { incomingWindow: 100, nextOutgoingId: 0, outgoingWindow: 100, nextIncomingId: 0 }
  const acknowledge = (offset: number) =>
    peer.say({
      kind: 'flow',
      ...state,
      handle: 1,
      deliveryCount: 0,
      linkCredit: 9,
      properties: new Map([['fairlead:consumed', ulong(offset)]]),
    })
  acknowledge(60)
  acknowledge(50)
  acknowledge(101)
  expect((await peer.hear('detach')).error?.condition).toBe('amqp:not-allowed')
  expect([told, peer.closed]).toEqual([['acked 60', 'amqp:not-allowed'], undefined])
})

test('a peer that grants everything and acknowledges nothing gets no more than the widest window', async () => {
  const channels: FlowChannel[] = []
  const peer = new RawPeer((_request, channel) => {
    channels.push(channel)
    channel.accept()
    return handlerOf()
  })
    .hello(
      { properties: new Map([...OURS, ['fairlead:initial-window', ulong(2n ** 50n)]]) },
      { incomingWindow: 10_000 },
    )
    .attach('f')
  const sent = () => {
    const [channel] = channels
    if (channel !== undefined && channel.writable > 0) channel.write(bytes(1024 * 1024))
    return peer.connection.counters.bytesSent
  }
  await until(() => sent() === MAX_WINDOW_BYTES)
  await settle()
  expect(sent()).toBe(MAX_WINDOW_BYTES)
})

test('a half-close that is held is acknowledged when its owner says so, and the sender hears of that', async () => {
  const heard: string[] = []
  let other: FlowChannel | undefined
  const { west } = connectionPair({
    acceptEast: (_request, channel) => {
      other = channel
      channel.holdEnd?.()
      channel.accept()
      return handlerOf({ onData: (chunk) => channel.consumed(chunk.length), onEnd: () => channel.end() })
    },
  })
  const channel = west.open(REQUEST, () =>
    handlerOf({
      onEnd: () => void heard.push('end'),
      onAcked: (count) => void heard.push(`acked ${count}`),
      onEndAcked: () => void heard.push('end acked'),
      onClosed: () => void heard.push('closed'),
    }),
  )
  channel.write(bytes(100))
  channel.end()
  await until(() => heard.includes('end'))
  await settle()
  expect(heard).toEqual(['end'])
  other?.endTaken?.()
  await until(() => heard.includes('closed'))
  expect(heard).toEqual(['end', 'acked 100', 'end acked', 'closed'])
  expect(west.openFlows).toBe(0)
})
