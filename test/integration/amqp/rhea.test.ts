/** rhea, a widely used AMQP client, drives the data port: any AMQP 1.0 client can open a flow. */
import { afterEach, expect, test } from '@jest/globals'
import rhea, {
  type Connection,
  type ConnectionOptions,
  type EventContext,
  type Receiver,
  type Sender,
} from 'rhea'
import type { FlowAcceptor } from '../../../src/amqp/flow-transport.ts'
import { AmqpServer, recorder } from '../../support/amqp-server.ts'
import { echo, handlerOf } from '../../support/connection-pair.ts'
import { eventually } from '../../support/eventually.ts'

const ADDRESS = '/services/demo/hello/tcp/8080'
const cleanups: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function serve(accept: FlowAcceptor, config = {}): Promise<AmqpServer> {
  const server = await AmqpServer.listen(accept, config)
  cleanups.push(() => server[Symbol.asyncDispose]())
  return server
}

function dial(server: AmqpServer, options: Partial<ConnectionOptions> = {}): Connection {
  const container = rhea.create_container()
  container.on('error', () => {})
  const noDelay = { tcp_no_delay: true } // absent from rhea's types
  const where = { host: '127.0.0.1', port: server.port, reconnect: false, ...noDelay }
  const connection = container.connect({ ...where, ...options } as ConnectionOptions)
  for (const name of [
    'connection_error',
    'protocol_error',
    'session_error',
    'sender_error',
    'receiver_error',
    'disconnected',
  ]) {
    connection.on(name, () => {})
  }
  cleanups.push(() => connection.close())
  return connection
}

interface ClientFlow {
  readonly sender: Sender
  readonly receiver: Receiver
  readonly received: Buffer[]
}

interface FlowOptions {
  readonly properties?: Record<string, unknown>
  readonly credit?: number
}

function openFlow(connection: Connection, id: string, options: FlowOptions = {}): ClientFlow {
  const received: Buffer[] = []
  const sender = connection.open_sender({
    name: `${id}/o`,
    target: { address: ADDRESS },
    properties: options.properties as never,
  })
  const receiver = connection.open_receiver({
    name: `${id}/i`,
    source: { address: ADDRESS },
    credit_window: options.credit ?? 100,
  })
  receiver.on('message', (context: EventContext) => {
    received.push(bodyOf(context))
  })
  return { sender, receiver, received }
}

function happens(
  emitter: { once(event: string, call: (context: EventContext) => void): unknown },
  event: string,
): Promise<EventContext> {
  return new Promise((resolve) => emitter.once(event, resolve))
}

const data = (text: string | Buffer) => ({ body: rhea.message.data_section(Buffer.from(text)) })
const bodyOf = ({ message }: EventContext): Buffer => (message as { body: { content: Buffer } }).body.content
const textOf = (chunks: readonly Buffer[]) => Buffer.concat(chunks).toString()

test('a flow is attached, carries bytes both ways, half-closes and ends', async () => {
  const seen = recorder((_request, channel) => {
    channel.accept()
    return { onData: (chunk) => channel.write(chunk), onEnd: () => channel.end() }
  })
  const server = await serve(seen.accept)
  const { sender, receiver, received } = openFlow(dial(server), 'r1', {
    properties: { 'fairlead:client-address': '10.0.0.9', 'fairlead:client-port': 4711 },
  })
  await happens(sender, 'sendable')
  sender.send(data('hello '))
  sender.send(data('world'))
  await eventually(() => expect(textOf(received)).toBe('hello world'))
  const closed = happens(receiver, 'receiver_close')
  sender.close()
  await closed
  expect(seen.flows[0]).toMatchObject({
    request: {
      service: 'demo/hello',
      protocol: 'TCP',
      port: 8080,
      client: { address: '10.0.0.9', port: 4711 },
    },
    ended: true,
    reset: undefined,
  })
  receiver.close()
  await eventually(() => expect(server.connections[0]?.openFlows).toBe(0))
})

