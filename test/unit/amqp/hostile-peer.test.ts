/** Whatever a peer sends, the connection answers with the error AMQP names, ends in bounded time, and nothing crashes. */
import { describe, expect, test } from '@jest/globals'
import { protocolHeader } from '../../../src/amqp/codec/frame.ts'
import { type AmqpValue, NULL, ulong } from '../../../src/amqp/codec/value.ts'
import type { FlowAcceptor } from '../../../src/amqp/flow-transport.ts'
import {
  CLOSE_TIMEOUT_MS,
  FRAME_TIMEOUT_MS,
  HALF_FLOW_TIMEOUT_MS,
  HANDSHAKE_TIMEOUT_MS,
  MAX_HALF_FLOWS,
  MAX_UNREAD_ANSWERS,
} from '../../../src/amqp/limits.ts'
import { ByteBudget } from '../../../src/core/byte-budget.ts'
import { echo, handlerOf, REQUEST, until } from '../../support/connection-pair.ts'
import { settle } from '../../support/fake-clock.ts'
import { ADDRESS, frameOf, RawPeer } from '../../support/raw-peer.ts'

const OURS = new Map([
  ['fairlead:version', ulong(2)],
  ['fairlead:initial-window', ulong(1_000_000)],
])

describe('the connection is closed with the right condition', () => {
  test.each<[string, string, (peer: RawPeer) => void]>([
    ['bytes that are no performative', 'amqp:decode-error', (peer) => peer.hex('0000000c 02000000 deadbeef')],
    ['a performative cut short', 'amqp:decode-error', (peer) => peer.hex('0000000f 02000000 005312c0ff01a1')],
    [
      'bytes behind a performative',
      'amqp:decode-error',
      (peer) => peer.say({ kind: 'end' }, 0, Buffer.from('x')),
    ],
    ['a frame above the maximum', 'amqp:connection:framing-error', (peer) => peer.hex('00100000 02000000')],
    [
      'a frame smaller than its header',
      'amqp:connection:framing-error',
      (peer) => peer.hex('00000004 02000000'),
    ],
    [
      'a SASL frame after SASL',
      'amqp:connection:framing-error',
      (peer) => peer.hex('0000000c 02010000 00534045'),
    ],
    ['a second open', 'amqp:not-allowed', (peer) => peer.say({ kind: 'open', containerId: 'x' })],
    [
      'a frame on a channel without session',
      'amqp:not-allowed',
      (peer) => peer.say({ kind: 'detach', handle: 0 }, 9),
    ],
    [
      'a transfer on a channel without session',
      'amqp:not-allowed',
      (peer) => peer.say({ kind: 'transfer', handle: 0 }, 9),
    ],
    [
      'a begin that answers nothing',
      'amqp:not-allowed',
      (peer) =>
        peer.say(
          { kind: 'begin', remoteChannel: 5, nextOutgoingId: 0, incomingWindow: 1, outgoingWindow: 1 },
          1,
        ),
    ],
    [
      'a begin above channel-max',
      'amqp:connection:framing-error',
      (peer) => peer.say({ kind: 'begin', nextOutgoingId: 0, incomingWindow: 1, outgoingWindow: 1 }, 99),
    ],
    ['a handle above handle-max', 'amqp:connection:framing-error', (peer) => peer.attach('f', 4_000_000)],
    [
      'properties nested too deep',
      'amqp:resource-limit-exceeded',
      (peer) => peer.attach('f', 0, { properties: new Map([['deep', nested(40)]]) }),
    ],
    [
      'a control frame that is too large',
      'amqp:resource-limit-exceeded',
      (peer) => peer.say({ kind: 'close', error: { condition: 'x'.repeat(70_000) } }),
    ],
  ])('%s: %s', async (_name, condition, misbehave) => {
    const peer = new RawPeer().hello()
    await peer.hear('begin')
    misbehave(peer)
    expect((await peer.hear('close')).error?.condition).toBe(condition)
    await until(() => peer.ended)
    expect(peer.closed).toMatchObject({ origin: 'engine', condition })
    expect(peer.connection.usable).toBe(false)
  })

  test('an open that announces a frame size below 512: invalid-field', async () => {
    const peer = new RawPeer().hello({ maxFrameSize: 511 })
    expect((await peer.hear('close')).error?.condition).toBe('amqp:invalid-field')
  })

  test('an idle time-out nobody can keep: not-allowed', async () => {
    const peer = new RawPeer().hello({ idleTimeOut: 1 })
    expect((await peer.hear('close')).error?.condition).toBe('amqp:not-allowed')
  })

  test('an attach whose answer does not fit the frame size of the peer: frame-size-too-small', async () => {
    const address = `/services/${'n'.repeat(63)}/${'s'.repeat(63)}/tcp/80`
    const peer = new RawPeer().hello({ maxFrameSize: 512 })
    peer.attach('x'.repeat(250), 0, {
      target: { kind: 'target', address },
      source: { kind: 'source', address },
    })
    expect((await peer.hear('close')).error?.condition).toBe('amqp:frame-size-too-small')
  })

  function nested(depth: number): AmqpValue {
    return depth === 0 ? NULL : { type: 'list', value: [nested(depth - 1)] }
  }
})

