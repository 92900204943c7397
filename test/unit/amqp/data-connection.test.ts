import { describe, expect, test } from '@jest/globals'
import type { FlowChannel, FlowError, FlowHandler } from '../../../src/amqp/flow-transport.ts'
import { FLOW_QUEUE_BYTES } from '../../../src/amqp/limits.ts'
import { connectionPair, echo, handlerOf, REQUEST, until } from '../../support/connection-pair.ts'
import { settle } from '../../support/fake-clock.ts'
import { RawPeer } from '../../support/raw-peer.ts'

const block = (size: number) => Buffer.alloc(size, 7)

/** Opens a flow whose handler writes down what it is told. */
function watched(open: (make: (channel: FlowChannel) => FlowHandler) => FlowChannel) {
  const told: string[] = []
  const channel = open(() =>
    handlerOf({
      onAccept: () => void told.push('accept'),
      onData: (chunk) => void told.push(`data ${chunk.length}`),
      onEnd: () => void told.push('end'),
      onReset: (error: FlowError) => void told.push(`reset ${error.condition}`),
      onDrain: () => void told.push('drain'),
    }),
  )
  return { channel, told }
}

describe('opening', () => {
  test('the request arrives as it was given', async () => {
    const requests: unknown[] = []
    const { west } = connectionPair({
      acceptEast: (request, channel) => {
        requests.push(request)
        return echo(request, channel)
      },
    })
    west.open({ ...REQUEST, protocol: 'UDP', client: { address: '2001:db8::7', port: 65_535 } }, () =>
      handlerOf(),
    )
    await until(() => requests.length === 1)
    expect(requests[0]).toEqual({
      ...REQUEST,
      protocol: 'UDP',
      client: { address: '2001:db8::7', port: 65_535 },
    })
  })

  test('bytes written at once leave with the opening frames, before any answer', async () => {
    const peer = new RawPeer()
    peer.hello({
      properties: new Map([
        ['fairlead:version', { type: 'uint', value: 2 }],
        ['fairlead:initial-window', { type: 'uint', value: 5000 }],
      ]),
    })
    await peer.hear('begin')
    const channel = peer.connection.open(REQUEST, () => handlerOf())
    channel.write(block(3000))
    await peer.hear('transfer')
    expect(peer.heard('attach').map(({ name, role }) => `${name} ${role}`)).toEqual([
      'a1/o sender',
      'a1/i receiver',
    ])
    expect(channel.writable).toBe(2000)
  })

  test('a stranger gets nothing before it gives credit', async () => {
    const peer = new RawPeer().hello()
    await peer.hear('begin')
    peer.connection.open(REQUEST, () => handlerOf()).write(block(10))
    await peer.hear('attach', 2)
    await settle()
    expect(peer.heard('transfer')).toEqual([])
  })

  test('the acceptance of the far side is told once, when it happens', async () => {
    let accepting: FlowChannel | undefined
    const { west } = connectionPair({
      acceptEast: (_request, channel) => {
        accepting = channel
        return handlerOf()
      },
    })
    const { told } = watched((make) => west.open(REQUEST, make))
    await until(() => accepting !== undefined)
    await settle()
    expect(told).toEqual([])
    accepting?.accept()
    accepting?.accept()
    await until(() => told.length > 0)
    await settle()
    expect(told).toEqual(['accept'])
  })

  test('both sides open flows on one connection without mixing them up', async () => {
    const { west, east } = connectionPair({ acceptWest: echo, acceptEast: echo })
    const fromWest = watched((make) => west.open(REQUEST, make))
    const fromEast = watched((make) => east.open(REQUEST, make))
    fromWest.channel.write(block(11))
    fromEast.channel.write(block(22))
    await until(() => fromWest.told.length === 2 && fromEast.told.length === 2)
    expect([fromWest.told, fromEast.told]).toEqual([
      ['accept', 'data 11'],
      ['accept', 'data 22'],
    ])
  })

  test('a flow beyond the limit is reset as overloaded, later', async () => {
    const { west } = connectionPair({ east: { maxFlows: 2 } })
    await settle()
    const flows = [1, 2, 3].map(() => watched((make) => west.open(REQUEST, make)))
    await until(() => flows[2]?.told.length === 1)
    expect(flows.map(({ told }) => told.at(-1))).toEqual([
      undefined,
      undefined,
      'reset amqp:resource-limit-exceeded',
    ])
  })

  test('a flow on a closed connection is reset as lost, later', async () => {
    const { west } = connectionPair()
    west.close()
    const { told } = watched((make) => west.open(REQUEST, make))
    expect(told).toEqual([])
    await settle()
    expect(told).toEqual(['reset fairlead:link-lost'])
    expect(west.openFlows).toBe(0)
  })

  test('handles are used again: ten thousand flows fit a table of eight', async () => {
    const limits = { maxFlows: 8 }
    const { west, east, closed } = connectionPair({ west: limits, east: limits })
    let done = 0
    const one = (): void => {
      if (done >= 10_000) return
      const channel = west.open(REQUEST, () =>
        handlerOf({
          onEnd: () => {
            done += 1
            setImmediate(one)
          },
        }),
      )
      channel.end()
    }
    for (let parallel = 0; parallel < 4; parallel += 1) one()
    await until(() => done >= 10_000, 1_000_000)
    await until(() => west.openFlows + east.openFlows === 0)
    expect(closed).toEqual({})
  })
})

