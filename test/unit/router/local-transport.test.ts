/** The contract of src/amqp/flow-transport.ts, as the transport inside a router keeps it. */
import { describe, expect, test } from '@jest/globals'
import { type FlowChannel, FlowCondition, type FlowHandler } from '../../../src/amqp/flow-transport.ts'
import { LocalTransport } from '../../../src/router/local-transport.ts'
import { settle } from '../../support/fake-clock.ts'

const request = {
  service: 'demo/echo',
  protocol: 'TCP',
  port: 80,
  client: { address: '10.0.0.1', port: 40_000 },
} as const

const reset = { condition: FlowCondition.reset, description: 'test' }

/** Writes down every call. */
class Recorder implements FlowHandler {
  readonly calls: string[] = []
  onAccept(): void {
    this.calls.push('accept')
  }
  onData(chunk: Buffer): void {
    this.calls.push(`data ${chunk.toString()}`)
  }
  onEnd(): void {
    this.calls.push('end')
  }
  onReset(error: { condition: string }): void {
    this.calls.push(`reset ${error.condition}`)
  }
  onAcked(): void {}

  onClosed(): void {}

  onDrain(): void {
    this.calls.push('drain')
  }
}

interface OpenFlow {
  readonly transport: LocalTransport
  readonly near: FlowChannel
  readonly nearCalls: string[]
  far: () => FlowChannel
  readonly farCalls: string[]
}

function openFlow(window?: number): OpenFlow {
  const near = new Recorder()
  const far = new Recorder()
  let accepted: FlowChannel | undefined
  const transport = new LocalTransport((_request, channel) => {
    accepted = channel
    return far
  }, window)
  return {
    transport,
    near: transport.open(request, () => near),
    nearCalls: near.calls,
    far() {
      if (accepted === undefined) throw new Error('not accepted yet')
      return accepted
    },
    farCalls: far.calls,
  }
}

describe('a flow inside the router', () => {
  test('bytes written right after the opening arrive, in order, before the end', async () => {
    const flow = openFlow()
    flow.near.write(Buffer.from('a'))
    flow.near.write(Buffer.from('b'))
    flow.near.end()
    await settle()
    expect(flow.farCalls).toEqual(['data a', 'data b', 'end'])
  })

  test('accepting is told to the opener', async () => {
    const flow = openFlow()
    await settle()
    flow.far().accept()
    flow.far().write(Buffer.from('x'))
    await settle()
    expect(flow.nearCalls).toEqual(['accept', 'data x'])
  })

  test('the window counts bytes, and consuming them opens it again', async () => {
    const flow = openFlow(4)
    await settle()
    flow.near.write(Buffer.from('123456'))
    expect(flow.near.writable).toBe(-2)
    await settle()
    flow.far().consumed(2)
    await settle()
    expect(flow.nearCalls).toEqual([])
    flow.far().consumed(4)
    await settle()
    expect(flow.nearCalls).toEqual(['drain'])
    expect(flow.near.writable).toBe(4)
  })

  test('a reset is told once and nothing is told after it', async () => {
    const flow = openFlow()
    await settle()
    flow.near.write(Buffer.from('last'))
    flow.near.reset(reset)
    flow.near.write(Buffer.from('too late'))
    flow.near.reset(reset)
    flow.far().write(Buffer.from('never seen'))
    await settle()
    expect(flow.farCalls).toEqual(['data last', `reset ${FlowCondition.reset}`])
    expect(flow.nearCalls).toEqual([])
    expect(flow.transport.openFlows).toBe(0)
  })

  test('an acceptor may refuse at once', async () => {
    const near = new Recorder()
    const far = new Recorder()
    const transport = new LocalTransport((_request, channel) => {
      channel.reset(reset)
      return far
    })
    transport.open(request, () => near).write(Buffer.from('x'))
    await settle()
    expect(near.calls).toEqual([`reset ${FlowCondition.reset}`])
    expect(far.calls).toEqual([])
    expect(transport.openFlows).toBe(0)
  })

  test('a flow counts as open until both directions have ended', async () => {
    const flow = openFlow()
    await settle()
    flow.near.end()
    await settle()
    expect(flow.transport.openFlows).toBe(1)
    flow.far().write(Buffer.from('answer'))
    flow.far().end()
    await settle()
    expect(flow.nearCalls).toEqual(['data answer', 'end'])
    expect(flow.transport.openFlows).toBe(0)
  })
})

describe('an association inside the router', () => {
  const open = (window?: number) => {
    const far = new Recorder()
    const transport = new LocalTransport(() => far, window)
    const near = transport.open({ ...request, protocol: 'UDP' }, () => new Recorder())
    return { near, far }
  }

  test('datagrams keep their boundaries and order, empty ones too', async () => {
    const { near, far } = open()
    for (const each of ['a', '', 'bc']) near.write(Buffer.from(each))
    near.end()
    await settle()
    expect(far.calls).toEqual(['data a', 'data ', 'data bc', 'end'])
  })

  test('when too much waits the oldest are dropped and counted', async () => {
    const { near, far } = open(4)
    for (const each of ['12', '34', '567', 'longer than the window']) near.write(Buffer.from(each))
    await settle()
    expect([far.calls, near.dropped]).toEqual([['data longer than the window'], 3])
  })

  test('nothing has to be consumed for more to be sent', async () => {
    const { near, far } = open(4)
    for (let count = 0; count < 5; count++) {
      near.write(Buffer.from('123'))
      await settle()
    }
    expect([far.calls.length, near.dropped, near.writable > 0]).toEqual([5, 0, true])
  })
})