describe('before the open', () => {
  test('a header of another protocol is answered with ours, and the transport ends', async () => {
    const peer = new RawPeer().bytes(Buffer.from('GET / HT'))
    await until(() => peer.ended)
    expect(peer.headers).toEqual([protocolHeader(0).toString('hex')])
  })

  test('a peer that says nothing is dropped', async () => {
    const peer = new RawPeer()
    await peer.clock.advance(HANDSHAKE_TIMEOUT_MS)
    await until(() => peer.ended)
    expect(peer.closed?.description).toContain('no open in time')
  })

  test('AMQP frames inside SASL are not heeded', async () => {
    const peer = new RawPeer().bytes(protocolHeader(3))
    peer.say({ kind: 'open', containerId: 'early' })
    await until(() => peer.ended)
    expect([peer.closed?.condition, peer.heard('open'), peer.connection.peer]).toEqual([
      'amqp:connection:framing-error',
      [],
      undefined,
    ])
  })

  test('garbage in SASL closes the connection', async () => {
    const peer = new RawPeer().bytes(protocolHeader(3)).hex('0000000c 02010000 00534145')
    await until(() => peer.ended)
    expect(peer.closed?.condition).toBe('amqp:decode-error')
  })
})

describe('the session ends with the right condition, and another can begin', () => {
  test.each<[string, string, (peer: RawPeer) => void]>([
    [
      'a transfer on a handle that is not attached',
      'amqp:session:unattached-handle',
      (peer) => peer.transfer({ handle: 77 }),
    ],
    [
      'a flow on a handle that is not attached',
      'amqp:session:unattached-handle',
      (peer) =>
        peer.say({ kind: 'flow', handle: 77, incomingWindow: 1, nextOutgoingId: 0, outgoingWindow: 1 }),
    ],
    ['a handle attached twice', 'amqp:session:handle-in-use', (peer) => peer.attach('f').attach('g')],
    [
      'a transfer on our sending link',
      'amqp:not-allowed',
      (peer) => peer.attach('f').transfer({ handle: 1 }),
    ],
  ])('%s: %s', async (_name, condition, misbehave) => {
    const peer = new RawPeer().hello()
    misbehave(peer)
    expect((await peer.hear('end')).error?.condition).toBe(condition)
    peer.transfer({ handle: 5 }) // what was on its way is ignored
    peer.say({ kind: 'end' })
    peer.say({ kind: 'begin', nextOutgoingId: 0, incomingWindow: 1000, outgoingWindow: 1000 })
    await peer.hear('begin', 2)
    peer.attach('again')
    await until(() => peer.connection.openFlows === 1)
    expect(peer.closed).toBeUndefined()
  })

  test('transfers beyond the incoming window: window-violation', async () => {
    const peer = new RawPeer(echo, { incomingWindow: 2 }).hello({ properties: OURS }).attach('f')
    await peer.hear('attach', 2)
    peer.together(() => {
      for (let id = 0; id < 3; id += 1) peer.transfer({ deliveryId: id }, 'x')
    })
    expect((await peer.hear('end')).error?.condition).toBe('amqp:session:window-violation')
  })
})

