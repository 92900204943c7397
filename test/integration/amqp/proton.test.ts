/** Apache Qpid Proton's Python client drives the data port: a second implementation of AMQP beside rhea. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import type { FlowAcceptor } from '../../../src/amqp/flow-transport.ts'
import { AmqpServer, recorder } from '../../support/amqp-server.ts'
import { echo, handlerOf } from '../../support/connection-pair.ts'
import { describeUnless } from '../../support/missing.ts'
import { run } from '../../support/run.ts'

// Debian's package installs for the system's Python only.
const PYTHON = '/usr/bin/python3'
const CLIENT = join(import.meta.dirname, '../../support/proton-client.py')

const hasProton = spawnSync(PYTHON, ['-c', 'import proton']).status === 0
const missing = hasProton ? undefined : 'python3-qpid-proton is not installed'

interface Outcome {
  readonly received: number
  readonly accepted: number
  readonly ended: boolean
  readonly errors: readonly string[]
  readonly sha256: string
  readonly text?: string
}

describeUnless(missing, 'Qpid Proton', () => {
  let server: AmqpServer | undefined

  afterEach(async () => {
    await server?.[Symbol.asyncDispose]()
    server = undefined
  })

  async function drive(
    accept: FlowAcceptor,
    scenario: Record<string, unknown>,
    config = {},
  ): Promise<Outcome> {
    server = await AmqpServer.listen(accept, config)
    const full = { port: server.port, address: '/services/demo/hello/tcp/8080', name: 'p1', ...scenario }
    const { stdout } = await run([PYTHON, CLIENT, JSON.stringify(full)], { timeout: 30_000 })
    return JSON.parse(stdout) as Outcome
  }

  /** SHA-256 of messages as the client fills them. */
  function digest(sizes: readonly number[]): string {
    const hash = createHash('sha256')
    sizes.forEach((size, index) => {
      hash.update(Buffer.alloc(size, index % 256))
    })
    return hash.digest('hex')
  }

  test('a flow carries bytes both ways, half-closes and ends; every delivery is accepted', async () => {
    const messages = [1, 500, 60_000, 0, 65_536, 7]
    const seen = recorder((_request, channel) => {
      channel.accept()
      return { onData: (chunk) => channel.write(chunk), onEnd: () => channel.end() }
    })
    const properties = { 'fairlead:client-address': '10.0.0.9', 'fairlead:client-port': 4711 }
    const outcome = await drive(seen.accept, { messages, properties })
    expect(outcome).toEqual({
      received: 126_044,
      accepted: 6,
      ended: true,
      errors: [],
      sha256: digest(messages),
    })
    expect(seen.flows[0]).toMatchObject({
      request: { service: 'demo/hello', client: { address: '10.0.0.9', port: 4711 } },
      ended: true,
    })
  })

  test.each([512, 131_072])('datagrams stay whole in frames of %d bytes', async (frames) => {
    const messages = [1, 1200, 65_507, 400, 9000]
    const outcome = await drive(echo, {
      address: '/services/demo/hello/udp/8080',
      messages,
      sizes: true,
      max_frame_size: frames,
    })
    expect(outcome).toMatchObject({ sizes: messages, sha256: digest(messages), ended: true, errors: [] })
  })

  test('several megabytes in messages of many frames', async () => {
    const messages = Array.from({ length: 100 }, () => 50_000)
    const outcome = await drive(echo, { messages, max_frame_size: 4096 }, { maxFrameSize: 4096 })
    expect(outcome).toMatchObject({
      received: 5_000_000,
      accepted: 100,
      ended: true,
      sha256: digest(messages),
    })
  })

  test('the smallest frame size of 512 is respected', async () => {
    const outcome = await drive(echo, { messages: [30_000], max_frame_size: 512 }, { maxFrameSize: 512 })
    expect(outcome).toMatchObject({ received: 30_000, ended: true, errors: [], sha256: digest([30_000]) })
  })

  test('a client that gives little credit gets everything, message by message', async () => {
    const sends: FlowAcceptor = (_request, channel) => {
      channel.accept()
      for (let i = 0; i < 20; i += 1) channel.write(Buffer.alloc(65_000, i))
      channel.end()
      return handlerOf()
    }
    const outcome = await drive(sends, { credit: 2, finish: 'stay' })
    expect(outcome).toMatchObject({ received: 1_300_000, ended: true })
  })

  test('a detach with an error is a reset', async () => {
    const seen = recorder((_request, channel) => {
      channel.accept()
      return {}
    })
    const outcome = await drive(seen.accept, { messages: [10], finish: 'reset' })
    expect(seen.flows[0]?.reset).toEqual({ condition: 'fairlead:reset', description: 'client went away' })
    expect(outcome.errors).toEqual(['fairlead:reset'])
  })

  test('a refused flow is detached with the condition the owner gave', async () => {
    const refuse: FlowAcceptor = (_request, channel) => {
      channel.reset({ condition: 'fairlead:not-exported', description: 'no such export' })
      return handlerOf()
    }
    expect((await drive(refuse, {})).errors).toContain('fairlead:not-exported')
  })

  test('an amqp-value body is refused with not-implemented', async () => {
    expect((await drive(echo, { messages: [1], body: 'value', finish: 'stay' })).errors).toContain(
      'amqp:not-implemented',
    )
  })

  test('a message beyond max-message-size ends the flow', async () => {
    const outcome = await drive(echo, { messages: [200_000], finish: 'stay' })
    expect(outcome.errors).toContain('amqp:link:message-size-exceeded')
  })

  test('the blocking client, which attaches one link after the other, works', async () => {
    expect((await drive(echo, { blocking: true })).text).toBe('blocking')
  })

  test('SASL EXTERNAL is confirmed', async () => {
    const outcome = await drive(echo, { messages: [5], mechanism: 'EXTERNAL' })
    expect(outcome).toMatchObject({ received: 5, errors: [] })
  })
})