test('the answer may follow the half-close: request, end, response', async () => {
  const seen = recorder((_request, channel) => {
    channel.accept()
    return {
      onEnd() {
        channel.write(Buffer.from(`got ${textOf(seen.flows[0]?.chunks ?? [])}`))
        channel.end()
      },
    }
  })
  const { sender, receiver, received } = openFlow(dial(await serve(seen.accept)), 'r1')
  await happens(sender, 'sendable')
  sender.send(data('request'))
  sender.close()
  await happens(receiver, 'receiver_close')
  expect(textOf(received)).toBe('got request')
})

test('messages of many frames, both ways, and deliveries that wait for settlement', async () => {
  const server = await serve(echo)
  const connection = dial(server, { max_frame_size: 1024 })
  const { sender, received } = openFlow(connection, 'r1')
  const bodies = Array.from({ length: 40 }, (_, index) => Buffer.alloc(20_000, index))
  let next = 0
  let accepted = 0
  sender.on('accepted', () => {
    accepted += 1
  })
  sender.on('sendable', () => {
    while (sender.sendable() && next < bodies.length) sender.send(data(bodies[next++] ?? Buffer.alloc(0)))
  })
  await eventually(() => expect(received.reduce((sum, chunk) => sum + chunk.length, 0)).toBe(800_000))
  expect(Buffer.concat(received).equals(Buffer.concat(bodies))).toBe(true)
  await eventually(() => expect(accepted).toBe(bodies.length))
})

test('a frame size of 512 is respected', async () => {
  const server = await serve((_request, channel) => {
    channel.accept()
    channel.write(Buffer.alloc(100_000, 1))
    channel.end()
    return handlerOf()
  })
  const { receiver, received } = openFlow(dial(server, { max_frame_size: 512 }), 'r1')
  await happens(receiver, 'receiver_close')
  expect(Buffer.concat(received).equals(Buffer.alloc(100_000, 1))).toBe(true)
  expect(Math.max(...received.map((chunk) => chunk.length))).toBeLessThan(512)
})

test('nothing is sent beyond the credit the client gives', async () => {
  const server = await serve((_request, channel) => {
    channel.accept()
    for (let i = 0; i < 10; i += 1) channel.write(Buffer.alloc(60_000, i))
    return handlerOf()
  })
  const connection = dial(server)
  connection.open_sender({ name: 'r1/o', target: { address: ADDRESS } })
  const receiver = connection.open_receiver({ name: 'r1/i', source: { address: ADDRESS }, credit_window: 0 })
  let messages = 0
  receiver.on('message', () => {
    messages += 1
  })
  await happens(receiver, 'receiver_open')
  receiver.add_credit(3)
  await eventually(() => expect(messages).toBe(3))
  receiver.drain = true
  receiver.add_credit(2)
  await eventually(() => expect(messages).toBe(5))
})

test('credit that is drained is given back when there is nothing to send', async () => {
  const server = await serve((_request, channel) => {
    channel.accept()
    return handlerOf()
  })
  const connection = dial(server)
  connection.open_sender({ name: 'r1/o', target: { address: ADDRESS } })
  const receiver = connection.open_receiver({ name: 'r1/i', source: { address: ADDRESS }, credit_window: 0 })
  await happens(receiver, 'receiver_open')
  const drained = happens(receiver, 'receiver_drained')
  receiver.drain_credit()
  receiver.add_credit(7)
  await drained
  expect(server.connections[0]?.openFlows).toBe(1)
})

test('a refused flow is detached with the condition the owner gave', async () => {
  const server = await serve((_request, channel) => {
    channel.reset({ condition: 'fairlead:no-backend', description: 'none is ready' })
    return handlerOf()
  })
  const { sender, receiver } = openFlow(dial(server), 'r1')
  const errors = await Promise.all([happens(sender, 'sender_error'), happens(receiver, 'receiver_error')])
  expect(errors.map(({ sender: link, receiver: other }) => (link ?? other)?.error)).toEqual([
    expect.objectContaining({ condition: 'fairlead:no-backend' }),
    expect.objectContaining({ condition: 'fairlead:no-backend' }),
  ])
})