describe('the flow is detached with the right condition, and the connection stays', () => {
  const stall = () => handlerOf()

  test.each<[string, string, (peer: RawPeer) => void]>([
    [
      'a message without credit',
      'amqp:link:transfer-limit-exceeded',
      (peer) => {
        for (let id = 0; id < 17; id += 1) peer.transfer({ deliveryId: id }, 'x')
      },
    ],
    [
      'a message above max-message-size',
      'amqp:link:message-size-exceeded',
      (peer) => {
        for (let id = 0; id < 300; id += 1) peer.transfer({ deliveryId: 0, more: true }, 'x'.repeat(250))
      },
    ],
    [
      'a first transfer without delivery-id',
      'amqp:invalid-field',
      (peer) => peer.transfer({ deliveryId: undefined }, 'x'),
    ],
    [
      'bytes that are no section',
      'amqp:decode-error',
      (peer) => peer.say({ kind: 'transfer', handle: 0, deliveryId: 0 }, 0, Buffer.from('garbage')),
    ],
    [
      'a delivery aborted after bytes of it were handed on',
      'amqp:not-allowed',
      (peer) => peer.transfer({ more: true }, 'x').transfer({ aborted: true }),
    ],
    [
      'an end inside a message whose bytes were handed on',
      'amqp:not-allowed',
      (peer) => peer.transfer({ more: true }, 'x').say({ kind: 'detach', handle: 0, closed: true }),
    ],
  ])('%s: %s', async (_name, condition, misbehave) => {
    const peer = new RawPeer((_request, channel) => {
      channel.accept()
      return stall()
    })
      .hello()
      .attach('f')
    await peer.hear('flow')
    misbehave(peer)
    expect((await peer.hear('detach', 2)).error?.condition).toBe(condition)
    expect(peer.closed).toBeUndefined()
    expect(peer.connection.openFlows).toBe(0)
  })

  test('a router of ours that sends beyond the bytes granted: transfer-limit-exceeded', async () => {
    const peer = new RawPeer(
      (_request, channel) => {
        channel.accept()
        return stall()
      },
      { windowBytes: 300 },
    )
      .hello({ properties: OURS })
      .attach('f')
    peer.transfer({ deliveryId: 0 }, 'x'.repeat(200)).transfer({ deliveryId: 1 }, 'x'.repeat(200))
    expect((await peer.hear('detach', 2)).error?.condition).toBe('amqp:link:transfer-limit-exceeded')
  })

  test('a transfer before the second link: illegal-state', async () => {
    const peer = new RawPeer().hello()
    peer.say({
      kind: 'attach',
      name: 'f/o',
      handle: 0,
      role: 'sender',
      target: { kind: 'target', address: ADDRESS },
    })
    peer.transfer({}, 'x')
    expect((await peer.hear('detach')).error?.condition).toBe('amqp:illegal-state')
  })

  test('a second link that never comes: illegal-state', async () => {
    const peer = new RawPeer().hello()
    peer.say({
      kind: 'attach',
      name: 'f/o',
      handle: 0,
      role: 'sender',
      target: { kind: 'target', address: ADDRESS },
    })
    await peer.hear('attach')
    const beat = setInterval(() => peer.hex('00000008 02000000'), 1)
    await peer.clock.advance(HALF_FLOW_TIMEOUT_MS + 6000)
    clearInterval(beat)
    expect((await peer.hear('detach')).error?.condition).toBe('amqp:illegal-state')
  })

  test.each<[string, string, Parameters<RawPeer['attach']>[2]]>([
    [
      'a link to another kind of address',
      'amqp:not-found',
      { target: { kind: 'target', address: '/queues/q' }, source: { kind: 'source', address: '/queues/q' } },
    ],
    ['a dynamic terminus', 'amqp:not-implemented', { target: { kind: 'target', dynamic: true } }],
    ['a link without address', 'amqp:invalid-field', { target: { kind: 'target' } }],
  ])('%s: %s', async (_name, condition, changes) => {
    const peer = new RawPeer().hello().attach('f', 0, changes)
    expect((await peer.hear('detach')).error?.condition).toBe(condition)
    expect(peer.closed).toBeUndefined()
  })

  test('an owner that throws costs the flow, not the connection', async () => {
    const peer = new RawPeer(() => {
      throw new Error('a bug')
    })
      .hello()
      .attach('f')
    expect((await peer.hear('detach')).error?.condition).toBe('amqp:internal-error')
    expect(peer.closed).toBeUndefined()
  })
})