describe('refusal and reset', () => {
  test('a refusal carries the condition, and no acceptance is told', async () => {
    const { west } = connectionPair({
      acceptEast: (_request, channel) => {
        channel.reset({ condition: 'fairlead:connect-failed', description: 'refused' })
        return handlerOf()
      },
    })
    const { told } = watched((make) => west.open(REQUEST, make))
    await until(() => told.length > 0)
    await settle()
    expect(told).toEqual(['reset fairlead:connect-failed'])
  })

  test('a reset reaches the far side, and nothing is told to the one who made it', async () => {
    let far: string[] = []
    const { west, east } = connectionPair({
      acceptEast: (_request, channel) => {
        const seen = watched((make) => {
          make(channel)
          return channel
        })
        far = seen.told
        channel.accept()
        return handlerOf({
          onReset: (error) => void far.push(`reset ${error.condition} ${error.description}`),
        })
      },
    })
    const { channel, told } = watched((make) => west.open(REQUEST, make))
    await until(() => told.includes('accept'))
    channel.write(block(100_000))
    channel.reset({ condition: 'fairlead:reset', description: 'ECONNRESET' })
    channel.reset({ condition: 'fairlead:reset', description: 'again' })
    channel.write(block(1))
    channel.end()
    await until(() => far.length > 0 && east.openFlows === 0)
    expect([far, told, west.openFlows]).toEqual([['reset fairlead:reset ECONNRESET'], ['accept'], 0])
    expect(west.bufferedBytes).toBe(0)
  })

  test('a flow that is reset before it was on the wire never is', async () => {
    const seen: unknown[] = []
    const { west } = connectionPair({
      acceptEast: (request, channel) => {
        seen.push(request)
        return echo(request, channel)
      },
    })
    west.open(REQUEST, () => handlerOf()).reset({ condition: 'fairlead:reset', description: '' })
    await settle()
    expect([seen, west.openFlows]).toEqual([[], 0])
  })
})

describe('the end of the connection', () => {
  test('every flow is reset as lost when the transport dies', async () => {
    const peer = new RawPeer().hello().attach('f')
    const { told } = watched((make) => peer.connection.open(REQUEST, make))
    await until(() => peer.connection.openFlows === 2)
    peer.stream.destroy()
    await until(() => peer.closed !== undefined)
    expect(peer.closed).toMatchObject({ origin: 'socket', condition: 'fairlead:link-lost' })
    expect([told, peer.connection.openFlows]).toEqual([['reset fairlead:link-lost'], 0])
  })

  test('whenClosed tells why, once the flows were reset', async () => {
    const { west, east } = connectionPair()
    const { told } = watched((make) => west.open(REQUEST, make))
    await until(() => east.openFlows === 1)
    east.close('maintenance')
    expect(await west.whenClosed).toMatchObject({ origin: 'peer', description: 'maintenance' })
    expect(told.at(-1)).toBe('reset fairlead:link-lost')
    expect([west.usable, east.usable]).toEqual([false, false])
  })

  test('a router of ours that ends the session loses the connection', async () => {
    const peer = new RawPeer().hello({
      properties: new Map([['fairlead:version', { type: 'uint', value: 2 }]]),
    })
    await peer.hear('begin')
    peer.say({ kind: 'end' })
    expect((await peer.hear('close')).error?.condition).toBe('amqp:illegal-state')
  })
})