test("a client's detach with an error is a reset, and ends both links", async () => {
  const seen = recorder((_request, channel) => {
    channel.accept()
    return {}
  })
  const server = await serve(seen.accept)
  const { sender, receiver } = openFlow(dial(server), 'r1')
  await happens(sender, 'sendable')
  const other = happens(receiver, 'receiver_error')
  sender.close({ condition: 'fairlead:reset', description: 'gone' } as never)
  await other
  expect(seen.flows[0]?.reset).toEqual({ condition: 'fairlead:reset', description: 'gone' })
  await eventually(() => expect(server.connections[0]?.openFlows).toBe(0))
})

test('a body that is no data section detaches the link with not-implemented', async () => {
  const { sender } = openFlow(dial(await serve(echo)), 'r1')
  await happens(sender, 'sendable')
  sender.send({ body: 'a string is an amqp-value' })
  await happens(sender, 'sender_error')
  expect(sender.error).toMatchObject({ condition: 'amqp:not-implemented' })
})

test.each([
  ['an address that is no service', 'r1/o', '/queues/q', 'amqp:not-found'],
  ['a name that is no flow', 'just-a-name', ADDRESS, 'amqp:invalid-field'],
])('%s is refused, and the connection stays', async (_name, name, address, condition) => {
  const server = await serve(echo)
  const connection = dial(server)
  const sender = connection.open_sender({ name, target: { address } })
  await happens(sender, 'sender_error')
  expect(sender.error).toMatchObject({ condition })
  const flow = openFlow(connection, 'r2')
  await happens(flow.sender, 'sendable')
  flow.sender.send(data('still here'))
  await eventually(() => expect(textOf(flow.received)).toBe('still here'))
})

test.each(['ANONYMOUS', 'EXTERNAL'])('SASL %s is accepted', async (mechanism) => {
  const server = await serve(echo)
  const options = mechanism === 'ANONYMOUS' ? { username: 'anyone' } : { enable_sasl_external: true }
  const { sender, received } = openFlow(dial(server, options), 'r1')
  await happens(sender, 'sendable')
  sender.send(data('x'))
  await eventually(() => expect(textOf(received)).toBe('x'))
})

test('a SASL mechanism that is not offered is refused', async () => {
  const server = await serve(echo)
  const connection = dial(server, { username: 'u', password: 'p' })
  await happens(connection, 'disconnected')
  expect(server.connections[0]?.usable).toBe(false)
})

test('several sessions of one connection work, up to channel-max', async () => {
  const server = await serve(echo, { channelMax: 3 })
  const connection = dial(server)
  const received: string[] = []
  for (let index = 0; index < 3; index += 1) {
    const session = connection.create_session()
    session.begin()
    const sender = session.open_sender({ name: `s${index}/o`, target: { address: ADDRESS } } as never)
    const receiver = session.open_receiver({ name: `s${index}/i`, source: { address: ADDRESS } } as never)
    receiver.on('message', (context: EventContext) => {
      received.push(String(bodyOf(context)))
    })
    sender.once('sendable', () => sender.send(data(`session ${index}`)))
  }
  await eventually(() => expect(received.sort()).toEqual(['session 0', 'session 1', 'session 2']))
})

test('a reader that does not take its messages stops its own flow only', async () => {
  const accept: FlowAcceptor = (_request, channel) => {
    channel.accept()
    const more = () => {
      while (channel.writable > 0) channel.write(Buffer.alloc(32_768, 1))
    }
    setImmediate(more)
    return handlerOf({ onDrain: more })
  }
  const server = await serve(accept)
  const connection = dial(server)
  const slow = openFlow(connection, 'slow', { credit: 0 })
  slow.receiver.add_credit(3)
  const quick = openFlow(connection, 'quick')
  await eventually(() => expect(quick.received.length).toBeGreaterThan(300))
  expect(slow.received.length).toBe(3)
  expect(server.connections[0]?.bufferedBytes).toBeLessThan(4 * 1024 * 1024)
})