test('an owner that throws on data ends the connection, not the process', async () => {
  const peer = new RawPeer((_request, channel) => {
    channel.accept()
    return handlerOf({
      onData: () => {
        throw new Error('a bug')
      },
    })
  })
    .hello()
    .attach('f')
  await peer.hear('flow')
  peer.transfer({}, 'x')
  expect((await peer.hear('close')).error?.condition).toBe('amqp:internal-error')
})

describe('floods', () => {
  test('links beyond the limit are refused with resource-limit-exceeded', async () => {
    const peer = new RawPeer(echo, { maxFlows: 4 }).hello()
    await peer.hear('begin')
    for (let count = 0; count < 4; count += 1) peer.connection.open(REQUEST, () => handlerOf())
    peer.attach('one-more')
    await until(() =>
      peer.heard('detach').some(({ error }) => error?.condition === 'amqp:resource-limit-exceeded'),
    )
    expect(peer.closed).toBeUndefined()
  })

  test('a thousand refused links leave nothing behind', async () => {
    const peer = new RawPeer(echo, { maxFlows: 4 }).hello()
    for (let count = 1; count <= 1000; count += 1) {
      peer.say({ kind: 'attach', name: 'nonsense', handle: 0, role: 'sender' })
      peer.say({ kind: 'detach', handle: 0, closed: true })
      await peer.hear('detach', count)
    }
    for (let id = 0; id < 4; id += 1) peer.attach(`f${id}`, id * 2)
    await until(() => peer.connection.openFlows === 4)
  })

  test('a flood of half flows is bounded', async () => {
    const peer = new RawPeer(echo).hello()
    for (let id = 0; id < 100; id += 1) {
      peer.say({
        kind: 'attach',
        name: `f${id}/o`,
        handle: id,
        role: 'sender',
        target: { kind: 'target', address: ADDRESS },
      })
    }
    await peer.hear('detach', 100 - MAX_HALF_FLOWS)
    expect(new Set(peer.heard('detach').map(({ error }) => error?.condition))).toEqual(
      new Set(['amqp:resource-limit-exceeded']),
    )
  })

  test('a hundred thousand empty frames change nothing', async () => {
    const peer = new RawPeer()
      .hello()
      .bytes(Buffer.concat(Array.from({ length: 100_000 }, () => Buffer.from('0000000802000000', 'hex'))))
    peer.attach('f')
    await peer.hear('attach', 2)
    expect(peer.connection.bufferedBytes).toBe(0)
  })

  test('a peer that makes us answer and never reads is hung up on', async () => {
    const peer = new RawPeer().hello()
    await peer.hear('begin')
    peer.stream.pause()
    const begin = frameOf({ kind: 'begin', nextOutgoingId: 0, incomingWindow: 1, outgoingWindow: 1 }, 1)
    const flood = Buffer.concat(
      Array.from({ length: 1000 }, () => Buffer.concat([begin, frameOf({ kind: 'end' }, 1)])),
    )
    let most = 0
    for (let round = 0; round < 1000 && peer.closed === undefined; round += 1) {
      peer.bytes(flood)
      await new Promise<void>((resolve) => setImmediate(resolve))
      most = Math.max(most, peer.connection.bufferedBytes)
    }
    expect(peer.closed).toMatchObject({ condition: 'amqp:resource-limit-exceeded' })
    expect(most).toBeLessThan(MAX_UNREAD_ANSWERS * 1.5)
  })
})