describe('back-pressure', () => {
  test('a reader that consumes nothing stops its sender at the window, and another flow goes on', async () => {
    const received = [0, 0]
    const { west } = connectionPair({
      east: { windowBytes: 60_000 },
      acceptEast: ({ port }, channel) => {
        channel.accept()
        return handlerOf({
          onData: (chunk) => {
            received[port - 1] = (received[port - 1] ?? 0) + chunk.length
            if (port === 2) channel.consumed(chunk.length)
          },
        })
      },
    })
    const pour = (port: number): void => {
      let left = 5_000_000
      const channel = west.open({ ...REQUEST, port }, () => handlerOf({ onDrain: () => more() }))
      const more = (): void => {
        for (; channel.writable > 0 && left > 0; left -= 10_000) channel.write(block(10_000))
      }
      more()
    }
    pour(1)
    pour(2)
    await until(() => received[1] === 5_000_000)
    expect(received[0]).toBe(60_000)
    expect(west.bufferedBytes).toBeLessThan(20_000)
  })

  test('what a stalled transport holds is bounded, and every writer is woken when it goes on', async () => {
    let open = false
    const waiting: (() => void)[] = []
    const { west } = connectionPair({
      west: { maxBufferedBytes: 1_000_000 },
      stall: (go) => (open ? go() : waiting.push(go)),
    })
    const drained = new Set<number>()
    const channels = Array.from({ length: 40 }, (_, index) =>
      west.open(REQUEST, () => handlerOf({ onDrain: () => void drained.add(index) })),
    )
    for (const channel of channels) while (channel.writable > 0) channel.write(block(20_000))
    expect(west.bufferedBytes).toBeLessThan(1_000_000 + 40 * 20_000)
    expect(channels.every(({ writable }) => writable <= 0)).toBe(true)
    open = true
    for (const go of waiting) go()
    await until(() => drained.size === 40)
  })

  test('a bulk flow does not starve a small one on a slow transport', async () => {
    const order: number[] = []
    const { west } = connectionPair({
      cut: () => 4096,
      acceptEast: ({ port }, channel) => {
        channel.accept()
        return handlerOf({
          onData: (chunk) => {
            order.push(port)
            channel.consumed(chunk.length)
          },
        })
      },
    })
    await settle()
    const bulk = west.open({ ...REQUEST, port: 1 }, () => handlerOf({ onDrain: () => fill() }))
    const fill = (): void => {
      while (bulk.writable > 0) bulk.write(block(FLOW_QUEUE_BYTES))
    }
    fill()
    await until(() => order.length > 10)
    west.open({ ...REQUEST, port: 2 }, () => handlerOf()).write(block(10))
    const before = order.length
    await until(() => order.includes(2))
    // The socket's own buffer, a flush and one turn of the bulk flow may go first: not all that waits.
    expect((order.length - before) * 4096).toBeLessThan(1024 * 1024)
    bulk.reset({ condition: 'fairlead:reset', description: 'enough' })
  })
})

describe('messages of strangers', () => {
  test('several data sections, deliveries in pieces, and settlement', async () => {
    const got: string[] = []
    const peer = new RawPeer((_request, channel) => {
      channel.accept()
      return handlerOf({ onData: (chunk) => void got.push(chunk.toString()) })
    })
      .hello()
      .attach('f')
    await peer.hear('flow')
    peer.transfer({ deliveryId: 0, settled: false }, 'one', 'two')
    peer.transfer({ deliveryId: 1, settled: false, more: true }, 'three')
    peer.transfer({ deliveryId: undefined, settled: undefined, more: true })
    peer.transfer({ deliveryId: undefined, settled: undefined }, 'four')
    peer.transfer({ deliveryId: 2, more: true })
    peer.transfer({ aborted: true })
    peer.transfer({ deliveryId: 3, settled: true }, 'five')
    peer.transfer({ deliveryId: 4, settled: false }, 'six')
    await until(() => got.at(-1) === 'six')
    await until(() => peer.heard('disposition').some(({ last }) => last === 4))
    expect(got.join(' ')).toBe('one two three four five six')
    const settled = peer
      .heard('disposition')
      .flatMap(({ first, last = first }) => Array.from({ length: last - first + 1 }, (_, i) => first + i))
    expect(settled).toEqual([0, 1, 4])
  })

  test("a client's echo and drain are answered with our state", async () => {
    const peer = new RawPeer().hello().attach('f')
    await peer.hear('flow')
    const state = { incomingWindow: 100, nextOutgoingId: 0, outgoingWindow: 100, nextIncomingId: 0 }
    peer.say({ kind: 'flow', ...state, echo: true })
    await peer.hear('flow', 2)
    peer.say({ kind: 'flow', ...state, handle: 1, deliveryCount: 0, linkCredit: 9, drain: true })
    expect(await peer.hear('flow', 3)).toMatchObject({ deliveryCount: 9, linkCredit: 0, drain: true })
  })

  test('a session window that is closed holds everything back until it opens', async () => {
    const peer = new RawPeer().hello({}, { incomingWindow: 2 }).attach('f')
    await peer.hear('flow')
    const flow = { kind: 'flow', nextOutgoingId: 0, outgoingWindow: 100 } as const
    peer.say({ ...flow, nextIncomingId: 0, incomingWindow: 2, handle: 1, deliveryCount: 0, linkCredit: 100 })
    for (let id = 0; id < 5; id += 1) peer.transfer({ deliveryId: id }, 'ping')
    await peer.hear('transfer', 2)
    await settle()
    expect(peer.heard('transfer').length).toBe(2)
    peer.say({ ...flow, nextIncomingId: 2, incomingWindow: 10 })
    await until(
      () =>
        peer.frames
          .filter(({ performative }) => performative.kind === 'transfer')
          .reduce((sum, { payload }) => sum + payload.length - 8, 0) === 20,
    )
  })
})