describe('routers of ours gone wrong', () => {
  const state = { incomingWindow: 1000, nextOutgoingId: 0, outgoingWindow: 1000, nextIncomingId: 0 } as const

  test('a delivery without end takes no more than its window, and then only its flow is refused', async () => {
    const buffers = new ByteBudget(1024 * 1024)
    const stall: FlowAcceptor = (_request, channel) => {
      channel.accept()
      return handlerOf()
    }
    const config = { windowBytes: 5000, incomingWindow: 10_000 }
    const peer = new RawPeer(stall, config, undefined, buffers).hello({ properties: OURS }).attach('f')
    await peer.hear('attach', 2)
    let most = 0
    for (let piece = 0; piece < 60; piece += 1) {
      peer.transfer({ deliveryId: 0, more: true }, 'x'.repeat(100))
      await settle()
      most = Math.max(most, buffers.held)
    }
    expect((await peer.hear('detach')).error?.condition).toBe('amqp:link:transfer-limit-exceeded')
    expect([most <= 5100, buffers.held, peer.closed]).toEqual([true, 0, undefined])
  })

  test('a flood of pieces of no bytes holds nothing', async () => {
    const buffers = new ByteBudget(1024 * 1024)
    const peer = new RawPeer(echo, {}, undefined, buffers).hello({ properties: OURS }).attach('f')
    await peer.hear('attach', 2)
    for (let piece = 0; piece < 5000; piece += 1) peer.transfer({ deliveryId: 0, more: true })
    await settle()
    expect([buffers.held, peer.connection.bufferedBytes, peer.closed]).toEqual([0, 0, undefined])
  })

  test('a flood of grants for one flow is answered once a turn', async () => {
    const peer = new RawPeer().hello({ properties: OURS }).attach('f')
    await peer.hear('attach', 2)
    const before = peer.heard('flow').length
    peer.together(() => {
      for (let count = 0; count < 1000; count += 1) {
        const credit = { deliveryCount: count, linkCredit: 0xffff_ffff, echo: true }
        const properties = new Map([['fairlead:limit', ulong(Number.MAX_SAFE_INTEGER)]])
        peer.say({ kind: 'flow', ...state, handle: 1, ...credit, properties })
      }
    })
    await settle()
    expect(peer.heard('flow').length - before).toBeLessThan(20)
    expect(peer.closed).toBeUndefined()
  })

  test('echoes that are asked for and never read end the connection', async () => {
    const peer = new RawPeer().hello({ properties: OURS })
    await peer.hear('begin')
    peer.stream.pause()
    const flood = Buffer.concat(
      Array.from({ length: 5000 }, () => frameOf({ kind: 'flow', ...state, echo: true })),
    )
    for (let round = 0; round < 1000 && peer.closed === undefined; round += 1) {
      peer.bytes(flood)
      await settle()
    }
    expect(peer.closed).toMatchObject({ condition: 'amqp:resource-limit-exceeded' })
    expect(peer.connection.bufferedBytes).toBeLessThan(MAX_UNREAD_ANSWERS * 1.5)
  })

  test('a thousand words of draining are one', async () => {
    let told = 0
    const onDraining = () => {
      told += 1
    }
    const peer = new RawPeer(echo, {}, undefined, undefined, onDraining).hello({ properties: OURS })
    const properties = new Map([['fairlead:draining', { type: 'boolean', value: true } as const]])
    for (let count = 0; count < 1000; count += 1) peer.say({ kind: 'flow', ...state, properties })
    await settle()
    expect(told).toBe(1)
  })
})

describe('silence', () => {
  test('a peer that sends nothing for twice the idle time-out is told so and dropped', async () => {
    const peer = new RawPeer(echo, { idleTimeoutMs: 1000 }).hello()
    await peer.hear('begin')
    await peer.clock.advance(1500)
    expect(peer.closed).toBeUndefined()
    await peer.clock.advance(1500)
    expect((await peer.hear('close')).error?.description).toContain('idle time-out')
  })

  test('a frame that never ends is given up although its bytes trickle in', async () => {
    const peer = new RawPeer(echo, { idleTimeoutMs: 1000 }).hello()
    await peer.hear('begin')
    peer.hex('00010000 02000000 005312d0 0000ff00 0000000e')
    for (let ms = 0; ms <= FRAME_TIMEOUT_MS + 1000; ms += 500) {
      peer.hex('00')
      await peer.clock.advance(500)
    }
    expect(peer.closed?.description).toContain('a frame was not finished')
  })

  test('heartbeats are sent while a peer asks for them, and only when nothing else is', async () => {
    const peer = new RawPeer().hello({ idleTimeOut: 900 })
    await peer.hear('begin')
    await peer.clock.advance(3000)
    expect(peer.heartbeats).toBeGreaterThanOrEqual(4)
  })

  test('a peer that does not answer our close is left after the bound', async () => {
    const peer = new RawPeer().hello()
    await peer.hear('begin')
    peer.connection.close({ condition: 'amqp:connection:forced', description: 'going away' })
    expect((await peer.hear('close')).error).toEqual({
      condition: 'amqp:connection:forced',
      description: 'going away',
    })
    expect(peer.stream.destroyed).toBe(false)
    await peer.clock.advance(CLOSE_TIMEOUT_MS)
    await until(() => peer.stream.destroyed)
  })
})
